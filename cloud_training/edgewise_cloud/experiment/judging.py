"""How an experiment stands: figures of the arms, comparisons with the control, guardrails."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

import numpy as np

from edgewise.updates.channels_document import RUNNING, Arm, Experiment, Guardrail
from edgewise_cloud.experiment.metrics import (
    KINDS,
    Figure,
    Sample,
    change_figure,
    difference,
    estimate,
    kind_of,
    own_figure,
)
from edgewise_cloud.experiment.records import Row, Seen, Tally, add_up
from edgewise_cloud.experiment.sequential import Estimate, p_value
from edgewise_cloud.experiment.split import split_p_value

BETTER, WORSE, OPEN, TOO_FEW = "better", "worse", "open", "too few devices"
"""What a comparison says."""

HELD, CROSSED, UNKNOWN = "held", "crossed", "unknown"
"""What a guardrail says."""


@dataclass(frozen=True)
class ArmStatus:
    """An arm.

    Attributes:
        name: Its name.
        model: The model its devices use.
        share: Its share of the channel's devices.
        state: Whether it runs.
        devices: Devices that reported.
        figures: Its metrics, each with a confidence sequence; None where nothing was reported.
    """

    name: str
    model: str
    share: float
    state: str
    devices: int
    figures: dict[str, Figure | None]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        figures = {name: figure and figure.to_dict() for name, figure in self.figures.items()}
        return {**_plain(self), "figures": figures}


@dataclass(frozen=True)
class Comparison:
    """An arm against the control.

    Attributes:
        arm: The arm.
        metric: The metric.
        decides: Whether it is the metric that the experiment is decided by.
        change: The change with its confidence sequence; None where one of them has no figure.
        p: The always valid p-value; 1 where there is no change.
        verdict: `BETTER`, `WORSE`, `OPEN` or `TOO_FEW`.
    """

    arm: str
    metric: str
    decides: bool
    change: Figure | None
    p: float
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {**_plain(self), "change": self.change and self.change.to_dict()}


@dataclass(frozen=True)
class GuardrailStatus:
    """A guardrail and an arm.

    Attributes:
        arm: The arm.
        guardrail: The line.
        figure: What was measured; None where there is nothing.
        state: `HELD`: not refuted; `CROSSED`: the whole confidence sequence lies beyond the line; `UNKNOWN`:
            too few devices.
    """

    arm: str
    guardrail: Guardrail
    figure: Figure | None
    state: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {
            "arm": self.arm,
            **self.guardrail.to_dict(),
            "figure": self.figure and self.figure.to_dict(),
            "state": self.state,
        }


@dataclass(frozen=True)
class Status:
    """How an experiment stands.

    Attributes:
        experiment: The experiment.
        when: When it was looked at.
        arms: Its arms.
        comparisons: Every other arm against the control, by metric.
        guardrails: Every other arm at every guardrail.
        split: Always valid p-value of the devices' split over the running arms, see `split_p_value`.
        seen: What became of the records.
    """

    experiment: Experiment
    when: datetime
    arms: tuple[ArmStatus, ...]
    comparisons: tuple[Comparison, ...]
    guardrails: tuple[GuardrailStatus, ...]
    split: float
    seen: Seen

    @property
    def crossed(self) -> dict[str, str]:
        """The reason for each running arm that has to be stopped."""
        found: dict[str, str] = {}
        for each in self.guardrails:
            if each.state == CROSSED and self.experiment.arm(each.arm).state == RUNNING:
                found.setdefault(each.arm, f"guardrail crossed: {each.guardrail}")
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {
            "experiment": self.experiment.name,
            "channel": self.experiment.channel,
            "state": self.experiment.state,
            "reason": self.experiment.reason,
            "control": self.experiment.control,
            "metric": self.experiment.metric,
            "alpha": self.experiment.alpha,
            "when": self.when.astimezone(UTC).isoformat(timespec="seconds"),
            "arms": [each.to_dict() for each in self.arms],
            "comparisons": [each.to_dict() for each in self.comparisons],
            "guardrails": [each.to_dict() for each in self.guardrails],
            "split_p": self.split,
            "records": _plain(self.seen),
        }


def judge(experiment: Experiment, rows: Iterable[Row], now: datetime | None = None) -> Status:
    """Say how an experiment stands. May be called every day, or every minute, without raising false alarms.

    `alpha` is shared out: the metric that decides has it for all arms together, the guardrails have it once
    more for all guardrails and arms together. All other figures have their own and decide nothing.

    Args:
        experiment: The experiment.
        rows: Lines of records; none at all is fine, and nothing is concluded.
        now: The time, in UTC; None for the clock's.

    Raises:
        RecordsFileError: A file cannot be read, see `read_rows`.
    """
    instant = now or datetime.now(UTC)
    tally = add_up(rows, experiment.name, [arm.name for arm in experiment.arms], experiment.start, instant)
    return judge_tally(experiment, tally, instant)


def judge_tally(experiment: Experiment, tally: Tally, now: datetime) -> Status:
    """Say how an experiment stands, from records that were added up."""
    metrics = _metrics(experiment, tally)
    samples = {
        arm.name: {metric: _sample(tally.arms[arm.name].get(metric, {})) for metric in metrics}
        for arm in experiment.arms
    }
    found = {
        name: {metric: estimate(metric, *sample) for metric, sample in each.items()}
        for name, each in samples.items()
    }
    changes = {
        name: {
            metric: difference(metric, sample, samples[experiment.control][metric])
            for metric, sample in each.items()
        }
        for name, each in samples.items()
    }
    others = [arm for arm in experiment.arms if arm.name != experiment.control]
    return Status(
        experiment=experiment,
        when=now,
        arms=tuple(_arm(experiment, arm, found[arm.name], tally) for arm in experiment.arms),
        comparisons=tuple(
            _compare(experiment, arm.name, metric, changes[arm.name][metric], len(others))
            for arm in others
            for metric in metrics
        ),
        guardrails=tuple(
            _guard(
                experiment,
                arm.name,
                rail,
                (found if rail.of == "arm" else changes)[arm.name][rail.metric],
                len(others),
            )
            for arm in others
            for rail in experiment.guardrails
        ),
        split=_split(experiment, tally),
        seen=tally.seen,
    )


def _split(experiment: Experiment, tally: Tally) -> float:
    running = [arm for arm in experiment.arms if arm.state == RUNNING and arm.share > 0]
    return split_p_value([tally.devices(arm.name) for arm in running], [arm.share for arm in running])


def _metrics(experiment: Experiment, tally: Tally) -> list[str]:
    """Name the metrics: the usual ones, what the experiment names, accuracy of tasks that came."""
    named = [experiment.metric, *(rail.metric for rail in experiment.guardrails)]
    came = sorted({metric for sums in tally.arms.values() for metric in sums if "." in metric})
    return list(dict.fromkeys([experiment.metric, *KINDS, *named, *came]))


def _sample(by_device: dict[str, list[float]]) -> Sample:
    table = np.array(list(by_device.values()), dtype=np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def scale_of(experiment: Experiment, metric: str) -> float:
    """Return the difference that matters for a metric: what the experiment says, or what is usual."""
    general = experiment.effects.get(metric.partition(".")[0], kind_of(metric).effect)
    return experiment.effects.get(metric, general)


def _arm(experiment: Experiment, arm: Arm, found: dict[str, Estimate | None], tally: Tally) -> ArmStatus:
    figures = {
        metric: None
        if each is None
        else own_figure(metric, each, scale_of(experiment, metric), experiment.alpha)
        for metric, each in found.items()
    }
    return ArmStatus(arm.name, arm.model, arm.share, arm.state, tally.devices(arm.name), figures)


def _compare(experiment: Experiment, arm: str, metric: str, change: Estimate | None, arms: int) -> Comparison:
    decides = metric == experiment.metric
    if change is None or not math.isfinite(change.variance):
        return Comparison(arm, metric, decides, None, 1.0, TOO_FEW)
    sharing, scale = arms if decides else 1, scale_of(experiment, metric)
    p = min(1.0, p_value(change, scale) * sharing)
    figure = change_figure(metric, change, scale, experiment.alpha / sharing)
    if not change.enough:
        return Comparison(arm, metric, decides, figure, p, TOO_FEW)
    if figure.low <= 0 <= figure.high:
        return Comparison(arm, metric, decides, figure, p, OPEN)
    better = (figure.low > 0) == kind_of(metric).more_is_better
    return Comparison(arm, metric, decides, figure, p, BETTER if better else WORSE)


def _guard(
    experiment: Experiment, arm: str, rail: Guardrail, found: Estimate | None, arms: int
) -> GuardrailStatus:
    if found is None or not math.isfinite(found.variance):
        return GuardrailStatus(arm, rail, None, UNKNOWN)
    alpha = experiment.alpha / (arms * len(experiment.guardrails))
    say = own_figure if rail.of == "arm" else change_figure
    figure = say(rail.metric, found, scale_of(experiment, rail.metric), alpha)
    if not found.enough:
        return GuardrailStatus(arm, rail, figure, UNKNOWN)
    beyond = figure.low > rail.bound if rail.direction == "at_most" else figure.high < rail.bound
    return GuardrailStatus(arm, rail, figure, CROSSED if beyond else HELD)


def _plain(value: Any) -> dict[str, Any]:
    return {each.name: getattr(value, each.name) for each in fields(value)}
