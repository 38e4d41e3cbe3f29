"""The root of every Edgewise error, and the errors of backends.

This is the lowest layer, so the root lives here and `edgewise.errors` hands it on. A constructor takes facts;
the message it builds says what happened, why, and what to do about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class EdgewiseError(Exception):
    """Root of every error that Edgewise raises on purpose.

    Children take facts instead of a message, so the default way to pickle an exception (call the class with
    its message) would fail; `__reduce__` below lets every child travel between processes.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        """Rebuild without calling the constructor: the message and the facts are already there."""
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(kind: type[EdgewiseError], args: tuple[Any, ...], facts: dict[str, Any]) -> EdgewiseError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(facts)
    return error


def listing(names: Sequence[str], empty: str = "none") -> str:
    """Join names for a message: `'a', 'b'`; `empty` when there are none."""
    return ", ".join(repr(name) for name in names) if names else empty


class BackendError(EdgewiseError, RuntimeError):
    """Something about a backend: which one to use, loading a model into it, or running it."""


class UnknownBackendError(BackendError, ValueError):
    """A backend was asked for by a name that nothing installed here answers to.

    Attributes:
        name: The name asked for.
        known: The names that exist.
    """

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(
            f"There is no backend named {name!r}: no installed package registers one. "
            f"Use 'auto' or one of {listing(self.known)}."
        )


class BackendUnavailableError(BackendError, ImportError):
    """A known backend cannot be used here.

    Attributes:
        name: The backend asked for (`"auto"` when none was usable).
        reason: Why it cannot be used.
        hint: What to do about it; may be empty.
    """

    def __init__(self, name: str, reason: str, hint: str = "") -> None:
        self.name = name
        self.reason = reason
        self.hint = hint
        subject = "No backend" if name == "auto" else f"The backend {name!r}"
        verb = "can be used here" if name == "auto" else "cannot be used here"
        super().__init__(f"{subject} {verb}: {reason.rstrip('.')}." + (f" {hint}" if hint else ""))


class BackendLoadError(BackendError):
    """A backend refused a model.

    Attributes:
        name: The backend.
        artifact: The artifact it was given.
        reason: What the backend said.
    """

    def __init__(self, name: str, artifact: str, reason: str) -> None:
        self.name = name
        self.artifact = artifact
        self.reason = reason
        super().__init__(
            f"The backend {name!r} could not load {artifact!r}: {reason.rstrip('.')}. "
            "Check that it was made for this backend and version, or convert and pack the model again."
        )


class BackendRunError(BackendError):
    """A loaded model failed while it ran.

    Attributes:
        name: The backend.
        reason: What the backend said.
    """

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(
            f"The backend {name!r} failed to run the model: {reason.rstrip('.')}. "
            "Check that names, types and shapes of the inputs are those the session lists."
        )


class ThreadCountError(EdgewiseError, ValueError):
    """A session was asked for fewer than one thread.

    Attributes:
        threads: What was asked for.
    """

    def __init__(self, threads: object) -> None:
        self.threads = threads
        super().__init__(f"A session cannot run on {threads!r} threads. Give a whole number of at least 1.")
