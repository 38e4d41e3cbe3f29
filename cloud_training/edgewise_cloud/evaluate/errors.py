"""What evaluation refuses."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from edgewise_runtimes.errors import EdgewiseError, listing


class EvaluationError(EdgewiseError):
    """Root of everything that evaluation refuses."""


class NothingToEvaluateError(EvaluationError, ValueError):
    """No data set has rows of the tasks, split and languages asked for."""

    def __init__(self, tasks: Iterable[str], split: str, languages: Iterable[str]) -> None:
        self.split = split
        where = f" in {', '.join(languages)}" if tuple(languages) else ""
        super().__init__(
            f"No data set has rows in split {split!r} for {', '.join(tasks)}{where}. "
            "Ask for another split, or leave --datasets or --languages out."
        )


class LabelColumnError(EvaluationError, KeyError):
    """The file has no column with the right answers."""

    def __init__(self, path: Path, column: str, known: Iterable[str]) -> None:
        self.column = column
        self._message = (
            f"{path} has no column {column!r}. Name the right one; there are {listing(tuple(known))}."
        )
        super().__init__(self._message)

    def __str__(self) -> str:
        """Return the message as it is: `KeyError` would put it in quotes."""
        return self._message


class NoUsableRowError(EvaluationError, ValueError):
    """Every row of the file lacks a text or a label."""

    def __init__(self, path: Path, rows: int) -> None:
        self.path = path
        super().__init__(f"None of the {rows:,} rows of {path} has both a text and a label.")
