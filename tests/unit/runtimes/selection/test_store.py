"""Where choices are kept, and what happens where nothing can be."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import platformdirs
import pytest

from edgewise_runtimes.selection.store import default_folder, key_of, recall, remember


@pytest.mark.parametrize("cache", [None, "/somewhere/else", "relative", "", "  "])
@pytest.mark.parametrize("home", ["/home/somebody", "relative", None])
def test_the_folder_is_the_one_that_platformdirs_names(
    monkeypatch: pytest.MonkeyPatch, cache: str | None, home: str | None
) -> None:
    for name, value in (("XDG_CACHE_HOME", cache), ("HOME", home)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    expected = Path(platformdirs.user_cache_path("edgewise", appauthor=False)) / "backends"
    assert default_folder() == expected


def test_what_was_remembered_is_found_until_a_fact_changes(tmp_path: Path) -> None:
    key = key_of({"cpu": "abacus", "threads": 1})
    assert recall(tmp_path, key) is None
    assert remember(tmp_path, key, {"ranking": ["a"]})
    assert (recall(tmp_path, key) or {})["ranking"] == ["a"]
    assert recall(tmp_path, key_of({"cpu": "abacus", "threads": 2})) is None


def test_the_oldest_choices_go_first(tmp_path: Path) -> None:
    for number in range(205):
        assert remember(tmp_path, f"{number:03}", {})
        os.utime(tmp_path / f"{number:03}.json", (number, number))
    assert remember(tmp_path, "last", {})
    assert len(list(tmp_path.iterdir())) == 200
    assert recall(tmp_path, "last") is not None and recall(tmp_path, "000") is None


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_leave_to_write_is_no_harm(tmp_path: Path) -> None:
    folder = tmp_path / "backends"
    folder.mkdir(mode=stat.S_IRUSR | stat.S_IXUSR)
    assert not remember(folder, "key", {})
    assert recall(folder, "key") is None


def test_a_file_where_the_folder_belongs_is_no_harm(tmp_path: Path) -> None:
    (tmp_path / "backends").write_text("")
    assert not remember(tmp_path / "backends", "key", {})
    assert recall(tmp_path / "backends", "key") is None
