"""Backends that run models on a device, and what they can be told about the machine.

Names are imported on first use; importing this package loads neither numpy nor a backend.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgewise_runtimes.errors import (
        BackendError,
        BackendLoadError,
        BackendRunError,
        BackendUnavailableError,
        EdgewiseError,
        ThreadCountError,
        UnknownBackendError,
    )
    from edgewise_runtimes.hardware import HardwareReport, hardware_report
    from edgewise_runtimes.protocol import Artifact, BackendChoice, Probe, Runtime, Session, SessionOptions
    from edgewise_runtimes.registry import choose, runtime, runtimes
    from edgewise_runtimes.threads import ThreadReport, available_threads, thread_report

__all__ = [
    "Artifact",
    "BackendChoice",
    "BackendError",
    "BackendLoadError",
    "BackendRunError",
    "BackendUnavailableError",
    "EdgewiseError",
    "HardwareReport",
    "Probe",
    "Runtime",
    "Session",
    "SessionOptions",
    "ThreadCountError",
    "ThreadReport",
    "UnknownBackendError",
    "available_threads",
    "choose",
    "hardware_report",
    "runtime",
    "runtimes",
    "thread_report",
]

_HOMES = {
    "errors": (
        *("BackendError", "BackendLoadError", "BackendRunError", "BackendUnavailableError"),
        *("EdgewiseError", "ThreadCountError", "UnknownBackendError"),
    ),
    "hardware": ("HardwareReport", "hardware_report"),
    "protocol": ("Artifact", "BackendChoice", "Probe", "Runtime", "Session", "SessionOptions"),
    "registry": ("choose", "runtime", "runtimes"),
    "threads": ("ThreadReport", "available_threads", "thread_report"),
}


def __getattr__(name: str) -> Any:
    """Import a public name from its module on first use (PEP 562)."""
    for home, names in _HOMES.items():
        if name in names:
            value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
