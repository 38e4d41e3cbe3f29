"""Where a pretrained encoder is looked for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from edgewise_distill.checkpoints import CheckpointNotFoundError, locate


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An importable package that carries an encoder, and another one deeper down."""
    folder = tmp_path / "carries_encoder"
    for place in (folder / "model", folder / "a/deeper/one"):
        place.mkdir(parents=True)
        (place / "config.json").write_text("{}")
        (place / "model.safetensors").write_bytes(b"")
    (folder / "other").mkdir()
    (folder / "other/config.json").write_text("{}")
    (folder / "__init__.py").write_text("raise RuntimeError('it must not be imported')")
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def test_a_folder_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.json").write_text("{}")
    assert locate(str(tmp_path)) == str(tmp_path)
    monkeypatch.chdir(tmp_path.parent)
    assert locate(tmp_path.name) == tmp_path.name


def test_a_hub_name_is_left_to_the_library() -> None:
    assert locate("xlm-roberta-base") == "xlm-roberta-base"
    assert locate("google-bert/bert-base-uncased") == "google-bert/bert-base-uncased"


def test_a_package_is_searched_without_importing_it(package: Path) -> None:
    assert locate("package:carries_encoder") == str(package / "model")
    assert "carries_encoder" not in sys.modules


def test_a_package_without_weights_is_told(package: Path) -> None:
    for path in package.rglob("model.safetensors"):
        path.unlink()
    with pytest.raises(CheckpointNotFoundError, match="carries no model"):
        locate("package:carries_encoder")


@pytest.mark.parametrize("name", ["no_such_package", "", "a.b", "../x", "json.tool", "__main__"])
def test_what_is_no_installed_package_is_told(name: str) -> None:
    with pytest.raises(CheckpointNotFoundError, match=r"is not installed|carries no model"):
        locate(f"package:{name}")


@pytest.mark.parametrize("source", ["/no/where", "./nowhere", "a/b/c", ""])
def test_a_folder_that_is_not_there_is_told(source: str) -> None:
    with pytest.raises(CheckpointNotFoundError, match="there is no such folder"):
        locate(source)


def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(CheckpointNotFoundError, match=r"no config\.json"):
        locate(str(tmp_path))
