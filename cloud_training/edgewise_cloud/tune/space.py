"""Search spaces, as data."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewise_cloud.tune.errors import SpaceError, SpaceFileError

if TYPE_CHECKING:
    from optuna import Trial

_KEYS = {
    "float": {"type", "low", "high", "log"},
    "int": {"type", "low", "high", "log"},
    "choice": {"type", "choices"},
}
Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a parameter may be.

    Attributes:
        name: Dotted name in the recipe, such as "training.rate".
        type: "float", "int" or "choice".
        low: Least value of a number.
        high: Greatest value of a number, itself included.
        log: Whether small numbers are looked at as closely as large ones.
        choices: What a choice is between.
    """

    name: str
    type: str
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    choices: tuple[Value, ...] = ()

    def suggest(self, trial: Trial) -> Value:
        """Ask a trial for a value."""
        if self.type == "float":
            return trial.suggest_float(self.name, self.low, self.high, log=self.log)
        if self.type == "int":
            return trial.suggest_int(self.name, int(self.low), int(self.high), log=self.log)
        return trial.suggest_categorical(self.name, self.choices)

    def to_dict(self) -> dict[str, Any]:
        """Return it as in the file."""
        if self.type == "choice":
            return {"type": self.type, "choices": list(self.choices)}
        return {"type": self.type, "low": self.low, "high": self.high, "log": self.log}


@dataclass(frozen=True, slots=True)
class Space:
    """What a search may try.

    Attributes:
        parameters: In the order of the file.
    """

    parameters: tuple[Parameter, ...]

    def suggest(self, trial: Trial) -> dict[str, Value]:
        """Ask a trial for values of all parameters."""
        return {each.name: each.suggest(trial) for each in self.parameters}

    def to_dict(self) -> dict[str, Any]:
        """Return it as in the file."""
        return {each.name: each.to_dict() for each in self.parameters}


def load_space(path: Path) -> Space:
    """Read a search space: a JSON object of parameters by name.

    Raises:
        SpaceFileError: The file cannot be read as one.
        SpaceError: A parameter is not described well.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SpaceFileError(path, error.strerror or str(error)) from error
    except ValueError as error:
        raise SpaceFileError(path, f"it is no JSON ({error})") from error
    if not isinstance(found, dict) or not found:
        raise SpaceFileError(path, "it is no object with at least one parameter")
    return parse_space(found)


def parse_space(space: Mapping[str, Any]) -> Space:
    """Check a search space.

    Args:
        space: By name of the parameter: {"type": "float" or "int", "low": .., "high": .., "log": ..} or
            {"type": "choice", "choices": [..]}; "log" may be left out.

    Raises:
        SpaceError: A parameter is not described well.

    >>> parse_space({"rate": {"type": "float", "low": 1e-5, "high": 1e-3, "log": True}}).parameters[0].high
    0.001
    """
    if not space:
        raise SpaceError("", "the space is empty")
    return Space(tuple(_parameter(name, facts) for name, facts in space.items()))


def _parameter(name: str, facts: Any) -> Parameter:
    if not isinstance(name, str) or not all(name.split(".")):
        raise SpaceError(str(name), "its name is empty, or has an empty part")
    if not isinstance(facts, Mapping) or facts.get("type") not in _KEYS:
        raise SpaceError(name, f"its type is none of {', '.join(_KEYS)}")
    kind = facts["type"]
    if unknown := sorted(map(str, set(facts) - _KEYS[kind])):
        raise SpaceError(name, f"a {kind} has no {unknown[0]!r}")
    if kind == "choice":
        return Parameter(name, kind, choices=_choices(name, facts.get("choices")))
    return _number(name, kind, facts)


def _choices(name: str, found: Any) -> tuple[Value, ...]:
    if not isinstance(found, list | tuple) or not found:
        raise SpaceError(name, "it has no list of choices")
    if not all(each is None or isinstance(each, str | int | float | bool) for each in found):
        raise SpaceError(name, "its choices are not all texts, numbers, true, false or null")
    if len({(type(each), each) for each in found}) != len(found):
        raise SpaceError(name, "a choice stands there twice")
    return tuple(found)


def _number(name: str, kind: str, facts: Mapping[str, Any]) -> Parameter:
    low: Any = facts.get("low")
    high: Any = facts.get("high")
    log = facts.get("log")
    for bound, value in (("low", low), ("high", high)):
        if not _is_number(value, kind):
            raise SpaceError(name, f"{bound!r} is {value!r} and no {kind}")
    if log is not None and not isinstance(log, bool):
        raise SpaceError(name, f"'log' is {log!r}, neither true nor false")
    if low > high:
        raise SpaceError(name, f"'low' {low} is above 'high' {high}")
    if log and low <= 0:
        raise SpaceError(name, f"'log' needs a 'low' above 0, not {low}")
    return Parameter(name, kind, low, high, bool(log))


def _is_number(value: Any, kind: str) -> bool:
    right = isinstance(value, int) or (kind == "float" and isinstance(value, float))
    return right and not isinstance(value, bool) and math.isfinite(value)
