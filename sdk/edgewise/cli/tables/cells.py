"""One cell: how a value is put into a format that has no such type."""

from __future__ import annotations

import base64
import datetime
import decimal
import hashlib
import json
from pathlib import Path
from typing import Any

from edgewise.cli.tables.encoding import reading, storable
from edgewise.cli.tables.model import ABSENT, Row

ORIGINAL = "; original: "
"""What stands in the error column between the problem and the row as it was."""


def error_cell(problem: str | None, row: Row) -> str | None:
    """Say what is wrong with a row, and how it stood when its content does not fit the columns.

    >>> error_cell("it has 1 cell, the header has 2", Row([], original="oops"))
    'it has 1 cell, the header has 2; original: oops'
    """
    if problem is None or row.original is None:
        return problem
    return f"{problem}{ORIGINAL}{row.original}"


def as_csv_text(value: Any) -> str:
    """Write a value as the text of a CSV cell: nothing for None, JSON for what is nested.

    >>> [as_csv_text(value) for value in ("a", None, True, 1.5, ["b"])]
    ['a', '', 'true', '1.5', '["b"]']
    """
    if isinstance(value, str):
        return value
    if value is None or value is ABSENT:
        return ""
    plain = as_json(value)
    return plain if isinstance(plain, str) else to_json(plain)


def as_json(value: Any) -> Any:
    """Turn what JSON does not know into what it does: dates and decimals to text, bytes to base64.

    >>> as_json(decimal.Decimal("1.10")), as_json(b"ab"), as_json(float("nan"))
    ('1.10', 'YWI=', None)
    """
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal | datetime.timedelta):
        return str(value)
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value


def to_json(value: Any) -> str:
    """Write a value as one line of JSON that is readable and always UTF-8."""
    text = json.dumps(value, ensure_ascii=False)
    return text if storable(text) == text else json.dumps(value)


def sized_and_hashed(path: Path) -> tuple[int, str]:
    """Return a file's size in bytes and its sha256.

    Raises:
        InputFileError: It cannot be read.
    """
    with reading(path), path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return file.tell(), sha256
