"""The one place that imports onnxruntime, and makes sure that it does not phone home.

Builds of the library (1.32 for one) start a thread when they are imported, write a device id and a database
below the cache folder, and upload events. `disable_telemetry_events` comes too late for the thread and the
files; `ORT_DISABLE_TELEMETRY` prevents all of it, if it is set while the library is first imported.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

SWITCH = "ORT_DISABLE_TELEMETRY"
"""The environment variable that the library reads, once, when it is first imported."""

OFF = "off"
"""What `telemetry` says when all is well."""

_NAME = "onnxruntime"
_YES = frozenset({"1", "on", "true", "yes"})
"""What the library understands as "disable"; anything else leaves its telemetry on."""

_lock = Lock()
_too_late: bool | None = None
"""Whether somebody else had imported the library before us; None while we have not."""


def import_onnxruntime() -> Any:
    """Import the library with its telemetry off, unless the user's `ORT_DISABLE_TELEMETRY` says otherwise.

    Raises:
        Exception: Whatever the import raises, `ImportError` and others.
    """
    global _too_late
    with _lock:
        if _too_late is not None:
            import onnxruntime

            return onnxruntime
        already_there = _NAME in sys.modules
        with _switched_off():
            import onnxruntime
        if not os.environ.get(SWITCH):
            # Of use where it was there already: the thread and the files are, but no event goes out any more.
            getattr(onnxruntime, "disable_telemetry_events", _nothing)()
        _too_late = already_there
    return onnxruntime


def telemetry() -> str:
    """Say for people whether the library's telemetry is off: `OFF`, or why it is not, or not wholly."""
    chosen = os.environ.get(SWITCH)
    if chosen:
        return OFF if chosen.lower() in _YES else f"on, because {SWITCH} is {chosen!r}"
    if _too_late or (_too_late is None and _NAME in sys.modules):
        return f"not wholly off, because {_NAME} was imported before Edgewise without {SWITCH}=1"
    return OFF


@contextmanager
def _switched_off() -> Iterator[None]:
    """Set the switch for the time of an import, if the user has not set it."""
    # Library code leaves os.environ alone, but for this: there is no other way to keep the promise that no
    # call opens a socket. The library reads the variable while it is imported and never again, so it is put
    # back at once, and no child process inherits it.
    before = os.environ.get(SWITCH)
    if not before:
        os.environ[SWITCH] = "1"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(SWITCH, None)
        elif not before:
            os.environ[SWITCH] = before


def _nothing() -> None:
    """Stands in for a call that older versions do not have."""
