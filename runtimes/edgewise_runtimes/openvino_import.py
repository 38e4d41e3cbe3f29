"""The one place that imports openvino, and makes sure that it does not phone home.

`import openvino` imports its model converter, which imports `openvino_telemetry` (a dependency of the
distribution) and sends an event: no consent is asked, a file that refuses it must be there beforehand (read
in openvino 2026.4.1, `openvino/tools/ovc/__init__.py`). Without that package it uses a stub of its own that
sends nothing, so the package is hidden while openvino is imported.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from threading import Lock
from typing import Any

from edgewise_runtimes.packages import missing_module

OFF = "off"
"""What `telemetry` says when all is well."""

_NAME = "openvino"
_TELEMETRY = "openvino_telemetry"

_lock = Lock()
_too_late: bool | None = None
"""Whether somebody else had imported the library before us; None while we have not."""


def import_openvino() -> Any:
    """Import the library without its telemetry.

    Raises:
        Exception: Whatever the import raises, `ImportError` and others.
    """
    global _too_late
    with _lock:
        if _too_late is not None:
            return import_module(_NAME)
        already_there = _NAME in sys.modules
        with without_telemetry():
            openvino = import_module(_NAME)
        _too_late = already_there
    return openvino


def installed() -> bool:
    """Whether the library is there, without importing it."""
    return missing_module(_NAME) is None


@contextmanager
def without_telemetry() -> Iterator[None]:
    """Hide the telemetry package from what is imported meanwhile; it is as if it were not installed.

    A telemetry package that somebody imported before stays as it is.
    """
    if _TELEMETRY in sys.modules:
        yield
        return
    sys.modules[_TELEMETRY] = None  # type: ignore[assignment]  # Python's own way to say: not there
    try:
        yield
    finally:
        if sys.modules.get(_TELEMETRY, _TELEMETRY) is None:
            del sys.modules[_TELEMETRY]


def telemetry() -> str:
    """Say for people whether the library's telemetry is off: `OFF`, or why it may not be."""
    if _too_late or (_too_late is None and _NAME in sys.modules):
        return f"perhaps on, because {_NAME} was imported before Edgewise"
    return OFF
