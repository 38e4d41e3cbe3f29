"""Files of records: JSONL, CSV and Parquet, or folders of them, read line by line."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from edgewise_cloud.experiment.errors import RecordsFileError
from edgewise_cloud.experiment.records import Row

_LONGEST = 100_000
_BATCH = 10_000


def read_rows(paths: Iterable[Path]) -> Iterator[Row]:
    """Read the lines of files; of folders, all files in them whose names end as they must, in order.

    Raises:
        RecordsFileError: There is no such file, its name does not say what it is, or it is damaged as a
            whole.
    """
    for path in paths:
        for file in _files(path):
            yield from _READERS[file.suffix.lower()](file)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.suffix.lower() in _READERS and file.is_file())
    if not path.is_file():
        raise RecordsFileError(path, "there is no such file or folder")
    if path.suffix.lower() not in _READERS:
        raise RecordsFileError(path, f"its name does not end in one of {', '.join(_READERS)}")
    return [path]


def _jsonl(path: Path) -> Iterator[Row]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield f"{path.name} line {number}", _object(line)
    except OSError as error:
        raise RecordsFileError(path, error.strerror or str(error)) from error


def _object(line: bytes) -> Mapping[str, Any] | None:
    if len(line) > _LONGEST:
        return None
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _csv(path: Path) -> Iterator[Row]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            if "format_version" not in (reader.fieldnames or ()):
                raise RecordsFileError(path, "its first line does not name the column format_version")
            for row in reader:
                whole = None not in row and None not in row.values()
                yield f"{path.name} line {reader.line_num}", row if whole else None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RecordsFileError(path, str(error)) from error


def _parquet(path: Path) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            done = 0
            for batch in file.iter_batches(_BATCH):
                for row in batch.to_pylist():
                    done += 1
                    yield f"{path.name} row {done}", row
    except (pa.ArrowException, OSError) as error:
        raise RecordsFileError(path, str(error).splitlines()[0]) from error


_READERS: dict[str, Callable[[Path], Iterator[Row]]] = {
    ".jsonl": _jsonl,
    ".csv": _csv,
    ".parquet": _parquet,
}
