"""Made-up fleets, to measure what the sequential test really does. Used by benchmarks and tests only."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from edgewise_cloud.experiment.metrics import Floats, Sample, difference, kind_of
from edgewise_cloud.experiment.sequential import Estimate, half_width


@dataclass(frozen=True)
class Fleet:
    """How devices behave.

    Attributes:
        metric: What is measured.
        devices: Devices in each arm at the end; they join evenly over the first half of the days.
        challengers: Devices of the challenger, where its arm is smaller.
        days: Days, each with one look at its end.
        per_day: Mean number of comments or calls of a device a day; devices differ (gamma, shape 1).
        level: The mean of a share, or of the milliseconds.
        spread: How far devices differ: the standard deviation of their shares, or of the logarithm
            of their times.
    """

    metric: str
    devices: int = 400
    challengers: int | None = None
    days: int = 28
    per_day: float = 1.0
    level: float = 0.85
    spread: float = 0.1


def looks(fleet: Fleet, change: float, seed: np.random.Generator) -> list[Estimate | None]:
    """Make one experiment up; return the estimated difference to the control at every look.

    Args:
        fleet: How devices behave.
        change: What the challenger adds to a share; to an amount, its relative change.
        seed: The source of chance.
    """
    control = _arm(fleet, 0.0, seed)
    arm = _arm(replace(fleet, devices=fleet.challengers or fleet.devices), change, seed)
    return [difference(fleet.metric, _at(arm, day), _at(control, day)) for day in range(fleet.days)]


def first_alarm(
    changes: list[Estimate | None], scale: float, alpha: float, fixed: float | None = None
) -> int | None:
    """Return the first look at which a difference is seen, counted from 0; None when none is.

    Args:
        changes: From `looks`.
        scale: The difference that matters.
        alpha: The rate of false alarms that is allowed.
        fixed: In place of the test, the bound of a test that may be looked at once: 1.96 for 5 %.
    """
    for day, change in enumerate(changes):
        if change is None or not change.enough:
            continue
        bound = fixed * change.variance**0.5 if fixed else half_width(change.variance, scale, alpha)
        if abs(change.value) > bound:
            return day
    return None


def _at(sums: Sample, day: int) -> Sample:
    """Return what the devices that reported have reported by the end of a day."""
    there = sums[1][day] > 0
    return sums[0][day][there], sums[1][day][there]


def _arm(fleet: Fleet, change: float, seed: np.random.Generator) -> Sample:
    """Make an arm up: sums so far, by day and device (days, devices)."""
    size = (fleet.days, fleet.devices)
    eagerness = seed.gamma(1.0, fleet.per_day, fleet.devices)
    joined = np.arange(fleet.devices) * (fleet.days / 2) / fleet.devices
    here = np.arange(fleet.days)[:, None] >= joined[None, :]
    counts: npt.NDArray[np.int64] = seed.poisson(eagerness, size) * here
    if kind_of(fleet.metric).share:
        amounts = seed.binomial(counts, _shares(fleet, change, seed)).astype(np.float64)
    else:
        pace = fleet.level * (1 + change) * np.exp(seed.normal(0, fleet.spread, fleet.devices))
        amounts = counts * pace * np.exp(seed.normal(0, 0.3, size))
    return amounts.cumsum(0), counts.cumsum(0).astype(np.float64)


def _shares(fleet: Fleet, change: float, seed: np.random.Generator) -> Floats:
    """Draw the share of every device from a beta distribution."""
    level = fleet.level + change
    weight = max(level * (1 - level) / fleet.spread**2 - 1, 1e-3)
    return seed.beta(level * weight, (1 - level) * weight, fleet.devices)
