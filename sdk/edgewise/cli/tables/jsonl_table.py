"""JSONL: one object a line. A good line is carried byte for byte, with the answers added to its end."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from edgewise.cli.tables.cells import as_json, error_cell, sized_and_hashed, to_json
from edgewise.cli.tables.encoding import create_text, open_text, readable, reading, undecodable
from edgewise.cli.tables.model import ABSENT, Answer, Column, Kind, Row, Scan, Source, Text

_NAMES: dict[type, str] = {
    type(None): "null",
    bool: "a truth value",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}


class JsonlSource:
    """A file of one JSON object a line; blank lines are no rows.

    Lines that are no object are carried: broken JSON, bytes that are no text, a list or a bare value.
    """

    def __init__(self, path: Path, encoding: str = "utf-8") -> None:
        """Remember what to read.

        Args:
            path: The file; `.gz` is unpacked.
            encoding: Encoding of the file.
        """
        self.path = path
        self.encoding = encoding
        self._columns: tuple[Column, ...] = ()

    def scan(self) -> Scan:
        """Read the whole file once; a column's kind is found from all its values.

        Raises:
            InputFileError: It cannot be read.
        """
        size, sha256 = sized_and_hashed(self.path)
        rows = 0
        kinds: dict[str, set[str]] = {}
        for _, value, _ in self._lines():
            rows += 1
            for name, cell in value.items() if isinstance(value, dict) else ():
                kinds.setdefault(name, set()).add(_kind(cell))
        self._columns = tuple(Column(name, _common(found)) for name, found in kinds.items())
        return Scan(rows, self._columns, size, sha256)

    def texts(self, column: str) -> Iterator[Text]:
        """Read the texts of one key, or what is wrong with each row."""
        for _, value, problem in self._lines():
            if problem:
                yield Text("", problem)
            elif column not in value:
                yield Text("", f"it has no {column!r}")
            elif not isinstance(value[column], str):
                yield Text("", f"its {column!r} is {_NAMES[type(value[column])]}, not a text")
            else:
                yield Text(value[column])

    def rows(self) -> Iterator[Row]:
        """Read the rows; a line that is no object is left to `Row.original`. Needs a `scan` before."""
        for line, value, problem in self._lines():
            if problem:
                yield Row([ABSENT] * len(self._columns), original=readable(line))
            else:
                # A CR can only stand between tokens; many readers would take it for the end of the line.
                cells = [value.get(column.name, ABSENT) for column in self._columns]
                yield Row(cells, verbatim=line.replace("\r", " "))

    def _lines(self) -> Iterator[tuple[str, Any, str | None]]:
        """Yield each line with its object, or with None and what is wrong with it."""
        with reading(self.path), open_text(self.path, self.encoding, newline="\n") as file:
            for raw in file:
                line = raw.strip(" \t\r\n")
                if line:
                    yield (line, *_parse(line))


def _parse(line: str) -> tuple[Any, str | None]:
    if found := undecodable(line):
        return None, f"it is not text in the file's encoding ({found})"
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        return None, f"it is not JSON ({error.msg} at character {error.pos + 1})"
    except (ValueError, RecursionError) as error:
        return None, f"it is not JSON that can be read ({error})"
    if not isinstance(value, dict):
        return None, f"it is {_NAMES.get(type(value), 'a bare text')}, not an object"
    return value, None


def _kind(value: Any) -> str:
    """Name the type of a value; integers that a float cannot hold are told apart."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if abs(value) <= 2**53 else "large" if -(2**63) <= value < 2**63 else "json"
    if isinstance(value, float):
        return "float"
    return "string" if isinstance(value, str) else "null" if value is None else "json"


def _common(kinds: set[str]) -> Kind:
    """Find the one kind that holds all values without loss.

    >>> [_common(kinds) for kinds in ({"int", "null"}, {"int", "float"}, {"large", "float"}, {"int", "bool"})]
    ['int', 'float', 'json', 'json']
    """
    found = kinds - {"null"}
    if found <= {"string"}:
        return "string"
    if found == {"bool"}:
        return "bool"
    if found <= {"int", "large"}:
        return "int"
    return "float" if found <= {"int", "float"} else "json"


class JsonlSink:
    """Writes one JSON object a line."""

    def __init__(self, path: Path, new: Sequence[Column], packed: bool = False) -> None:
        """Remember where to write.

        Args:
            path: The file to create.
            new: The columns to add, the error column last.
            packed: Whether to gzip.
        """
        self._path = path
        self._new = tuple(column.name for column in new)
        self._packed = packed

    def write(self, source: Source, columns: Sequence[Column], answers: Iterable[Answer]) -> None:
        """Write every row of the source with its answer beside it."""
        names = [column.name for column in columns]
        with create_text(self._path, self._packed) as file:
            for row, (problem, values) in zip(source.rows(), answers, strict=True):
                added = to_json(dict(zip(self._new, (*values, error_cell(problem, row)), strict=True)))
                file.write(f"{_joined(_object(names, row), added)}\n")


def _object(names: Sequence[str], row: Row) -> str:
    if row.verbatim is not None:
        return row.verbatim
    if row.original is not None and all(cell is ABSENT for cell in row.cells):
        return "{}"
    return to_json(
        {name: as_json(cell) for name, cell in zip(names, row.cells, strict=True) if cell is not ABSENT}
    )


def _joined(first: str, second: str) -> str:
    """Join two JSON objects without reading them.

    >>> _joined('{"a": 1.10}', '{"b": 2}'), _joined("{ }", '{"b": 2}')
    ('{"a": 1.10, "b": 2}', '{"b": 2}')
    """
    inside = first[1:-1].rstrip()
    return f"{{{inside}, {second[1:]}" if inside.strip() else second
