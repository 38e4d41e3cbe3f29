"""`edgewise models` and `edgewise models show`."""

import json
import shutil
from pathlib import Path

import pytest
from tests.support.tiny_bundle import make_tiny_bundle
from tests.unit.cli.conftest import Run

from edgewise.bundle import locate

METRICS = [
    {"task": "sentiment", "dataset": "a", "split": "test", "language": "en", "rows": 1821, "macro_f1": 0.8},
    {
        "task": "sentiment",
        "dataset": "b",
        "split": "test",
        "language": "de",
        "rows": 20,
        "macro_f1": 0.6,
        "auc": 0.9,
    },
    {"task": "sentiment", "dataset": "b", "split": "dev", "language": "de", "rows": 20, "macro_f1": 0.1},
]


def measured(spec: dict) -> None:
    spec["metrics"] = METRICS
    spec["provenance"]["datasets"] = [
        {"name": "Set A", "licence": "CC-BY-4.0", "licence_class": "open", "rows": 1821}
    ]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with a good bundle and a broken one, and one bundle installed beside it."""
    package = tmp_path / "package"
    make_tiny_bundle(package / "tiny", measured)
    make_tiny_bundle(package / "wrecked")
    (package / "wrecked" / "manifest.json").write_text("{")
    monkeypatch.setattr(locate, "_MODELS", package)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    return tmp_path


def test_the_table_tells_what_there_is(edgewise: Run, home: Path) -> None:
    done = edgewise("models")
    assert done.exit_code == 0
    head, tiny, wrecked, *rest = done.stdout.splitlines()
    assert head.split()[:5] == ["name", "version", "licence", "size", "languages"]
    assert head.endswith("sentiment F1")
    assert tiny.split()[:3] == ["tiny", "0.1.0", "Apache-2.0"]
    assert tiny.split()[-2:] == ["package", "0.700"]
    assert wrecked.split()[:2] == ["wrecked", "broken"]
    assert any("wrecked cannot be used" in line for line in rest)


def test_json_has_one_object_a_model(edgewise: Run, home: Path) -> None:
    tiny, wrecked = map(json.loads, edgewise("models", "--json").stdout.splitlines())
    assert tiny["tasks"][-3:] == ["sentiment", "toxicity", "emotion"]
    assert tiny["means"] == {"sentiment": 0.7}
    assert tiny["metrics"] == METRICS
    assert tiny["size"] == sum(
        path.stat().st_size for path in Path(tiny["folder"]).iterdir() if path.name != "manifest.json"
    )
    assert set(wrecked) == {"name", "folder", "problem"}


def test_bundles_of_the_data_folder_are_listed_with_their_place(edgewise: Run, home: Path) -> None:
    installed = home / "share" / "edgewise" / "models" / "mine"
    shutil.copytree(home / "package" / "tiny", installed)
    assert str(installed) in edgewise("models").stdout.splitlines()[3]


def test_the_card_tells_everything(edgewise: Run, home: Path) -> None:
    done = edgewise("models", "show", "tiny")
    assert done.exit_code == 0
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["tiny", "0.1.0"] in lines
    assert ["licence", "Apache-2.0"] in lines
    assert ["sentiment", "b", "test", "de", "20", "0.6000", "0.9000"] in lines
    assert ["sentiment", "a", "test", "en", "1,821", "0.8000"] in lines
    assert ["Set", "A", "CC-BY-4.0", "1,821"] in lines
    assert ["threshold", "insult", "0.60", "(precision", "0.80,", "recall", "0.70)"] in lines


def test_the_card_takes_a_folder_and_gives_the_manifest_as_json(edgewise: Run, tiny: Path) -> None:
    done = edgewise("models", "show", tiny, "--json")
    assert json.loads(done.stdout) == json.loads((tiny / "manifest.json").read_text())


def test_a_model_that_is_not_there_is_an_error(edgewise: Run, home: Path) -> None:
    done = edgewise("models", "show", "nowhere")
    assert done.exit_code == 2
    assert "'tiny', 'wrecked'" in done.stderr


def test_no_models_are_said_to_be_none(edgewise: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locate, "_MODELS", home / "nothing")
    assert "no models" in edgewise("models").stdout
