"""From the catalogue to rows that may be trained on."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyarrow")

from tests.support.labelled_examples import equal
from tests.support.training_data import FORBIDDEN, LEAKED, make_training_data, write_table

from edgewise.text import normalize
from edgewise_cloud.catalogue import (
    ALL_LICENCES,
    SHIPPABLE,
    Catalogue,
    CorruptDataError,
    EmptySplitError,
    LicenceRefusedError,
    UnknownDataLabelError,
    UnknownDatasetError,
    leak_key,
    load_catalogue,
)
from edgewise_cloud.prepare import (
    LeakError,
    NothingLeftError,
    NothingToTrainError,
    OneClassError,
    PrepareConfig,
    Prepared,
    UnknownTaskNameError,
    prepare_rows,
)
from edgewise_cloud.prepare.check import check_sets
from edgewise_cloud.prepare.held_out import HeldOut

MakeData = Callable[..., Path]
PLAIN = PrepareConfig()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_training_data(tmp_path_factory.mktemp("prepare"))


@pytest.fixture(scope="module")
def catalogue(folder: Path) -> Catalogue:
    return load_catalogue(folder)


@pytest.fixture(scope="module")
def prepared(catalogue: Catalogue) -> Prepared:
    return prepare_rows(catalogue, PLAIN, SHIPPABLE)


def with_rows(folder: Path, file: str, rows: list[dict[str, Any]]) -> Catalogue:
    """Return the catalogue of a data folder after one file was written anew."""
    full = [{"lang": "en", "split": "train", "source": "open/lines:d.txt", **row} for row in rows]
    write_table(folder / file, full)
    path = folder / "catalogue.json"
    entries = json.loads(path.read_text(encoding="utf-8"))
    for entry in entries:
        if entry["file"] == file:
            entry["rows"] = dict(Counter(row["split"] for row in full))
    path.write_text(json.dumps(entries), encoding="utf-8")
    return load_catalogue(folder)


def test_nothing_of_a_test_split_or_a_forbidden_set_is_trained_on(
    prepared: Prepared, catalogue: Catalogue
) -> None:
    held = {
        leak_key(text)
        for dataset in catalogue.datasets(split="test", licences=ALL_LICENCES)
        for text in dataset.load("test").texts
    }
    assert LEAKED not in prepared.train.texts
    for rows in (prepared.train, prepared.dev):
        assert len(rows) > 100
        assert not held & {leak_key(text) for text in rows.texts}
        assert not any(FORBIDDEN in text for text in rows.texts)
        assert rows.texts == [normalize(text).text for text in rows.texts]


def test_sets_without_dev_rows_get_some_and_no_row_is_in_both(prepared: Prepared) -> None:
    assert Counter(prepared.dev.datasets)["sentiment/hr_pauza"] == 10
    assert Counter(prepared.dev.datasets)["toxicity/en_olid"] == 160
    assert not set(prepared.train.texts) & set(prepared.dev.texts)
    assert not prepared.augmented.any()


def test_the_same_call_gives_the_same_rows(catalogue: Catalogue, prepared: Prepared) -> None:
    config = PrepareConfig.from_dict(
        {"sampling": {"temperature": 3, "whole": 100}, "augment": {"on": True}, "limit": 150}
    )
    one, two = (prepare_rows(catalogue, config, SHIPPABLE, seed=5) for _ in range(2))
    other = prepare_rows(catalogue, config, SHIPPABLE, seed=6)
    assert equal(one.train, two.train)
    assert equal(one.dev, two.dev)
    assert one.report.to_dict() == two.report.to_dict()
    assert one.train.texts != other.train.texts
    assert len(one.train) < len(prepared.train)


def test_tasks_languages_sets_and_licences_narrow_the_choice(catalogue: Catalogue) -> None:
    german = prepare_rows(catalogue, PLAIN, SHIPPABLE, languages=["de"], tasks=["toxicity", "emotion"])
    assert set(german.train.datasets) == {"toxicity/de_germeval2018"}
    assert set(german.dev.langs) == {"de"}
    opened = prepare_rows(catalogue, PLAIN, ["open"], tasks=["sentiment"])
    assert set(opened.train.datasets) == {"sentiment/hr_pauza"}
    config = replace(PLAIN, without=("en_sst",), datasets=("en_sst", "hr_pauza", "en_olid"))
    some = prepare_rows(catalogue, config, SHIPPABLE)
    assert set(some.train.datasets) == {"sentiment/hr_pauza", "toxicity/en_olid"}


def test_the_report_says_what_each_step_did(prepared: Prepared) -> None:
    told = prepared.report.to_dict()
    steps = {step["step"]: step for step in told["steps"]}
    assert [step["step"] for step in told["steps"]] == [
        "load", "clean", "conflicts", "exact duplicates", "near duplicates", "leaks", "dev", "sampling",
    ]  # fmt: skip
    assert steps["leaks"]["changed"] == {"sentiment/en_sst": -1}
    assert steps["load"]["rows_out"] == 1661
    assert steps["sampling"]["rows_out"] == len(prepared.train) == sum(row["rows"] for row in told["sets"])
    assert told["settings"]["licences"] == sorted(SHIPPABLE)
    assert told["labels"]["toxicity"].keys() == {"toxic", "non-toxic"}
    assert told["class_weights"]["sentiment"]["neutral"] > told["class_weights"]["sentiment"]["negative"]
    assert json.loads(json.dumps(told)) == told
    assert "sentiment/en_sst -1" in str(prepared.report)


def test_steps_can_be_switched_off(catalogue: Catalogue) -> None:
    off = {"on": False}
    config = PrepareConfig.from_dict({"clean": off, "conflicts": off, "exact": off, "near": off})
    names = [step.name for step in prepare_rows(catalogue, config, SHIPPABLE).report.steps]
    assert names == ["load", "leaks", "dev", "sampling"]


def test_a_leak_fails_the_run_if_asked_to(catalogue: Catalogue) -> None:
    with pytest.raises(LeakError, match="vi_vsfc") as caught:
        prepare_rows(catalogue, replace(PLAIN, leaks="fail"), SHIPPABLE)
    assert caught.value.count == 1
    assert caught.value.found == (("sentiment/vi_vsfc", "test", 1, (LEAKED,)),)
    clean = replace(PLAIN, leaks="fail", without=("en_sst",))
    assert len(prepare_rows(catalogue, clean, SHIPPABLE).train) > 0


def test_rows_that_leak_behind_the_steps_still_fail_the_run(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if dropping were broken: the last check does not rely on it.
    monkeypatch.setattr(HeldOut, "touched", lambda self, rows: np.zeros(len(rows), bool))
    with pytest.raises(LeakError):
        prepare_rows(catalogue, PLAIN, SHIPPABLE)


def test_synthetic_rows_are_marked_and_weigh_less(catalogue: Catalogue, prepared: Prepared) -> None:
    config = PrepareConfig.from_dict(
        {"augment": {"on": True, "kinds": [{"name": "typos", "share": 0.2}], "tasks": ["sentiment"]}}
    )
    found = prepare_rows(catalogue, config, SHIPPABLE)
    made = found.train.take(np.flatnonzero(found.augmented))
    assert set(made.datasets) == {"sentiment/en_sst+typos"}
    assert 60 <= len(made) <= 84
    assert made.weights.max() == 0.5
    assert equal(found.train.take(np.flatnonzero(~found.augmented)), prepared.train)
    assert equal(found.dev, prepared.dev)
    sets = {entry["name"]: entry for entry in found.report.sets}
    assert sets["sentiment/en_sst"]["synthetic_rows"] == len(made)


def test_class_weights_reach_the_rows_if_asked_to(catalogue: Catalogue) -> None:
    config = PrepareConfig.from_dict({"class_weights": {"kind": "inverse", "apply": True}})
    found = prepare_rows(catalogue, config, SHIPPABLE, tasks=["sentiment"])
    neutral = found.train.sentiment == 1
    assert found.train.weights[neutral].min() > found.train.weights[~neutral].max()


def test_a_set_of_one_class_is_refused_unless_it_may_be(tmp_path: Path) -> None:
    folder = make_training_data(tmp_path)
    rows = [{"text": f"lovely day number {i}", "label": "positive"} for i in range(30)]
    catalogue = with_rows(folder, "sentiment/hr_pauza.parquet", rows)
    with pytest.raises(OneClassError, match=r"30 training rows of sentiment/hr_pauza say 'positive'"):
        prepare_rows(catalogue, PLAIN, SHIPPABLE)
    allowed = replace(PLAIN, one_sided=("sentiment/hr_pauza",))
    assert "sentiment/hr_pauza" in prepare_rows(catalogue, allowed, SHIPPABLE).train.datasets
    # Alone it is a task of one class, which nothing can be learned from.
    with pytest.raises(OneClassError, match="rows of sentiment say"):
        prepare_rows(catalogue, replace(allowed, without=("en_sst",)), SHIPPABLE, tasks=["sentiment"])


def test_bad_data_have_errors_of_their_own(tmp_path: Path) -> None:
    folder = make_training_data(tmp_path)
    file = "sentiment/hr_pauza.parquet"
    catalogue = with_rows(folder, file, [{"text": "a", "label": "lukewarm"}])
    with pytest.raises(UnknownDataLabelError, match="lukewarm"):
        prepare_rows(catalogue, PLAIN, SHIPPABLE)
    path = folder / file
    write_table(path, [{"text": "a", "label": "positive", "lang": "en", "split": "other", "source": "x"}])
    with pytest.raises(EmptySplitError, match="hr_pauza"):
        prepare_rows(catalogue, PLAIN, SHIPPABLE)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(CorruptDataError, match="hr_pauza"):
        prepare_rows(catalogue, PLAIN, SHIPPABLE)


def test_a_choice_that_leaves_nothing_is_told(catalogue: Catalogue) -> None:
    with pytest.raises(NothingToTrainError, match="gated"):
        prepare_rows(catalogue, PLAIN, ["gated"])
    with pytest.raises(NothingToTrainError):
        prepare_rows(catalogue, PLAIN, SHIPPABLE, languages=["xx"])
    with pytest.raises(NothingLeftError, match="'clean'"):
        prepare_rows(catalogue, PrepareConfig.from_dict({"clean": {"least": 9999}}), SHIPPABLE)
    with pytest.raises(UnknownTaskNameError, match="language"):
        prepare_rows(catalogue, PLAIN, SHIPPABLE, tasks=["language"])
    with pytest.raises(LicenceRefusedError, match="nc"):
        prepare_rows(catalogue, replace(PLAIN, datasets=("vi_vsfc",)), SHIPPABLE)
    with pytest.raises(UnknownDatasetError):
        prepare_rows(catalogue, replace(PLAIN, without=("sst",)), SHIPPABLE)


def test_checking_finds_what_is_wrong(tmp_path: Path) -> None:
    folder = make_training_data(tmp_path)
    catalogue = load_catalogue(folder)
    sets = catalogue.datasets(licences=ALL_LICENCES)
    found = check_sets(catalogue, sets)
    assert {finding.kind for finding in found if not finding.fault} == {"hash", "leak"}
    assert not any(finding.fault for finding in found)
    [leak] = [finding for finding in found if finding.kind == "leak"]
    assert (leak.dataset, leak.text) == (
        "sentiment/en_sst",
        "train texts stand in test splits: 1 in sentiment/vi_vsfc",
    )
    (folder / "toxicity/en_olid.parquet").unlink()
    (folder / "sentiment/en_sst.parquet").write_bytes((folder / "sentiment/hr_pauza.parquet").read_bytes())
    write_table(
        folder / "emotion/carer_emotion_en.parquet",
        [{"text": "x", "label": "joy", "labels": ["joy"], "lang": "en", "split": "train", "source": "x"}],
    )
    faults = [f for f in check_sets(catalogue, sets, leaks=False) if f.fault]
    assert {(finding.dataset, finding.kind) for finding in faults} == {
        ("toxicity/en_olid", "file"),
        ("sentiment/en_sst", "rows"),
        ("emotion/carer_emotion_en", "rows"),
    }
    one = check_sets(catalogue, [catalogue.dataset("carer_emotion_en")], leaks=False)
    assert "all 1 training rows say 'joy'" in [finding.text for finding in one]
