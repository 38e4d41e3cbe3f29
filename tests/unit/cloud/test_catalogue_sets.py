"""Further sets: hub snapshots and plain files of one's own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")

import pyarrow as pa
import pyarrow.parquet as pq

from edgewise_cloud.catalogue import (
    ALL_LICENCES,
    CatalogueFileMissingError,
    Columns,
    CorruptDataError,
    DataHashError,
    EmptySplitError,
    HubUnavailableError,
    LicenceRefusedError,
    SetEntryError,
    UnknownDataLabelError,
    UnknownLicenceError,
    load_catalogue,
    load_sets,
    own_dataset,
)
from edgewise_cloud.catalogue.files import class_names
from edgewise_cloud.catalogue.hub import files_of_split

Entry = dict[str, Any]
HUB: Entry = {
    "name": "sentiment/films",
    "source": "hub:snapshot",
    "columns": {"text": "sentence"},
    "values": {"neg": "negative", "pos": "positive"},
    "splits": {"train": "train", "dev": "validation"},
    "language": "en",
    "licence": "MIT",
    "licence_class": "open",
}


def snapshot(folder: Path) -> None:
    """Write what a hub's snapshot of a set with numbered classes looks like."""
    feature = {"names": ["neg", "pos"], "_type": "ClassLabel"}
    meta = {b"huggingface": json.dumps({"info": {"features": {"label": feature}}}).encode()}
    (folder / "data").mkdir(parents=True)
    (folder / "README.md").write_text("A card.", encoding="utf-8")
    for split, parts in (("train", 2), ("validation", 1), ("test", 1)):
        for part in range(parts):
            rows = {"sentence": [f"{split} good {part}", f"{split} bad {part}"], "label": [1, 0]}
            table = pa.table(rows).replace_schema_metadata(meta)
            pq.write_table(table, folder / f"data/{split}-0000{part}-of-0000{parts}.parquet")


def write(folder: Path, *entries: Entry) -> Path:
    path = folder / "sets.json"
    path.write_text(json.dumps(entries), encoding="utf-8")
    return path


def test_a_hub_set_is_read_by_split_with_its_class_names(tmp_path: Path) -> None:
    snapshot(tmp_path / "snapshot")
    [dataset] = load_sets(write(tmp_path, HUB))
    assert dataset.name == "sentiment/films"
    assert dict(dataset.rows) == {"train": 4, "dev": 2}
    assert dict(dataset.languages) == {"en": 6}
    train = dataset.examples("train")
    assert train.texts == ["train good 0", "train bad 0", "train good 1", "train bad 1"]
    assert train.sentiment.tolist() == [2, 0, 2, 0]
    assert train.sentiment_allowed[0].tolist() == [True, False, True]
    assert dataset.examples("dev").texts == ["validation good 0", "validation bad 0"]
    with pytest.raises(EmptySplitError, match="train, dev"):
        dataset.load("test")


def test_further_sets_join_the_catalogue_and_obey_its_licences(data: Path, tmp_path: Path) -> None:
    snapshot(tmp_path / "snapshot")
    [dataset] = load_sets(write(tmp_path, {**HUB, "licence_class": "nc"}))
    catalogue = load_catalogue(data)
    more = catalogue.with_datasets([dataset])
    assert len(more) == len(catalogue) + 1
    assert more.dataset("films", licences=ALL_LICENCES) is dataset
    with pytest.raises(LicenceRefusedError):
        more.dataset("films")
    assert "sentiment/films" not in [found.name for found in more.datasets("sentiment")]


@pytest.mark.parametrize(
    "names",
    [
        ["train.csv", "test.csv"],
        ["en/train.csv", "en/test.csv"],
        ["data/train/part-0.csv", "data/test/part-0.csv"],
        ["films_train.csv", "films_test.csv"],
        ["train.csv", "test.csv", "constrained.csv", "pretraining.csv"],
        ["train.csv", "train.jsonl", "test.csv"],
    ],
)
def test_splits_are_found_in_the_layouts_that_hubs_have(names: list[str], tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert files_of_split(tmp_path, "train") == (tmp_path / names[0],)
    assert files_of_split(tmp_path, "validation") == ()


def test_a_split_that_the_hub_lacks_is_told(tmp_path: Path) -> None:
    snapshot(tmp_path / "snapshot")
    entry = {**HUB, "splits": {"train": "training"}}
    with pytest.raises(CatalogueFileMissingError, match=r"training\.\*"):
        load_sets(write(tmp_path, entry))


@pytest.mark.parametrize("environment", [{"HF_HUB_OFFLINE": "1"}, {"HF_ENDPOINT": "http://127.0.0.1:9"}])
def test_a_hub_out_of_reach_is_told(environment: dict[str, str], tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub")
    code = (
        "from edgewise_cloud.catalogue import HubUnavailableError\n"
        "from edgewise_cloud.catalogue.hub import hub_folder\n"
        "try:\n    hub_folder('nobody/has-this')\n"
        "except HubUnavailableError as error:\n    print(isinstance(error, ConnectionError), error)\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "HF_HOME": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.startswith("True The hub's data set 'nobody/has-this' cannot be had")


def test_a_name_that_no_hub_has_is_told() -> None:
    pytest.importorskip("huggingface_hub")
    from edgewise_cloud.catalogue.hub import hub_folder

    with pytest.raises(HubUnavailableError, match="not//a name"):
        hub_folder("not//a name")


def test_a_file_of_ones_own_is_a_set(tmp_path: Path) -> None:
    path = tmp_path / "shop.v2.csv"
    path.write_text(
        "comment,verdict,lang,part\nnice one,Positive,en,train\nbad one,negative,en,train\n"
        ",positive,en,train\nso so,3,en,train\nno label,,en,train\nfein,positive,de,validation\n",
        encoding="utf-8",
    )
    columns = Columns("comment", "verdict", "lang", "part")
    dataset = own_dataset(path, "sentiment", columns, values={"3": None})
    assert dataset.name == "sentiment/shop.v2"
    assert dataset.examples("train").texts == ["nice one", "bad one"]
    assert dataset.load("dev").langs == ["de"]
    assert dict(dataset.rows) == {"train": 2, "dev": 1}
    with pytest.raises(UnknownDataLabelError, match="'3'"):
        own_dataset(path, "sentiment", columns)
    with pytest.raises(CorruptDataError, match="no column 'text'"):
        own_dataset(path, "sentiment")
    with pytest.raises(CatalogueFileMissingError):
        own_dataset(tmp_path / "nowhere.csv", "sentiment")


def test_toxicity_takes_yes_and_no_and_kinds_of_abuse(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    lines: list[Entry] = [
        {"text": "you idiot", "label": ["insult"]},
        {"text": "hello", "label": 0},
        {"text": "awful", "label": "yes"},
        {"text": "nothing"},
    ]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    found = own_dataset(path, "toxicity").examples("train")
    assert found.toxicity[:, 0].tolist() == [1.0, 0.0, 1.0]
    assert (found.toxicity == 1).sum(axis=1).tolist() == [2, 0, 1]


def test_several_emotions_of_a_row(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("text,label\noh,joy|surprise\nah,anger\n", encoding="utf-8")
    dataset = own_dataset(path, "emotion")
    assert dataset.scheme.labels == ("anger", "joy", "surprise")
    assert sorted(dataset.examples("train").emotion[0][dataset.examples("train").emotion[0] > 0]) == [
        0.5,
        0.5,
    ]


def test_a_broken_file_of_ones_own_is_told(tmp_path: Path) -> None:
    for name, content in (("a.parquet", b"PAR1 no PAR1"), ("b.csv", b"\xff\xfe\x00x"), ("c.jsonl", b"[1]")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(CorruptDataError, match=name):
            own_dataset(tmp_path / name, "sentiment")


def test_a_hash_of_a_sets_file_is_checked(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("text,label\na,positive\nb,negative\n", encoding="utf-8")
    entry = {
        "name": "sentiment/mine",
        "source": "mine.csv",
        "licence": "ours",
        "licence_class": "open",
        "sha256": "0" * 64,
    }
    [dataset] = load_sets(write(tmp_path, entry))
    with pytest.raises(DataHashError):
        dataset.load("train")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "mood/x"}, "its name must be"),
        ({"name": "sentiment"}, "its name must be"),
        ({"licence": None}, "needs 'licence'"),
        ({"columns": {"words": "x"}}, "its columns are"),
        ({"columns": []}, "'columns' must be an object"),
        ({"splits": {"validation": "x"}}, "its splits are"),
        ({"rows": 5}, "'rows' must be an object"),
        ({"scheme": {"labels": 7}}, "unknown form"),
    ],
)
def test_an_entry_that_says_too_little_is_told(change: Entry, message: str, tmp_path: Path) -> None:
    snapshot(tmp_path / "snapshot")
    with pytest.raises(SetEntryError, match=message) as caught:
        load_sets(write(tmp_path, {**HUB, **change}))
    assert str(tmp_path / "sets.json") in str(caught.value)


def test_a_sets_file_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(CatalogueFileMissingError):
        load_sets(tmp_path / "nowhere.json")
    for text in ("{}", "[1]", "[", ""):
        (tmp_path / "sets.json").write_text(text, encoding="utf-8")
        with pytest.raises(CorruptDataError):
            load_sets(tmp_path / "sets.json")
    snapshot(tmp_path / "snapshot")
    with pytest.raises(UnknownLicenceError, match="films"):
        load_sets(write(tmp_path, {**HUB, "licence_class": "mine"}))


def test_class_names_of_metadata_that_is_none() -> None:
    for meta in (None, {}, {b"huggingface": b"{"}, {b"huggingface": b'{"info": {"features": {"label": 3}}}'}):
        assert class_names(meta, "label") == []
    told = json.dumps({"info": {"features": {"label": {"feature": {"names": ["a"]}}}}}).encode()
    assert class_names({b"huggingface": told}, "label") == ["a"]
