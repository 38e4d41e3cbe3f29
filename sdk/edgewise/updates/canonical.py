"""JSON in one form only, so that a signature over it means the same everywhere (RFC 8785, "JCS")."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

_SAFE = 2**53


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
    if value == 0:
        return "0"
    # The digits of `repr` are the shortest ones; only where the point goes is different (ECMA-262).
    shortest = Decimal(repr(value)).normalize().as_tuple()
    digits = "".join(map(str, shortest.digits))
    point = len(digits) + int(shortest.exponent)
    return ("-" if shortest.sign else "") + _placed(digits, point)


def _placed(digits: str, point: int) -> str:
    """Write digits whose point stands after so many of them."""
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{rest}e{'+' if point > 0 else '-'}{abs(point - 1)}"
