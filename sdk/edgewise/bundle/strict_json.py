"""JSON as a manifest may hold it: one object, finite numbers, no repeated key, not too deep, not too long."""

from __future__ import annotations

import json
import math
from typing import Any

from edgewise.bundle.errors import ManifestSyntaxError, ManifestTooLargeError

MAX_MANIFEST_BYTES = 1024 * 1024
"""The largest manifest a reader parses."""

MAX_DEPTH = 32
"""How deep objects and lists of a manifest may be nested."""

_MAX_DIGITS = 18


class _RefusedError(ValueError):
    """A token that JSON allows, or Python's parser does, and a manifest does not."""


def parse_object(data: bytes, path: object) -> dict[str, Any]:
    """Parse the bytes of a manifest.

    Args:
        data: UTF-8, at most `MAX_MANIFEST_BYTES` long.
        path: What to call the manifest in messages.

    Returns:
        The object. Every number in it is finite, every whole number has at most 18 digits.

    Raises:
        ManifestTooLargeError: There are more bytes than that.
        ManifestSyntaxError: The bytes are not such an object.
    """
    if len(data) > MAX_MANIFEST_BYTES:
        raise ManifestTooLargeError(path, MAX_MANIFEST_BYTES)
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_short,
        )
    except UnicodeDecodeError as error:
        raise ManifestSyntaxError(path, f"it is not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise ManifestSyntaxError(
            path, f"it is not JSON at line {error.lineno}, column {error.colno}: {error.msg}"
        ) from None
    except _RefusedError as error:
        raise ManifestSyntaxError(path, str(error)) from None
    except RecursionError:
        raise ManifestSyntaxError(path, f"it is nested deeper than {MAX_DEPTH}") from None
    if not isinstance(value, dict):
        raise ManifestSyntaxError(path, f"it holds a JSON {json_type(value)} where an object belongs")
    if _deeper_than(value, MAX_DEPTH):
        raise ManifestSyntaxError(path, f"it is nested deeper than {MAX_DEPTH}")
    return value


def json_type(value: object) -> str:
    """Name the JSON type of a parsed value.

    >>> json_type([]), json_type(None), json_type(0.5)
    ('list', 'null', 'number')
    """
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    for kinds, name in ((str, "string"), ((int, float), "number"), (dict, "object"), (list, "list")):
        if isinstance(value, kinds):
            return name
    return type(value).__name__


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object that says a thing twice: two readers could believe different halves of it."""
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _RefusedError(f"the key {key!r} stands twice in one object")
            seen.add(key)
    return found


def _refuse_constant(token: str) -> float:
    raise _RefusedError(f"{token} is not a number that JSON knows")


def _finite(token: str) -> float:
    number = float(token)
    if not math.isfinite(number):
        raise _RefusedError(f"the number {token[:40]} is too large")
    return number


def _short(token: str) -> int:
    if len(token.lstrip("-")) > _MAX_DIGITS:
        raise _RefusedError(f"the number {token[:40]} has more than {_MAX_DIGITS} digits")
    return int(token)


def _deeper_than(value: object, limit: int) -> bool:
    """Walk level by level, so a deep value cannot exhaust the stack."""
    level: list[object] = [value]
    for _ in range(limit):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return False
    return True


def _children(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
