"""A work folder belongs to one run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgewise.errors import EdgewiseError
from edgewise_cloud.train.work_folder import WorkFileError, WorkFolderError, claim, replace_file

SETTINGS = {"recipe": {"width": 3, "training": {"seed": 1, "weights": (1.0, 0.7)}}, "licences": ["open"]}


def test_the_same_run_may_go_on(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "work"
    claim(folder, SETTINGS)
    claim(folder, SETTINGS)
    assert json.loads((folder / "run.json").read_text(encoding="utf-8"))["licences"] == ["open"]
    assert [path.name for path in folder.iterdir()] == ["run.json"]


def test_another_run_may_not(tmp_path: Path) -> None:
    claim(tmp_path, SETTINGS)
    other = {
        "recipe": {"width": 3, "training": {"seed": 2, "weights": (1.0, 0.7)}},
        "licences": ["open", "nc"],
        "more": 1,
    }
    with pytest.raises(WorkFolderError, match="another --work folder") as caught:
        claim(tmp_path, other)
    assert caught.value.differing == ("licences", "more", "recipe.training.seed")
    assert isinstance(caught.value, EdgewiseError)
    assert isinstance(caught.value, ValueError)
    claim(tmp_path, SETTINGS)


@pytest.mark.parametrize("text", ["", "{", "\x00"])
def test_a_broken_note_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text, encoding="utf-8")
    with pytest.raises(WorkFileError, match=r"run\.json"):
        claim(tmp_path, SETTINGS)


def test_a_file_is_replaced_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.bin"
    replace_file(path, b"old")

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert [found.name for found in tmp_path.iterdir()] == ["file.bin"]
