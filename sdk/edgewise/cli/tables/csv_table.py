"""CSV: read so that no row is lost, written so that every cell reads back the same."""

from __future__ import annotations

import contextlib
import csv
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewise.cli.errors import ColumnClashError, InputFileError
from edgewise.cli.tables.cells import as_csv_text, error_cell, sized_and_hashed
from edgewise.cli.tables.encoding import create_text, open_text, readable, reading, undecodable
from edgewise.cli.tables.model import Answer, Column, Row, Scan, Source, Text

_LONGEST_RECORD = 64 * 2**20
"""Characters after which an open quote is taken for a stray one."""

_LARGEST_FIELD = 2**31 - 1
"""The most that Python's csv takes on every platform; its default of 131,072 is less than a long text."""


@dataclass(frozen=True, slots=True)
class _Record:
    """One record: its cells, what is wrong with it, and how it stood if it does not fit the header."""

    cells: list[str]
    problem: str | None = None
    original: str | None = None


class _Lines:
    """Hands lines to `csv.reader`, remembers those of the current record, and takes lines back."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self.taken: list[str] = []
        self.size = 0
        self.unclosed = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self.size > _LONGEST_RECORD:
            line = None
        else:
            line = self._again.popleft() if self._again else next(self._lines, None)
        if line is None:
            # Asked for more while a record was under way: its quote never closes.
            self.unclosed = bool(self.taken)
            raise StopIteration
        self.taken.append(line)
        self.size += len(line)
        return line

    def start(self) -> None:
        """A new record begins."""
        self.taken, self.size, self.unclosed = [], 0, False

    def give_back(self) -> str:
        """Put back all lines of the record but the first, and return that one."""
        self._again.extendleft(reversed(self.taken[1:]))
        return self.taken[0]


class CsvSource:
    """A CSV file with a header.

    Rows that cannot be placed under the header are carried: too few or too many cells, bytes that are no
    text, a quote that never closes (then that one line is the bad row, and reading goes on after it). Blank
    lines are no rows, except in a file of one column, where they are empty cells.
    """

    def __init__(self, path: Path, delimiter: str = ",", encoding: str = "utf-8") -> None:
        """Remember what to read.

        Args:
            path: The file; `.gz` is unpacked.
            delimiter: One character, or `"auto"` for the one of `, ; tab |` that cuts the header line into
                most names.
            encoding: Encoding of the file.
        """
        self.path = path
        self.encoding = encoding
        self.delimiter = self._guess() if delimiter == "auto" else delimiter

    def scan(self) -> Scan:
        """Read the whole file once.

        Raises:
            InputFileError: It cannot be read, or has no header.
        """
        size, sha256 = sized_and_hashed(self.path)
        with self._records() as (header, records):
            rows = sum(1 for _ in records)
        return Scan(rows, tuple(Column(name) for name in header), size, sha256)

    def texts(self, column: str) -> Iterator[Text]:
        """Read the texts of one column, or what is wrong with each row."""
        with self._records() as (header, records):
            if header.count(column) > 1:
                raise ColumnClashError(self.path, [column], "so it is not clear which one holds the texts")
            place = header.index(column)
            for record in records:
                yield Text("", record.problem) if record.problem else Text(record.cells[place])

    def rows(self) -> Iterator[Row]:
        """Read the rows; cells that do not fit the header are left to `Row.original`."""
        with self._records() as (header, records):
            width = len(header)
            for record in records:
                cells = [readable(cell) for cell in record.cells[:width]]
                cells += [""] * (width - len(cells))
                yield Row(cells, record.original)

    @contextlib.contextmanager
    def _records(self) -> Iterator[tuple[list[str], Iterator[_Record]]]:
        """Open the file and read its header; the field limit, one for the process, is put back after."""
        limit = csv.field_size_limit(_LARGEST_FIELD)
        try:
            with reading(self.path), open_text(self.path, self.encoding, newline="") as file:
                lines = _Lines(file)
                header = self._header(lines)
                yield header, self._parse(lines, len(header))
        finally:
            csv.field_size_limit(limit)

    def _header(self, lines: _Lines) -> list[str]:
        header = next((cells for cells in csv.reader(lines, delimiter=self.delimiter) if cells), None)
        if header is None:
            raise InputFileError(self.path, "it is empty, there is no header line")
        if lines.unclosed:
            raise InputFileError(self.path, "a quote in its header never closes")
        return [readable(name) for name in header]

    def _parse(self, lines: _Lines, width: int) -> Iterator[_Record]:
        reader = csv.reader(lines, delimiter=self.delimiter)
        while True:
            lines.start()
            try:
                cells = next(reader, None)
            except csv.Error as error:
                yield _broken(str(error), "".join(lines.taken))
                continue
            if cells is None:
                return
            if lines.unclosed:
                yield _broken("a quote in this line never closes", lines.give_back())
            elif cells or width == 1:
                yield _checked(cells or [""], width, lines.taken)

    def _guess(self) -> str:
        with reading(self.path), open_text(self.path, self.encoding, newline="") as file:
            first = file.readline()
        return max(",;\t|", key=lambda sign: sum(len(cells) for cells in csv.reader([first], delimiter=sign)))


def _broken(problem: str, line: str) -> _Record:
    return _Record([], problem, readable(line.rstrip("\r\n")))


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _checked(cells: list[str], width: int, taken: Sequence[str]) -> _Record:
    """Say what is wrong with a record that csv could read."""
    problem = next((found for line in taken if (found := undecodable(line))), None)
    if len(cells) != width:
        text = readable("".join(taken).rstrip("\r\n"))
        return _Record(
            cells,
            f"it has {_cells(len(cells))}, the header has {width}",
            text if len(cells) > width else None,
        )
    return _Record(cells, f"it is not text in the file's encoding ({problem})" if problem else None)


class CsvSink:
    """Writes a CSV file: UTF-8, a line feed after each row, quotes only where they are needed."""

    def __init__(self, path: Path, new: Sequence[Column], delimiter: str = ",", packed: bool = False) -> None:
        """Remember where to write.

        Args:
            path: The file to create.
            new: The columns to add, the error column last.
            delimiter: One character.
            packed: Whether to gzip.
        """
        self._path = path
        self._new = tuple(new)
        self._delimiter = delimiter
        self._packed = packed

    def write(self, source: Source, columns: Sequence[Column], answers: Iterable[Answer]) -> None:
        """Write every row of the source with its answer beside it."""
        with create_text(self._path, self._packed) as file:
            writer = csv.writer(_UnixLines(file), delimiter=self._delimiter)
            writer.writerow([column.name for column in (*columns, *self._new)])
            for row, (problem, values) in zip(source.rows(), answers, strict=True):
                cells: list[Any] = [*row.cells, *values, error_cell(problem, row)]
                writer.writerow([as_csv_text(cell) for cell in cells])


class _UnixLines:
    """Ends each row with a line feed. The writer keeps CR LF: it quotes only the line ends that it writes."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, row: str) -> None:
        self._file.write(row[:-2] + "\n")
