"""What every table format has in common: columns, rows, and the two protocols that read and write them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Protocol

Kind = Literal["string", "bool", "int", "float", "json", "arrow"]
"""What a column holds: `json` is a mixture or nested values, `arrow` a Parquet type that is kept as it is."""


class Absent(Enum):
    """The one value that says: this row has no such key."""

    CELL = "absent"


ABSENT = Absent.CELL


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        name: Its name.
        kind: What it holds.
    """

    name: str
    kind: Kind = "string"


@dataclass(frozen=True, slots=True)
class Scan:
    """What one pass over a file told, before any work.

    Attributes:
        rows: Number of rows, bad ones included.
        columns: Its columns, in order; for JSONL in order of first appearance.
        size: Size of the file in bytes.
        sha256: Hash of the file.
    """

    rows: int
    columns: tuple[Column, ...]
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Text:
    """The text of one row, or why there is none.

    Attributes:
        value: The text; empty when there is a problem.
        problem: What is wrong with the row, or None.
    """

    value: str
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was, to be written again.

    Attributes:
        cells: One for each column of the scan; `ABSENT` where a JSON object lacks the key.
        original: The row as it stood in the file, when it does not fit the columns.
        verbatim: The JSON object as it stood in the file, when the row is one.
    """

    cells: Sequence[Any]
    original: str | None = None
    verbatim: str | None = None


Answer = tuple[str | None, Sequence[Any]]
"""What became of a row: the problem or None, and the values of the new columns but the error column."""


class Source(Protocol):
    """A table to read. Every pass gives the same rows in the same order."""

    path: Path

    def scan(self) -> Scan:
        """Read the whole file once and tell its rows, columns and hash."""
        ...

    def texts(self, column: str) -> Iterator[Text]:
        """Read the texts of one column, or what is wrong with each row."""
        ...

    def rows(self) -> Iterator[Row]:
        """Read the rows as they are."""
        ...


class Sink(Protocol):
    """A table to write."""

    def write(self, source: Source, columns: Sequence[Column], answers: Iterable[Answer]) -> None:
        """Write every row of the source with its answer beside it.

        Args:
            source: The table that was read.
            columns: Its columns.
            answers: One for each of its rows.

        Raises:
            ValueError: There are not as many answers as rows.
        """
        ...
