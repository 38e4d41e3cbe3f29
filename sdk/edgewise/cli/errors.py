"""What can go wrong on the command line: each is one line on stderr and an exit code, never a traceback."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from edgewise.errors import EdgewiseError, InputError
from edgewise_runtimes.errors import listing


class CommandError(EdgewiseError):
    """A command cannot do what it was asked to."""


class InputFileError(CommandError, OSError):
    """A file cannot be read, or is not what its name says.

    Attributes:
        path: The file.
        reason: Why not, and what to do about it where that is known.
    """

    def __init__(self, path: Path | str, reason: str) -> None:
        self.path = str(path)
        self.reason = reason
        super().__init__(f"{self.path} cannot be read: {reason.rstrip('.')}.")


class OutputFileError(CommandError, OSError):
    """A file cannot be written.

    Attributes:
        path: The file.
        reason: Why not.
        hint: What to do about it; may be empty.
    """

    def __init__(self, path: Path | str, reason: str, hint: str = "") -> None:
        self.path = str(path)
        self.reason = reason
        self.hint = hint
        super().__init__(
            f"{self.path} cannot be written: {reason.rstrip('.')}." + (f" {hint}" if hint else "")
        )


class OutputExistsError(OutputFileError, FileExistsError):
    """The output is already there, and nobody said that it may go."""

    def __init__(self, path: Path | str) -> None:
        super().__init__(path, "it is already there", "Name another file, or add --overwrite.")


class FormatError(CommandError, ValueError):
    """The format of a file cannot be told from its name, or is none that there is.

    Attributes:
        path: The file.
        known: The formats there are.
    """

    def __init__(self, path: Path | str, known: Sequence[str], reason: str = "") -> None:
        self.path = str(path)
        self.known = tuple(known)
        why = reason or f"the name does not say; add --format with one of {listing(self.known)}"
        super().__init__(f"The format of {self.path} is not known: {why.rstrip('.')}.")


class ColumnMissingError(CommandError, KeyError):
    """The file has no column of that name.

    Attributes:
        path: The file.
        column: The column asked for.
        known: The columns there are.
    """

    def __init__(self, path: Path | str, column: str, known: Sequence[str]) -> None:
        self.path = str(path)
        self.column = column
        self.known = tuple(known)
        super().__init__(
            f"{self.path} has no column {column!r}. Name the one that holds the texts with --column; "
            f"there are {listing(self.known)}."
        )

    def __str__(self) -> str:
        """Return the message as it is: `KeyError` would put it in quotes."""
        return str(self.args[0])


class ColumnTypeError(CommandError, TypeError):
    """A column of a typed file does not hold texts.

    Attributes:
        path: The file.
        column: The column asked for.
        found: The type it has.
    """

    def __init__(self, path: Path | str, column: str, found: str) -> None:
        self.path = str(path)
        self.column = column
        self.found = found
        super().__init__(
            f"The column {column!r} of {self.path} holds {found}, not texts. "
            "Name the one that does with --column."
        )


class ColumnClashError(CommandError, ValueError):
    """The file has columns of the very names that would be added, or one name twice.

    Attributes:
        path: The file.
        columns: The columns in question.
    """

    def __init__(self, path: Path | str, columns: Iterable[str], reason: str) -> None:
        self.path = str(path)
        self.columns = tuple(columns)
        super().__init__(
            f"{self.path} has the columns {listing(self.columns)}, {reason}. Rename or drop them first."
        )


class BadRowError(CommandError, ValueError):
    """A row could not be analysed, and `--on-bad-row stop` was given.

    Attributes:
        row: Its number, counted from 1, the header not included.
        problem: What is wrong with it.
    """

    def __init__(self, row: int, problem: str, hint: str = "") -> None:
        self.row = row
        self.problem = problem
        super().__init__(
            f"Row {row} cannot be analysed: {problem.rstrip('.')}." + (f" {hint}" if hint else "")
        )


class ResumeError(CommandError, RuntimeError):
    """Earlier work on this output is there, but it cannot be continued.

    Attributes:
        folder: Where the earlier work lies.
        reason: Why it does not fit.
        rows_done: How many rows it holds.
    """

    def __init__(self, folder: Path | str, reason: str, rows_done: int = 0) -> None:
        self.folder = str(folder)
        self.reason = reason
        self.rows_done = rows_done
        done = f" with {rows_done:,} rows done" if rows_done else ""
        super().__init__(
            f"{self.folder} holds earlier work{done} that cannot be continued: {reason.rstrip('.')}. "
            "Run again as before to continue it, or add --no-resume to throw it away and start over."
        )


class OutputBusyError(CommandError, RuntimeError):
    """Another process is working on the same output.

    Attributes:
        folder: Where its work lies.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = str(folder)
        super().__init__(f"Another process is at work in {self.folder}. Wait for it, or name another output.")


class BadLineError(InputError, ValueError):
    """A line of standard input is no text.

    Attributes:
        line: Its number, counted from 1.
        problem: What is wrong with it.
    """

    def __init__(self, line: int, problem: str) -> None:
        self.line = line
        self.problem = problem
        super().__init__(f"Line {line} cannot be analysed: {problem.rstrip('.')}.")


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, with a line that says how to go on."""
