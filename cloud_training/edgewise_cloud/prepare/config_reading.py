"""Reading settings from parsed JSON: every name, type and range is checked."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from edgewise_cloud.prepare.errors import PrepareConfigError

T = TypeVar("T")

_SHARES = {
    "near.threshold", "conflicts.majority", "noisy.most", "noisy.confidence", "clean.most_markup",
    "clean.most_broken", "augment.weight", "augment.kinds.share", "class_weights.beta",
}  # fmt: skip
_POSITIVE = {
    "limit", "near.shingle", "near.permutations", "near.bands", "noisy.least_rows", "sampling.whole",
    "sampling.repeats", "sampling.rows",
}  # fmt: skip
_AT_LEAST_TWO = {"noisy.folds", "dev.part"}


def read_settings(cls: type[T], raw: object, where: str = "") -> T:
    """Read a frozen dataclass of settings; what the JSON does not say keeps its default.

    Args:
        cls: Its fields are bools, numbers, strings, literals, tuples of those, or further such dataclasses.
        raw: Parsed JSON.
        where: Place of these settings inside others.

    Raises:
        PrepareConfigError: A setting does not exist or has a wrong value.
    """
    if not isinstance(raw, Mapping):
        raise PrepareConfigError(where or "(all)", f"expected an object, got {raw!r}")
    hints = get_type_hints(cls)
    known = [item.name for item in fields(cls)]  # type: ignore[arg-type]
    values = {}
    for name, value in raw.items():
        place = f"{where}.{name}" if where else str(name)
        if name not in known:
            raise PrepareConfigError(place, f"there is no such setting; known are {', '.join(known)}")
        values[name] = _value(hints[name], value, place)
    try:
        return cls(**values)
    except TypeError as error:
        raise PrepareConfigError(where or "(all)", str(error)) from error


def _value(kind: Any, value: Any, where: str) -> Any:
    """Read a value of a given type."""
    origin = get_origin(kind)
    if is_dataclass(kind):
        return read_settings(kind, value, where)  # type: ignore[arg-type]
    if origin in (Union, types.UnionType):
        return None if value is None else _value(get_args(kind)[0], value, where)
    if origin is Literal:
        if value not in get_args(kind):
            raise PrepareConfigError(where, f"{value!r} is none of {', '.join(get_args(kind))}")
        return value
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise PrepareConfigError(where, f"expected a list, got {value!r}")
        return tuple(_value(get_args(kind)[0], item, where) for item in value)
    return _plain(kind, value, where)


def _plain(kind: type, value: Any, where: str) -> Any:
    """Check a bool, a number or a string."""
    wanted: Any = (int, float) if kind is float else kind
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind is not bool):
        raise PrepareConfigError(where, f"expected {kind.__name__}, got {value!r}")
    if where in _SHARES and not 0 <= value <= 1:
        raise PrepareConfigError(where, f"{value} does not lie between 0 and 1")
    if where in _POSITIVE and value < 1:
        raise PrepareConfigError(where, f"{value} is smaller than 1")
    if where in _AT_LEAST_TWO and value < 2:
        raise PrepareConfigError(where, f"{value} is smaller than 2")
    if where == "sampling.temperature" and value < 1:
        raise PrepareConfigError(where, f"{value} is smaller than 1, which would make large groups larger")
    return value
