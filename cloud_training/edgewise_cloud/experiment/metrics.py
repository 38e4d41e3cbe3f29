"""What arms are measured by: ratios of sums over devices, with a variance from device to device.

A device gives many comments and calls that resemble each other; only devices are independent. So the
variance is that of a ratio of sums over devices (linearised, the cluster-robust one), never that of comments
by themselves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgewise_cloud.experiment.sequential import Estimate, interval

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Kind:
    """How a metric is judged.

    Attributes:
        share: Whether it is a share, 0 to 1; otherwise a positive amount that is compared by its ratio.
        more_is_better: Whether an arm should have more of it.
        effect: The difference that matters unless the experiment says otherwise.
        unit: What it is measured in; empty for a share.
    """

    share: bool
    more_is_better: bool
    effect: float
    unit: str = ""


KINDS = {
    "accuracy": Kind(share=True, more_is_better=True, effect=0.02),
    "agreement": Kind(share=True, more_is_better=True, effect=0.02),
    "error_rate": Kind(share=True, more_is_better=False, effect=0.01),
    "latency_ms": Kind(share=False, more_is_better=False, effect=0.1, unit="ms"),
}
"""Metrics by name."""


def kind_of(metric: str) -> Kind:
    """Return the kind of a metric; `accuracy.toxicity` is of the kind of `accuracy`."""
    return KINDS[metric.partition(".")[0]]


def estimate(metric: str, amounts: Floats, counts: Floats) -> Estimate | None:
    """Estimate a metric of one arm.

    The value is the sum of the amounts over the sum of the counts; an amount that is no share is taken by its
    logarithm, so that differences are relative. Where a share's variance comes out below that of independent
    draws (all answers right, say), that of independent draws is taken, with one imagined answer of each sort.

    Args:
        metric: Its name.
        amounts: By device (n,): answers that were right, errors, milliseconds.
        counts: By device (n,), above 0: answers, calls.

    Returns:
        The estimate; None when there is nothing to estimate from.
    """
    devices, total, amount = len(counts), float(counts.sum()), float(amounts.sum())
    if devices == 0 or total <= 0:
        return None
    value = amount / total
    if devices == 1:
        variance = math.inf
    else:
        rest = amounts - value * counts
        variance = devices / (devices - 1) * float(rest @ rest) / total**2
    if kind_of(metric).share:
        guess = (amount + 1) / (total + 2)
        return Estimate(value, max(variance, guess * (1 - guess) / total), devices, total)
    if value <= 0:
        return None
    return Estimate(math.log(value), variance / value**2, devices, total)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure for people.

    Attributes:
        value: The value, in the unit of the metric; of a change of an amount the relative change.
        low: The lower end of its confidence sequence.
        high: The upper end.
        devices: The devices behind it.
        total: What was counted.
    """

    value: float
    low: float
    high: float
    devices: int
    total: float

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values; an end that is not bounded is null."""
        low, high = (end if math.isfinite(end) else None for end in (self.low, self.high))
        return {"value": self.value, "low": low, "high": high, "devices": self.devices, "total": self.total}


def own_figure(metric: str, found: Estimate, scale: float, alpha: float) -> Figure:
    """Turn an arm's estimate into a figure."""
    low, high = interval(found, scale, alpha)
    if kind_of(metric).share:
        return Figure(found.value, max(0.0, low), min(1.0, high), found.devices, found.total)
    return Figure(_exp(found.value), _exp(low), _exp(high), found.devices, found.total)


def change_figure(metric: str, found: Estimate, scale: float, alpha: float) -> Figure:
    """Turn an estimated difference between arms into a figure."""
    low, high = interval(found, scale, alpha)
    if kind_of(metric).share:
        return Figure(found.value, max(-1.0, low), min(1.0, high), found.devices, found.total)
    return Figure(_exp(found.value) - 1, _exp(low) - 1, _exp(high) - 1, found.devices, found.total)


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf
