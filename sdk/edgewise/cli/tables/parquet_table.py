"""Parquet, through pyarrow, which the extra `batch` brings. Nothing else in the SDK imports pyarrow."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edgewise.cli.errors import ColumnMissingError, ColumnTypeError, InputFileError, OutputFileError
from edgewise.cli.tables.cells import as_csv_text, error_cell, sized_and_hashed
from edgewise.cli.tables.encoding import reading, storable
from edgewise.cli.tables.model import ABSENT, Answer, Column, Row, Scan, Source, Text
from edgewise.errors import MissingExtraError

_ROWS_AT_ONCE = 8192


def _arrow() -> Any:
    """Import pyarrow.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import pyarrow
        import pyarrow.compute
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("batch", "Reading and writing Parquet") from error
    return pyarrow


class ParquetSource:
    """A Parquet file. A missing text (null) is a bad row; a column that holds no texts at all is refused."""

    def __init__(self, path: Path) -> None:
        """Remember what to read.

        Raises:
            MissingExtraError: pyarrow is not installed.
        """
        self.path = path
        self._arrow = _arrow()

    def scan(self) -> Scan:
        """Read the file's schema and hash.

        Raises:
            InputFileError: It is no Parquet file.
        """
        size, sha256 = sized_and_hashed(self.path)
        with self._open() as file:
            columns = tuple(Column(field.name, "arrow") for field in file.schema_arrow)
            return Scan(file.metadata.num_rows, columns, size, sha256)

    def texts(self, column: str) -> Iterator[Text]:
        """Read the texts of one column.

        Raises:
            ColumnTypeError: The column does not hold texts.
        """
        with self._open() as file:
            if column not in file.schema_arrow.names:
                raise ColumnMissingError(self.path, column, file.schema_arrow.names)
            found = file.schema_arrow.field(column).type
            if not self._is_text(found):
                raise ColumnTypeError(self.path, column, str(found))
            for batch in file.iter_batches(_ROWS_AT_ONCE, columns=[column]):
                for cell in self._decoded(batch.column(0)):
                    yield cell if isinstance(cell, Text) else Text(cell)

    def rows(self) -> Iterator[Row]:
        """Read the rows as Python values; dates and times as the text that Arrow gives them."""
        with self._open() as file:
            for batch in file.iter_batches(_ROWS_AT_ONCE):
                columns = [self._values(column) for column in batch.columns]
                for cells in zip(*columns, strict=True) if columns else itertools.repeat((), batch.num_rows):
                    yield Row(cells)

    def schema(self) -> Any:
        """Return the Arrow schema, metadata included."""
        with self._open() as file:
            return file.schema_arrow

    def batches(self) -> Iterator[Any]:
        """Read the rows as Arrow record batches."""
        with self._open() as file:
            yield from file.iter_batches(_ROWS_AT_ONCE)

    @contextmanager
    def _open(self) -> Iterator[Any]:
        try:
            with reading(self.path), self._arrow.parquet.ParquetFile(self.path) as file:
                yield file
        except self._arrow.ArrowException as error:
            raise InputFileError(
                self.path, f"it is no Parquet file that can be read ({_first_line(error)})"
            ) from error

    def _is_text(self, kind: Any) -> bool:
        types = self._arrow.types
        if types.is_dictionary(kind):
            kind = kind.value_type
        return any(
            check(kind)
            for check in (types.is_string, types.is_large_string, types.is_string_view, types.is_null)
        )

    def _decoded(self, column: Any) -> list[str | Text]:
        """Return texts, and a `Text` with the problem for a cell that holds none."""
        try:
            cells = column.to_pylist()
        except UnicodeDecodeError:
            cells = [_one(cell) for cell in column]
        return [Text("", "its text is missing (null)") if cell is None else cell for cell in cells]

    def _values(self, column: Any) -> list[Any]:
        arrow = self._arrow
        if arrow.types.is_temporal(column.type):
            column = arrow.compute.cast(column, arrow.string())
        try:
            return list(column.to_pylist())
        except UnicodeDecodeError:
            return [cell.value if isinstance(cell, Text) else cell for cell in map(_one, column)]
        except ValueError:
            # Nested times finer than Python's: Arrow's own words for the cell.
            return [str(cell) for cell in column]


def _one(scalar: Any) -> Any:
    """Read one cell; text columns written by careless tools may hold bytes that are no text."""
    try:
        return scalar.as_py()
    except UnicodeDecodeError as error:
        shown = error.object.decode("utf-8", "backslashreplace")
        return Text(
            shown, f"it is not text (byte 0x{error.object[error.start]:02X} at byte {error.start + 1})"
        )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


class ParquetSink:
    """Writes a Parquet file; columns that came from Parquet keep their exact type."""

    def __init__(self, path: Path, new: Sequence[Column]) -> None:
        """Remember where to write.

        Args:
            path: The file to create.
            new: The columns to add, the error column last.

        Raises:
            MissingExtraError: pyarrow is not installed.
        """
        self._path = path
        self._new = tuple(new)
        self._arrow = _arrow()

    def write(self, source: Source, columns: Sequence[Column], answers: Iterable[Answer]) -> None:
        """Write every row of the source with its answer beside it."""
        arrow = self._arrow
        added = [arrow.field(column.name, self._type(column)) for column in self._new]
        if isinstance(source, ParquetSource):
            schema = source.schema()
            tables = self._beside(source, added, iter(answers))
        else:
            schema = arrow.schema([arrow.field(column.name, self._type(column)) for column in columns])
            tables = self._built(source, columns, added, iter(answers))
        for field in added:
            schema = schema.append(field)
        try:
            with arrow.parquet.ParquetWriter(self._path, schema) as writer:
                for arrays in tables:
                    writer.write_batch(arrow.record_batch(arrays, schema=schema))
        except arrow.ArrowInvalid as error:
            raise OutputFileError(self._path, f"Parquet cannot hold it ({_first_line(error)})") from error

    def _beside(
        self, source: ParquetSource, added: list[Any], answers: Iterator[Answer]
    ) -> Iterator[list[Any]]:
        """Put the answers beside the arrays as they were read."""
        for batch in source.batches():
            part = list(itertools.islice(answers, batch.num_rows))
            rows = [(*values, error_cell(problem, Row(()))) for problem, values in part]
            yield [*batch.columns, *self._arrays(rows, added)]
        _check_used_up(answers)

    def _built(
        self, source: Source, columns: Sequence[Column], added: list[Any], answers: Iterator[Answer]
    ) -> Iterator[list[Any]]:
        """Make arrays of the rows and of the answers."""
        fields = [*(self._arrow.field(column.name, self._type(column)) for column in columns), *added]
        kinds = [column.kind for column in columns]
        rows = (
            [*map(_stored, row.cells, kinds), *values, error_cell(problem, row)]
            for row, (problem, values) in zip(source.rows(), answers, strict=True)
        )
        while part := list(itertools.islice(rows, _ROWS_AT_ONCE)):
            yield self._arrays(part, fields)

    def _arrays(self, rows: Sequence[Sequence[Any]], fields: Sequence[Any]) -> list[Any]:
        """Turn rows into one Arrow array for each field."""
        return [
            self._arrow.array([_clean(row[place]) for row in rows], type=field.type)
            for place, field in enumerate(fields)
        ]

    def _type(self, column: Column) -> Any:
        kinds = {"bool": self._arrow.bool_(), "int": self._arrow.int64(), "float": self._arrow.float64()}
        return kinds.get(column.kind, self._arrow.string())


def _stored(cell: Any, kind: str) -> Any:
    """Fit a cell to its column: JSON text where the column holds a mixture."""
    if cell is ABSENT or cell is None:
        return None
    if kind == "json":
        return cell if isinstance(cell, str) else as_csv_text(cell)
    return float(cell) if kind == "float" else cell


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else storable(value)
    return as_csv_text(value) if isinstance(value, list) else value


def _check_used_up(answers: Iterator[Answer]) -> None:
    if next(answers, None) is not None:
        raise ValueError("there are more answers than rows")
