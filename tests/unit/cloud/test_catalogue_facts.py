"""What is known of the sets: papers, places, hashes; licence classes that exist."""

import json
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")

from edgewise_cloud.catalogue import (
    ALL_LICENCES,
    SHIPPABLE,
    CatalogueFileMissingError,
    CorruptDataError,
    DataHashError,
    UnknownLicenceError,
    load_catalogue,
)
from edgewise_cloud.catalogue import hashes as hashing
from edgewise_cloud.catalogue.facts import facts_of
from edgewise_cloud.catalogue.hashes import demand_sha256, sha256_of
from edgewise_cloud.catalogue.licences import licence_filter
from edgewise_cloud.catalogue.schemes import packaged_schemes

SETS = Path(str(files("edgewise_cloud.catalogue"))) / "sets"
REAL = Path("../shared/data")


@pytest.mark.parametrize("task", ["sentiment", "toxicity", "emotion"])
def test_every_set_with_a_scheme_has_facts_and_the_other_way_round(task: str) -> None:
    known = json.loads((SETS / f"{task}.json").read_text(encoding="utf-8"))
    assert known.keys() == packaged_schemes().by_task[task].keys()
    for stem, entry in known.items():
        assert len(entry["sha256"]) == 64, stem
        assert entry["paper"], stem
        assert entry["citation"], stem
        assert entry["where"], stem
        assert entry["where"][0].startswith("https://"), stem
        assert entry["rows"] > 0, stem


def test_facts_belong_to_a_title_and_the_hash_to_a_number_of_rows() -> None:
    entry = json.loads((SETS / "sentiment.json").read_text(encoding="utf-8"))["en_sst"]
    whole = facts_of("sentiment", "en_sst", entry["title"], entry["rows"])
    assert whole.sha256 == entry["sha256"]
    assert "Socher" in whole.citation
    assert facts_of("sentiment", "en_sst", entry["title"], 5) == replace(whole, sha256=None)
    assert facts_of("sentiment", "en_sst", "another set", entry["rows"]).citation == ""
    assert facts_of("irony", "en_sst", "another set", 5).where == ()


def test_a_file_that_is_another_one_is_refused(make_data: Callable[..., Path]) -> None:
    root = make_data()
    right = sha256_of(root / "sentiment/en_sst.parquet", "a test")
    path = root / "catalogue.json"
    entries = json.loads(path.read_text(encoding="utf-8"))
    for entry in entries:
        entry["sha256"] = right if "en_sst" in entry["file"] or "langid" in entry["file"] else None
    path.write_text(json.dumps(entries), encoding="utf-8")
    catalogue = load_catalogue(root)
    assert len(catalogue.dataset("en_sst").load("train")) == 2
    with pytest.raises(DataHashError, match="langid"):
        catalogue.language("langid").load("train")
    (root / "sentiment/en_sst.parquet").write_bytes((root / "sentiment/ja_reviews.parquet").read_bytes())
    with pytest.raises(DataHashError, match=right) as caught:
        catalogue.dataset("en_sst").load("train")
    assert isinstance(caught.value, CorruptDataError)
    assert caught.value.expected == right


def test_a_file_is_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"one")
    first = sha256_of(path, "a test")
    monkeypatch.setattr(hashing.hashlib, "file_digest", lambda *_: pytest.fail("hashed again"))
    assert sha256_of(path, "a test") == first
    demand_sha256(path, first, "a test")
    demand_sha256(tmp_path / "nothing is expected of this", None, "a test")
    with pytest.raises(CatalogueFileMissingError, match="a test needs it"):
        demand_sha256(tmp_path / "nowhere", first, "a test")
    with pytest.raises(CorruptDataError):
        sha256_of(Path(__file__) / "inside a file", "a test")


def test_a_licence_class_that_does_not_exist_is_told(make_data: Callable[..., Path]) -> None:
    root = make_data({"sentiment/en_cr.parquet": ("frea", "main", [{"text": "x", "label": "positive"}])})
    with pytest.raises(UnknownLicenceError, match=r"en_cr.*'frea'.*unstated"):
        load_catalogue(root)


def test_licence_filters() -> None:
    assert licence_filter(None) == SHIPPABLE
    assert licence_filter("all") == ALL_LICENCES
    assert licence_filter(" open, nc-nd ") == {"open", "nc-nd"}
    for wrong in ("opne", "open,free", "", ","):
        with pytest.raises(UnknownLicenceError):
            licence_filter(wrong)


@pytest.mark.skipif(not (REAL / "catalogue.json").is_file(), reason="needs ../shared/data")
def test_the_real_files_are_the_ones_described() -> None:
    catalogue = load_catalogue(REAL)
    assert all(dataset.facts.sha256 for dataset in catalogue.labelled.values())
    smallest = sorted(catalogue.labelled.values(), key=lambda dataset: dataset.path.stat().st_size)[:5]
    for dataset in smallest:
        demand_sha256(dataset.path, dataset.facts.sha256, dataset.name)
