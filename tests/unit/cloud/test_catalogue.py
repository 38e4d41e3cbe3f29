"""The catalogue: licences, lookup, faults in files."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")

from edgewise_cloud.catalogue import (
    ALL_LICENCES,
    CatalogueError,
    CatalogueFileMissingError,
    CorruptDataError,
    EmptySplitError,
    LicenceRefusedError,
    UnknownDataLabelError,
    UnknownDatasetError,
    UnknownSchemeError,
    leaked,
    load_catalogue,
)


def test_a_non_commercial_set_is_for_evaluation_only(data: Path) -> None:
    catalogue = load_catalogue(data)
    assert "sentiment/vi_vsfc" not in [d.name for d in catalogue.datasets("sentiment")]
    assert "sentiment/vi_vsfc" in [d.name for d in catalogue.datasets("sentiment", licences=ALL_LICENCES)]
    with pytest.raises(LicenceRefusedError, match="nc"):
        catalogue.dataset("vi_vsfc")
    assert catalogue.dataset("vi_vsfc", licences=ALL_LICENCES).load("test").texts == ["hay"]


def test_datasets_can_be_picked_by_tier_split_and_licence(data: Path) -> None:
    catalogue = load_catalogue(data)
    assert [d.name for d in catalogue.datasets("toxicity", tiers=["aux"])] == ["toxicity/en_dynahate_dghs"]
    assert [d.name for d in catalogue.datasets("emotion", split="test")] == ["emotion/carer_emotion_en"]
    assert {d.licence_class for d in catalogue.datasets(licences=["open"])} == {"open"}


def test_an_unknown_set_is_answered_with_near_names(data: Path) -> None:
    with pytest.raises(UnknownDatasetError, match="en_sst") as caught:
        load_catalogue(data).dataset("sentiment/en_sts")
    assert isinstance(caught.value, KeyError)


def test_missing_and_broken_files_have_errors_of_their_own(data: Path) -> None:
    catalogue = load_catalogue(data)
    (data / "sentiment/en_sst.parquet").unlink()
    with pytest.raises(CatalogueFileMissingError) as missing:
        catalogue.dataset("en_sst").load("train")
    assert isinstance(missing.value, FileNotFoundError)
    (data / "sentiment/ja_reviews.parquet").write_bytes(b"PAR1 this is no Parquet PAR1")
    with pytest.raises(CorruptDataError, match="ja_reviews"):
        catalogue.dataset("ja_reviews").load("train")
    (data / "catalogue.json").write_text("{}[", encoding="utf-8")
    with pytest.raises(CorruptDataError, match=r"catalogue\.json"):
        load_catalogue(data)
    (data / "catalogue.json").write_text(json.dumps([{"task": "sentiment"}]), encoding="utf-8")
    with pytest.raises(CorruptDataError):
        load_catalogue(data)
    with pytest.raises(CatalogueFileMissingError, match="EDGEWISE_DATA"):
        load_catalogue(data / "nowhere")


def test_a_truncated_parquet_file_is_corrupt(data: Path) -> None:
    path = data / "sentiment/en_sst.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(CorruptDataError):
        load_catalogue(data).dataset("en_sst").examples("train")


def test_a_parquet_file_without_labels_is_refused(make_data: Callable[..., Path]) -> None:
    root = make_data({"sentiment/en_cr.parquet": ("open", "main", [{"text": "x"}])})
    with pytest.raises(CorruptDataError, match="label"):
        load_catalogue(root).dataset("en_cr").load()


def test_a_split_without_rows_is_an_error_that_names_the_others(data: Path) -> None:
    with pytest.raises(EmptySplitError, match="train, test"):
        load_catalogue(data).dataset("en_sst").load("dev")


def test_labels_outside_the_scheme_are_refused(make_data: Callable[..., Path]) -> None:
    bad = {"text": "x", "label": "mixed", "split": "train"}
    catalogue = load_catalogue(make_data({"sentiment/en_cr.parquet": ("open", "main", [bad])}))
    with pytest.raises(UnknownDataLabelError, match="mixed"):
        catalogue.dataset("en_cr").examples("train")


def test_a_set_that_no_scheme_explains_is_refused(make_data: Callable[..., Path]) -> None:
    row = {"text": "x", "label": "positive"}
    catalogue = load_catalogue(make_data({"sentiment/xx_new.parquet": ("open", "main", [row])}))
    with pytest.raises(UnknownSchemeError, match="xx_new"):
        catalogue.dataset("xx_new").examples("train")


def test_language_rows_are_filtered_by_the_licence_of_their_source(data: Path) -> None:
    file = load_catalogue(data).language("langid")
    assert file.load("train").texts == ["good morning"]
    assert file.load("train", ALL_LICENCES).texts == ["good morning", "guten Morgen"]
    everything = file.load()
    assert everything.texts == ["good morning", "bonjour", "hola"], "an unknown source is left out"
    assert everything.domains == ["chat", "", "news"]
    with pytest.raises(EmptySplitError, match="gated"):
        file.load("train", ["gated"])


def test_language_rows_need_the_licences_of_the_sources(data: Path) -> None:
    (data / "language/sources.json").unlink()
    with pytest.raises(CatalogueFileMissingError, match=r"sources\.json"):
        load_catalogue(data).language("langid").load("train")


def test_leaks_are_found_through_case_punctuation_and_width(data: Path) -> None:
    sst = load_catalogue(data).dataset("en_sst")
    assert leaked(sst.load("train").texts, sst.load("test").texts) == [0]
    assert leaked(["ＦＩＮＥ, film?", "other", "!!!"], ["fine film", "???"]) == [0]


def test_every_error_is_an_edgewise_error_that_pickles() -> None:
    import pickle

    from edgewise.errors import EdgewiseError

    error = EmptySplitError("sentiment/en_sst", "dev", ["train"])
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, CatalogueError)
    assert isinstance(again, EdgewiseError)
    assert str(again) == str(error)


def test_the_real_catalogue_has_a_scheme_for_every_set() -> None:
    root = Path(os.environ.get("EDGEWISE_DATA", "../shared/data"))
    if not (root / "catalogue.json").is_file():
        pytest.skip("the real data is not on this machine (EDGEWISE_DATA)")
    catalogue = load_catalogue(root)
    assert len(catalogue) >= 160
    for dataset in catalogue.datasets(licences=ALL_LICENCES):
        assert dataset.scheme is not None
    smallest = min(catalogue.datasets("toxicity"), key=lambda d: sum(d.rows.values()))
    assert len(smallest.examples()) == sum(smallest.rows.values())
