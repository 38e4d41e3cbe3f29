"""Is a module installed? Answered without importing it."""

from __future__ import annotations

import sys


def missing_module(*names: str) -> str | None:
    """Say that none of these modules is installed, None when one is.

    >>> missing_module("json"), missing_module("no_such_module")
    (None, 'no_such_module is not installed')
    """
    return None if any(map(_is_there, names)) else f"{' or '.join(names)} is not installed"


def _is_there(name: str) -> bool:
    if name in sys.modules:
        return sys.modules[name] is not None
    from importlib.util import find_spec

    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False
