"""What an analyzer is told once (`Settings`) and at every call (`Request`), checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from numbers import Real

from edgewise.errors import InputError, UnknownLanguageError, UnknownTaskError
from edgewise.labels import TASKS

LANGUAGE = TASKS[0]
"""The task that every answer has, because the others are routed by it."""

_OBJECTIVES = ("latency", "throughput", "memory")
"""Those of `edgewise_runtimes.selection`, which is imported when the first model loads."""

ROWS = 64
"""Rows of a run, unless a call says otherwise."""


class SettingError(InputError, ValueError):
    """A setting has a value that makes no sense.

    Attributes:
        name: The setting.
        value: What was given.
    """

    def __init__(self, name: str, value: object, wanted: str) -> None:
        self.name = name
        self.value = value
        super().__init__(f"{name} is {value!r}. Give {wanted}.")


@dataclass(frozen=True)
class Settings:
    """How an analyzer loads and reads.

    Attributes:
        backend: A backend's name, `backend:device`, or `"auto"`.
        threads: Threads that one run of a model may use.
        max_chars: Characters of a text that are read; the rest is left out.
        max_windows: Windows of a text that are read; the rest is left out.
        arm: `experiment/arm` when the model was chosen by an experiment; results carry it.
        objective: What the choice of a backend looks for, see `edgewise_runtimes.selection`.
        strict: Whether an installed backend that does not work is an error.
        toxic_share: Share of toxic texts that thresholds are moved to, None to leave them.
    """

    backend: str
    threads: int
    max_chars: int
    max_windows: int
    arm: str | None = None
    objective: str = "latency"
    strict: bool = False
    toxic_share: float | None = None


@dataclass(frozen=True)
class Request:
    """What one call asks for.

    Attributes:
        tasks: The tasks to answer, in the order of `edgewise.TASKS`; the language is always told.
        thresholds: By task, thresholds of labels that replace the model's.
        explain: Whether to say which words made it so.
        rows: The most rows a run of a model may have.
    """

    tasks: tuple[str, ...]
    thresholds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    explain: bool = False
    rows: int = ROWS


def at_least_one(name: str, value: int) -> int:
    """Return a count.

    Raises:
        SettingError: It is no whole number, or below 1.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SettingError(name, value, "a whole number of at least 1")
    return value


def check_share(name: str, value: float | None) -> float | None:
    """Return a share, or None where none was given.

    Raises:
        SettingError: It is no number between 0 and 1, or it is either.
    """
    if value is None:
        return None
    number = isinstance(value, Real) and not isinstance(value, bool) and 0 < value < 1
    # Compared before it is converted, which an enormous one refuses, and after, which may round it to an end.
    if not number or not 0.0 < float(value) < 1.0:
        raise SettingError(name, value, "a number above 0 and below 1, for example 0.05 for 5 in 100")
    return float(value)


def kept(names: Iterable[str] | None) -> Iterable[str] | None:
    """Return names in a form that can be read more than once; what is none is left for a check to refuse."""
    return names if isinstance(names, str) or not hasattr(names, "__iter__") else tuple(names or ())


def check_objective(objective: str) -> str:
    """Return an objective of the choice of a backend.

    Raises:
        SettingError: There is no such objective.
    """
    if objective not in _OBJECTIVES:
        raise SettingError("objective", objective, f"one of {', '.join(_OBJECTIVES)}")
    return objective


def pick_tasks(asked: Iterable[str] | None, known: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tasks asked for, each once, in the usual order.

    >>> pick_tasks(["emotion", "sentiment"], ("language", "sentiment", "toxicity", "emotion"))
    ('sentiment', 'emotion')

    Args:
        asked: Names of tasks, one name, or None for every task.
        known: The tasks that the bundle does.

    Raises:
        UnknownTaskError: The bundle does no such task.
    """
    if asked is None:
        return known
    names = _names("tasks", asked)
    for name in names:
        if name not in known:
            raise UnknownTaskError(name, known)
    return tuple(task for task in known if task in names)


def pick_languages(asked: Iterable[str] | None, known: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the languages to choose from, each once, in the order given.

    Args:
        asked: Language codes, one code, or None for every language.
        known: The languages that the bundle tells apart; empty when it has no language model, and then a
            single code is taken on trust.

    Raises:
        SettingError: No language was given at all.
        UnknownLanguageError: The bundle does not know such a language.
    """
    if asked is None:
        return None
    names = tuple(dict.fromkeys(_names("languages", asked)))
    if not names:
        raise SettingError("languages", asked, "at least one language code, or None for all")
    if known or len(names) > 1:
        for name in names:
            if name not in known:
                raise UnknownLanguageError(name, known)
    return names


def _names(setting: str, asked: Iterable[str]) -> tuple[str, ...]:
    if isinstance(asked, str):
        return (asked,)
    try:
        names = tuple(asked)
    except TypeError:
        raise SettingError(setting, asked, "a list of names") from None
    if not all(isinstance(name, str) for name in names):
        raise SettingError(setting, asked, "a list of names, each a str")
    return names
