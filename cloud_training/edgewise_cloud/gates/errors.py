"""What gates refuse."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgewise.errors import EdgewiseError
from edgewise_runtimes.errors import listing


class GateError(EdgewiseError):
    """Root of everything that gates refuse."""


class GateFileMissingError(GateError, FileNotFoundError):
    """There is no file of gates.

    Attributes:
        name: The file or the name asked for.
        known: The names of those in the package.
    """

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(
            f"There is no file of gates {name!r}. Give a file, or the name of one in the package: "
            f"{listing(self.known)}."
        )


class GateFileError(GateError, ValueError):
    """A file of gates is not of the form that docs/gates.md tells.

    Attributes:
        path: The file.
        where: The place in it.
        reason: What is wrong there.
    """

    def __init__(self, path: Path | str, where: str, reason: str) -> None:
        self.path = path
        self.where = where
        self.reason = reason.rstrip(".")
        super().__init__(
            f"{path} is no file of gates: at {where}, {self.reason}. docs/gates.md tells every field."
        )


class SliceFileError(GateError, ValueError):
    """A file of slices is not of the form that docs/gates.md tells.

    Attributes:
        path: The file.
        where: The place in it.
        reason: What is wrong there.
    """

    def __init__(self, path: Path | str, where: str, reason: str) -> None:
        self.path = path
        self.where = where
        self.reason = reason.rstrip(".")
        super().__init__(
            f"{path} is no file of slices: at {where}, {self.reason}. docs/gates.md tells every field."
        )


class UnknownSuiteError(GateError, KeyError):
    """There is no suite of slices of that name.

    Attributes:
        name: The name asked for.
        known: Those that exist.
    """

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        self.known = tuple(known)
        self._message = f"There is no suite of slices {name!r}. Give one of {listing(self.known)}."
        super().__init__(self._message)

    def __str__(self) -> str:
        """Return the message as it is: `KeyError` would put it in quotes."""
        return self._message


class CountError(GateError, ValueError):
    """A count is negative.

    Attributes:
        what: What was counted.
        count: The count.
    """

    def __init__(self, what: str, count: int) -> None:
        self.what = what
        self.count = count
        super().__init__(f"The number of {what} cannot be {count}. Give 0 or more.")


class ProbabilityError(GateError, ValueError):
    """Values that should be probabilities are not.

    Attributes:
        what: What they are.
        values: The values.
    """

    def __init__(self, what: str, values: Sequence[float]) -> None:
        self.what = what
        self.values = tuple(values)
        super().__init__(f"The {what} {list(self.values)} are not all between 0 and 1. Give probabilities.")


class NothingToPredictError(GateError, ValueError):
    """No set of the catalogue and no slice is named by the gates for the tasks of a model.

    Attributes:
        gates: The file of gates.
        tasks: What the model does.
    """

    def __init__(self, gates: str, tasks: Sequence[str]) -> None:
        self.gates = gates
        self.tasks = tuple(tasks)
        super().__init__(
            f"The gates {gates!r} name no rows for a model of {', '.join(self.tasks) or 'no task'}. "
            "Give other gates, or a model of their tasks."
        )
