"""JSON in one form only, so that a signature over it means the same everywhere (RFC 8785, "JCS")."""

from __future__ import annotations

import json
import math
import re
from typing import Any

_SAFE = 2**53
_EXPONENT = re.compile(r"(-?)(\d)(?:\.(\d+))?e([+-]\d+)")


def canonical(value: Any) -> bytes:
    r"""Return the canonical bytes of a JSON value.

    >>> canonical({"b": [1.0, 1e-7, 1e21], "a": "ü\n"}).decode()
    '{"a":"ü\\n","b":[1,1e-7,1e+21]}'

    Raises:
        ValueError: It holds what has no such form: NaN, a whole number beyond 2^53, a lone surrogate.
    """
    return _text(value).encode("utf-8")


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_text, value)) + "]"
    if isinstance(value, dict):
        # As JavaScript orders strings: by their UTF-16 code units.
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(f"{_text(key)}:{_text(value[key])}" for key in keys) + "}"
    raise ValueError(f"{type(value).__name__} is no JSON value.")


def _number(value: float) -> str:
    """Write a number as ECMAScript does: the shortest digits that give the same double."""
    if isinstance(value, int):
        if abs(value) > _SAFE:
            raise ValueError(f"The whole number {value} is larger than 2^53. Write it as a text.")
        return str(value)
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a number that JSON knows.")
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    sign, first, rest, exponent = _scientific(value)
    power = int(exponent)
    digits = first + rest
    if -7 < power < 0:
        return f"{sign}0.{'0' * (-power - 1)}{digits}"
    if 0 <= power < 21:
        return f"{sign}{digits[: power + 1]}.{digits[power + 1 :]}"
    return f"{sign}{first}{'.' + rest if rest else ''}e{'+' if power > 0 else '-'}{abs(power)}"


def _scientific(value: float) -> tuple[str, str, str, str]:
    """Split a float into sign, first digit, further digits and exponent; the digits of its `repr`."""
    digits = len(repr(abs(value)).partition("e")[0].replace(".", "").lstrip("0"))
    match = _EXPONENT.fullmatch(f"{value:.{max(digits - 1, 0)}e}")
    if match is None:
        raise ValueError(f"{value!r} has no canonical form.")
    return match[1], match[2], (match[3] or "").rstrip("0"), match[4]
