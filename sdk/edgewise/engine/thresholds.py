"""Thresholds given with a call, and those of a place where toxic texts are rare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from numbers import Real

from edgewise.bundle.manifest import DEFAULT, ModelSpec, TaskSpec, Threshold
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


def at_share(threshold: float, share: float) -> float:
    """Move a threshold, or a score, from where as many texts are toxic as not to where a `share` of them is.

    Where toxic texts are rare, a score stands for a smaller probability: its odds shrink with those of the
    share (Saerens, Latinne and Decaestecker, "Adjusting the outputs of a classifier to new a priori
    probabilities", 2002). Macro-F1, for which thresholds are chosen, counts toxic and other texts alike
    whatever their share, so a threshold is taken to stand where the share is one half.

    >>> at_share(0.5, 0.5), round(at_share(0.5, 0.1), 2), at_share(1.0, 0.1)
    (0.5, 0.9, 1.0)

    Args:
        threshold: 0 to 1.
        share: Above 0 and below 1.
    """
    yes, no = threshold * (1.0 - share), (1.0 - threshold) * share
    return yes / (yes + no)


def for_share(spec: ModelSpec, share: float) -> ModelSpec:
    """Return a model whose thresholds of toxicity are those of a share of toxic texts; see `at_share`."""
    tasks = {
        name: _task_for_share(task, share) if TOXICITY in task.labels else task
        for name, task in spec.tasks.items()
    }
    return replace(spec, tasks=tasks)


def _task_for_share(task: TaskSpec, share: float) -> TaskSpec:
    known = {DEFAULT: Threshold(0.5), **task.thresholds}
    moved = {label: _moved(each, share) for label, each in known.items()}
    return replace(task, thresholds=moved, share=share)


def _moved(threshold: Threshold, share: float) -> Threshold:
    """Move a threshold; the precision and recall measured at it no longer hold."""
    languages = {code: _moved(each, share) for code, each in threshold.by_language.items()}
    return Threshold(at_share(threshold.value, share), by_language=languages)
