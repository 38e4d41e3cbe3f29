"""Which backends there are, and which one to use.

A package offers a backend by an entry point in the group `edgewise.runtimes`: its name is the backend's, its
value an object that satisfies `Runtime`, or a class without arguments that makes one. The built-in backends
are always there, even where package metadata is not (a frozen app), and no other package can replace them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from edgewise_runtimes.errors import BackendUnavailableError, UnknownBackendError
from edgewise_runtimes.protocol import Artifact, BackendChoice, Probe, Runtime, Session, SessionOptions

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "edgewise.runtimes"
"""The entry-point group of backends."""

AUTO = "auto"
"""Asks for the best backend instead of a named one."""

_BUILT_IN = {
    "onnxruntime": ("edgewise_runtimes.onnxruntime_backend", "OnnxRuntime"),
    "openvino": ("edgewise_runtimes.openvino_backend", "OpenVino"),
    "tflite": ("edgewise_runtimes.tflite_backend", "Tflite"),
}
"""Module and class of the backends that are always there."""


def runtimes() -> dict[str, Runtime]:
    """Return every registered backend by name, the built-in ones first.

    A backend whose package fails to import is listed too; its probe says why.
    """
    found = {name: _built_in(name) for name in _BUILT_IN}
    for entry in _entry_points():
        if entry.name not in found:
            found[entry.name] = _load(entry)
    return found


def runtime(name: str) -> Runtime:
    """Return a backend by name; a built-in one without a look at the installed packages.

    Raises:
        UnknownBackendError: No installed package registers it.
    """
    if name in _BUILT_IN:
        return _built_in(name)
    known = runtimes()
    if name not in known:
        raise UnknownBackendError(name, tuple(known))
    return known[name]


@cache
def _built_in(name: str) -> Runtime:
    module, kind = _BUILT_IN[name]
    made: Runtime = getattr(import_module(module), kind)()
    return made


def missing(backend: Runtime) -> str | None:
    """Say what a backend lacks, as far as that can be told without importing it; None for nothing known.

    A backend may answer by a method `installed() -> str | None`; it need not have one.
    """
    installed = getattr(backend, "installed", None)
    return installed() if callable(installed) else None


def choose(available: Sequence[str], wanted: str = AUTO) -> BackendChoice:
    """Choose the backend that runs a model, by probes alone; see `edgewise_runtimes.selection` for measuring.

    Args:
        available: The backends that the model has an artifact for, best first.
        wanted: A backend's name, or `"auto"` for the first one that is usable here.

    Returns:
        The choice, with the reason for every backend that was tried before it.

    Raises:
        UnknownBackendError: `wanted` is no backend's name.
        BackendUnavailableError: The wanted backend, or every available one, cannot be used.
    """
    if wanted != AUTO:
        return _choose_wanted(available, wanted)
    rejected: list[tuple[str, str]] = []
    hints: list[str] = []
    for name in dict.fromkeys(available):
        try:
            candidate = runtime(name)
        except UnknownBackendError:
            rejected.append((name, "no installed package registers it"))
            continue
        probe = candidate.probe()
        if probe.ok:
            return BackendChoice(name, tuple(rejected))
        rejected.append((name, probe.reason))
        hints.append(candidate.hint)
    reason = "; ".join(f"{name}: {why}" for name, why in rejected) or "the model has no artifact for any"
    raise BackendUnavailableError(AUTO, reason, " ".join(hint for hint in hints if hint))


def _choose_wanted(available: Sequence[str], wanted: str) -> BackendChoice:
    candidate = runtime(wanted)
    if wanted not in available:
        made_for = ", ".join(dict.fromkeys(available)) or "nothing"
        raise BackendUnavailableError(
            wanted,
            f"the model has no artifact for it, only for {made_for}",
            "Use 'auto', or convert the model.",
        )
    probe = candidate.probe()
    if not probe.ok:
        raise BackendUnavailableError(wanted, probe.reason, candidate.hint)
    return BackendChoice(wanted)


class _BrokenRuntime:
    """Stands for a registered backend whose package does not import, so that reports can name the reason."""

    hint = "Repair or remove the package that registers it."

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self._reason = reason

    def probe(self) -> Probe:
        return Probe(ok=False, reason=self._reason)

    def load(self, artifact: Artifact, options: SessionOptions) -> Session:
        raise BackendUnavailableError(self.name, self._reason, self.hint)


def _entry_points() -> Sequence[EntryPoint]:
    from importlib.metadata import entry_points  # slow to import, and most processes never need it

    return tuple(entry_points(group=GROUP))


def _load(entry: EntryPoint) -> Runtime:
    """Load a third party's backend; whatever goes wrong in there is a reason, not a crash."""
    try:
        value: Any = entry.load()
        made = value() if isinstance(value, type) else value
    except Exception as error:
        return _BrokenRuntime(entry.name, f"{entry.value} does not import: {type(error).__name__}: {error}")
    if not isinstance(made, Runtime):
        return _BrokenRuntime(entry.name, f"{entry.value} is a {type(made).__name__}, which is no Runtime")
    return made
