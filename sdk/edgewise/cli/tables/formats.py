"""Which format a file has, and the source and sink for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgewise.cli.errors import FormatError
from edgewise.cli.tables.encoding import check_plain_file

if TYPE_CHECKING:
    from edgewise.cli.tables.model import Column, Sink, Source

FORMATS = ("csv", "jsonl", "parquet")
"""The formats there are."""

_BY_ENDING = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is laid out.

    Attributes:
        kind: One of `FORMATS`.
        packed: Whether it is gzipped.
        delimiter: Between the cells of a CSV file; None for a comma.
    """

    kind: str
    packed: bool = False
    delimiter: str | None = None


def layout_of(path: Path, otherwise: str | None = None) -> Layout:
    """Tell a file's layout from its name.

    Args:
        path: The file; it need not exist.
        otherwise: The format of a file whose name does not say.

    Raises:
        FormatError: The name does not say and nothing else was given, or it is a gzipped Parquet file.

    >>> layout_of(Path("comments.csv.gz")), layout_of(Path("comments.txt"), "jsonl")
    (Layout(kind='csv', packed=True, delimiter=None), Layout(kind='jsonl', packed=False, delimiter=None))
    """
    packed = path.suffix.lower() == ".gz"
    ending = (path.with_suffix("") if packed else path).suffix.lower()
    kind = _BY_ENDING.get(ending, otherwise)
    if kind is None:
        raise FormatError(path, FORMATS)
    if packed and kind == "parquet":
        raise FormatError(path, FORMATS, "Parquet packs its columns itself, so there is no .parquet.gz")
    return Layout(kind, packed, "\t" if ending == ".tsv" else None)


def open_source(path: Path, layout: Layout, delimiter: str | None, encoding: str) -> Source:
    """Make the source that reads a file.

    Args:
        path: The file.
        layout: As from `layout_of`.
        delimiter: One character, `"auto"`, or None for the usual one of the format.
        encoding: Encoding of CSV and JSONL.

    Raises:
        InputFileError: It is missing, or no plain file.
        MissingExtraError: It is Parquet and pyarrow is not installed.
    """
    check_plain_file(path)
    if layout.kind == "csv":
        from edgewise.cli.tables.csv_table import CsvSource

        return CsvSource(path, delimiter or layout.delimiter or ",", encoding)
    if layout.kind == "jsonl":
        from edgewise.cli.tables.jsonl_table import JsonlSource

        return JsonlSource(path, encoding)
    from edgewise.cli.tables.parquet_table import ParquetSource

    return ParquetSource(path)


def make_sink(path: Path, layout: Layout, new: Sequence[Column], delimiter: str | None) -> Sink:
    """Make the sink that writes a file.

    Args:
        path: The file to create.
        layout: As from `layout_of` of the final name.
        new: The columns to add, the error column last.
        delimiter: One character, or None for the usual one of the format.

    Raises:
        MissingExtraError: It is Parquet and pyarrow is not installed.
    """
    if layout.kind == "csv":
        from edgewise.cli.tables.csv_table import CsvSink

        return CsvSink(path, new, layout.delimiter or delimiter or ",", layout.packed)
    if layout.kind == "jsonl":
        from edgewise.cli.tables.jsonl_table import JsonlSink

        return JsonlSink(path, new, layout.packed)
    from edgewise.cli.tables.parquet_table import ParquetSink

    return ParquetSink(path, new)
