"""What the registry refuses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgewise.errors import EdgewiseError
from edgewise_runtimes.errors import listing


class RegistryError(EdgewiseError):
    """Root of everything that the registry refuses."""


class RegistryAwayError(RegistryError, ConnectionError):
    """The registry cannot be reached, or did not do what it was asked to.

    Attributes:
        url: Its address, without a password.
        reason: What happened.
    """

    def __init__(self, url: str, reason: str) -> None:
        self.url = url
        self.reason = reason
        super().__init__(
            f"The registry {url} cannot be used: {reason.rstrip('.')}. Nothing was changed that cannot be "
            "done again: repeat the command when it is well."
        )


class UnknownModelError(RegistryError, ValueError):
    """No model of that name is registered.

    Attributes:
        name: What was asked for.
        known: What there is.
    """

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        self.known = tuple(known)
        there = (
            f"Use one of {listing(self.known)}." if known else "The registry is empty; register one first."
        )
        super().__init__(f"No model {name!r} is registered. {there}")


class UnknownVersionError(RegistryError, ValueError):
    """A model has no such version or alias.

    Attributes:
        name: The model.
        version: What was asked for.
        known: Versions and aliases that there are.
    """

    def __init__(self, name: str, version: str, known: Sequence[str]) -> None:
        self.name = name
        self.version = version
        self.known = tuple(known)
        super().__init__(f"{name} has no version or alias {version!r}. Use one of {listing(self.known)}.")


class ModelNameError(RegistryError, ValueError):
    """A name is none that a model can be registered under.

    Attributes:
        name: What was given.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"{name!r} cannot be the name of a model. Use letters, digits and any of '_-.', beginning with a "
            "letter or digit, 100 at most."
        )


class GateNotPassedError(RegistryError, PermissionError):
    """A version was to be promoted that has not passed its gates.

    Attributes:
        name: The model.
        version: The version.
        gate: "failed", or "none" when it was registered without gates.
    """

    def __init__(self, name: str, version: int, gate: str) -> None:
        self.name = name
        self.version = version
        self.gate = gate
        why = "failed its gates" if gate == "failed" else "was registered without gates"
        super().__init__(
            f"{name} version {version} {why} (gate={gate}) and is not promoted. Run its gates "
            "(`edgewise gate`), and register a version that passes them."
        )


class NoFormerChampionError(RegistryError, ValueError):
    """There is nothing to roll back to.

    Attributes:
        name: The model.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"{name} has no former champion to go back to. `edgewise registry promote` makes a "
            "version champion."
        )


class ModelFolderError(RegistryError, ValueError):
    """A folder cannot be registered, or a model cannot be put into it.

    Attributes:
        folder: The folder.
        reason: Why not.
    """

    def __init__(self, folder: Path, reason: str) -> None:
        self.folder = folder
        self.reason = reason
        super().__init__(f"{folder} cannot be used: {reason.rstrip('.')}. Name another folder.")


class FetchedFileError(RegistryError, ValueError):
    """What came from the registry is not what was registered.

    Attributes:
        name: The model.
        version: The version.
        file: The file.
        reason: What differs.
    """

    def __init__(self, name: str, version: int, file: str, reason: str) -> None:
        self.name = name
        self.version = version
        self.file = file
        self.reason = reason
        super().__init__(
            f"{name} version {version} came with a wrong {file}: {reason}. Nothing was kept; fetch it again, "
            "and if it stays so, register the model again."
        )


class UnknownRunError(RegistryError, ValueError):
    """The tracking store does not know the run that made a model.

    Attributes:
        run_id: Its id.
    """

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        super().__init__(
            f"The tracking store has no run {run_id!r}. If its calls still wait in a spool, send them with "
            "`edgewise registry sync SPOOL`, then register the model again."
        )
