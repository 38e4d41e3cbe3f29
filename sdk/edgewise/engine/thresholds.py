"""Thresholds given with a call."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real

from edgewise.engine.settings import SettingError
from edgewise.errors import ThresholdError, UnknownLabelError, UnknownTaskError
from edgewise.labels import TOXICITY

Thresholds = Mapping[str, float | Mapping[str, float]]
"""By task a threshold, or thresholds by label: `{"sentiment": 0.6, "toxicity": {"insult": 0.9}}`."""


def parse_thresholds(
    given: Thresholds | None, labels: Mapping[str, tuple[str, ...]]
) -> dict[str, dict[str, float]]:
    """Return thresholds by task and label.

    A bare number stands for every label of the task; for toxicity, whose labels each have a threshold of
    their own, for the attribute `toxicity`, the one that decides between toxic and non-toxic.

    >>> parse_thresholds({"toxicity": 0.8}, {"toxicity": ("toxicity", "insult")})
    {'toxicity': {'toxicity': 0.8}}
    >>> parse_thresholds({"sentiment": 0.6}, {"sentiment": ("negative", "positive")})
    {'sentiment': {'negative': 0.6, 'positive': 0.6}}

    Args:
        given: What the caller passed.
        labels: Labels of every task that the bundle does.

    Raises:
        SettingError: `given` is no mapping.
        UnknownTaskError: The bundle does no such task.
        UnknownLabelError: The task has no such label.
        ThresholdError: A threshold is no number from 0 to 1.
    """
    if not given:
        return {}
    if not isinstance(given, Mapping):
        raise SettingError("thresholds", given, 'a mapping, for example {"toxicity": 0.8}')
    return {task: _of_task(task, value, labels) for task, value in given.items()}


def _of_task(
    task: str, value: float | Mapping[str, float], labels: Mapping[str, tuple[str, ...]]
) -> dict[str, float]:
    if task not in labels:
        raise UnknownTaskError(task, tuple(labels))
    if not isinstance(value, Mapping):
        number = _number(task, value)
        return dict.fromkeys((TOXICITY,) if TOXICITY in labels[task] else labels[task], number)
    for label in value:
        if label not in labels[task]:
            raise UnknownLabelError(label, labels[task])
    return {label: _number(label, number) for label, number in value.items()}


def _number(label: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ThresholdError(label, value)
    number = float(value)
    if not 0.0 <= number <= 1.0:
        raise ThresholdError(label, value)
    return number
