"""The model card says what the manifest says, and what follows from it."""

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("onnx", reason="the tiny model is built with onnx")

from tests.support.tiny_bundle import make_tiny_bundle

from edgewise.bundle import Bundle, read_manifest
from edgewise_cloud.card import model_card, write_card
from edgewise_cloud.train.bundle import SignedBundleError, note_metrics


def fill(spec: dict[str, Any]) -> None:
    place = {"split": "test", "rows": 50}
    spec["metrics"] = [
        {"task": "sentiment", "dataset": "sentiment/a", "language": "en", "macro_f1": 0.9, **place,
         "rows": 1821, "accuracy": 0.9, "unsure_rate": 0.1},
        {"task": "sentiment", "dataset": "sentiment/b", "language": "xx", "macro_f1": 0.3, **place},
        {"task": "toxicity", "dataset": "toxicity/c", "language": "de", "macro_f1": 0.7, **place,
         "auc": 0.8, "auc_insult": 0.6},
    ]  # fmt: skip
    spec["provenance"] = {
        "datasets": [
            {"name": "CARER", "file": "emotion/carer_emotion_en.parquet", "rows": 15922,
             "licence": "not stated", "licence_class": "unstated"},
            {"name": "A|B", "file": "sentiment/a.parquet", "rows": 7, "licence": "MIT",
             "licence_class": "open"},
        ],
        "config": {"width": 128, "layers": [1, 2]},
        "seed": 0,
        "commit": "abc123",
    }  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_tiny_bundle(tmp_path / "tiny", fill)


def test_data_licences_figures_and_thresholds_are_told(folder: Path) -> None:
    card = model_card(read_manifest(folder))
    assert card.startswith("# tiny 0.1.0\n")
    assert "| CARER | not stated | unstated | 15,922 |" in card
    assert "| A\\|B | MIT | open | 7 |" in card, "a bar must not break the table"
    assert "Rows by licence class: unstated 15,922, open 7." in card
    assert "No set known to forbid commercial use" in card
    assert "| sentiment/a | en | 1,821 | 0.900 | 0.900 | 0.100 |" in card
    assert "| toxicity | insult | all others | 0.600 | 0.800 | 0.700 |" in card
    assert "- seed: 0" in card
    assert "- width: 128" in card
    assert "$" not in card


def test_limits_follow_from_the_figures(folder: Path) -> None:
    card = model_card(read_manifest(folder))
    assert "sentiment: the macro F1 is below 0.5 in xx." in card
    assert "weak hints: severe_toxicity, identity_attack, profanity, threat, sexually_explicit." in card
    assert "toxicity: the macro F1 is below" not in card
    assert "labelled by hashtags" in card
    assert "game chat" not in card, "that set was not trained on"


def test_a_set_that_forbids_commercial_use_is_named_as_such(tmp_path: Path) -> None:
    def closed(spec: dict[str, Any]) -> None:
        fill(spec)
        spec["provenance"]["datasets"][1]["licence_class"] = "nc"

    card = model_card(read_manifest(make_tiny_bundle(tmp_path / "tiny", closed)))
    assert "The classes nc forbid commercial use" in card
    assert "No set known to forbid" not in card


def test_a_manifest_without_figures_makes_a_card_that_says_so(tmp_path: Path) -> None:
    def bare(spec: dict[str, Any]) -> None:
        spec["metrics"], spec["provenance"] = [], {}

    card = model_card(read_manifest(make_tiny_bundle(tmp_path / "tiny", bare)))
    assert "No figures are stated." in card
    assert "The training data is not stated." in card


def test_the_card_lies_beside_the_manifest_and_the_bundle_still_opens(folder: Path) -> None:
    path = write_card(folder)
    assert path == folder / "MODEL_CARD.md"
    assert path.read_text(encoding="utf-8") == model_card(Bundle.open(folder).manifest)


def test_metrics_are_noted_in_a_packed_bundle_and_its_card(tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    make_tiny_bundle(folder)
    before = {file.name: file.read_bytes() for file in folder.iterdir() if file.name != "manifest.json"}
    entry = {
        "task": "sentiment", "dataset": "sentiment/en_sst", "split": "test", "language": "en",
        "rows": 10, "accuracy": 0.7, "macro_f1": 0.6543, "ece": 0.1, "unsure_rate": 0.2,
    }  # fmt: skip
    note_metrics(folder, [entry])
    assert Bundle.open(folder).manifest.raw["metrics"] == [entry]
    Bundle.open(folder).verify()
    assert "0.654" in (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    for name, content in before.items():
        assert (folder / name).read_bytes() == content
    note_metrics(folder, None)
    assert Bundle.open(folder).manifest.raw["metrics"] == [entry]


def test_the_manifest_of_a_signed_bundle_stays(tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    make_tiny_bundle(folder)
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    signature = {"scheme": "ed25519", "key_id": "0" * 64, "value": "0" * 128}
    path.write_text(json.dumps({**manifest, "signature": signature}), encoding="utf-8")
    text = path.read_bytes()
    with pytest.raises(SignedBundleError, match="signed"):
        note_metrics(folder, [])
    assert path.read_bytes() == text
