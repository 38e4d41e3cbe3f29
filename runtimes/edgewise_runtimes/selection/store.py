"""Remembering a choice: one small file a question, replaced as a whole, of use to any number of processes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

_VERSION = 3
"""Of what is kept and of the rule by which it was chosen: a choice made by another rule is not recalled."""
_FILES = 200
"""Files kept; the oldest go first."""


def default_folder() -> Path | None:
    """Return the user's cache folder for choices, None where there is none."""
    if sys.platform == "linux" and "ANDROID_DATA" not in os.environ:
        # What platformdirs says there, without importing it: that takes as long as recalling a choice.
        named, home = os.environ.get("XDG_CACHE_HOME", ""), os.environ.get("HOME", "")
        if named.startswith("/"):
            return Path(named, "edgewise", "backends")
        if home.startswith("/"):
            return Path(home, ".cache", "edgewise", "backends")
    try:
        import platformdirs
    except ImportError:
        return None
    return Path(platformdirs.user_cache_path("edgewise", appauthor=False)) / "backends"


def key_of(facts: Mapping[str, Any]) -> str:
    """Return the name under which a choice is kept: a hash of everything it depends on."""
    text = json.dumps({"store": _VERSION, **facts}, sort_keys=True, default=str)
    return sha256(text.encode("utf-8")).hexdigest()[:32]


def recall(folder: Path | None, key: str) -> dict[str, Any] | None:
    """Return what was remembered, None for nothing, or nothing that can be read."""
    if folder is None:
        return None
    try:
        found = json.loads((folder / f"{key}.json").read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("store") == _VERSION else None


def remember(folder: Path | None, key: str, value: Mapping[str, Any]) -> bool:
    """Keep a value; return whether that could be done.

    Two processes that decide at once both write a whole file, and the later one stays.
    """
    if folder is None:
        return False
    beside = folder / f".{key}.{os.getpid()}.{os.urandom(4).hex()}.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps({"store": _VERSION, **value}), encoding="utf-8")
        beside.replace(folder / f"{key}.json")
    except OSError:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        return False
    _tidy(folder)
    return True


def forget(folder: Path | None, key: str) -> None:
    """Drop what was remembered under a name."""
    if folder is not None:
        with suppress(OSError):
            (folder / f"{key}.json").unlink(missing_ok=True)


def _tidy(folder: Path) -> None:
    """Let the oldest files go when there are many."""
    with suppress(OSError):
        files = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime)
        for file in files[:-_FILES]:
            file.unlink(missing_ok=True)
