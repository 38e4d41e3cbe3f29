"""A test that may be looked at every day: the normal mixture, in the form of a confidence sequence.

For an estimate D of a difference with estimated variance V, the mixture likelihood ratio against a
difference d is

    L(d) = sqrt(V / (V + s^2)) * exp(s^2 (D - d)^2 / (2 V (V + s^2)))

where s is the difference that matters, named before the experiment begins. Along the looks L(d) is, for the
true d, a nonnegative martingale of mean 1 in the limit of many devices, so by Ville's inequality it *ever*
reaches 1/alpha with probability alpha at most. The differences that have not been refuted are the confidence
sequence.

Sources: Robbins, "Statistical methods related to the law of the iterated logarithm", Annals of Mathematical
Statistics 41 (1970); Johari, Koomen, Pekelis, Walsh, "Always valid inference: continuous monitoring of A/B
tests", Operations Research 70 (2022), the mixture sequential probability ratio test; Howard, Ramdas,
McAuliffe, Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals of Statistics 49
(2021), the normal mixture boundary; Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, "Time-uniform central
limit theory and asymptotic confidence sequences", Annals of Statistics 52 (2024), why an estimated variance
will do. The package `confseq` of the third source comes as C++ to be compiled, so the two formulas
stand here.

It holds in the limit: `MIN_DEVICES` says from when on. benchmarks/sequential.py measures the false alarms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

MIN_DEVICES = 50
"""Devices that each side needs before anything is concluded: below, the normal limit is not trusted."""

_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimate from independent devices.

    Attributes:
        value: The estimate.
        variance: Its estimated variance, in its unit squared.
        devices: The devices behind it; of a difference those of the smaller side.
        total: What was counted: comments judged, calls, comparisons.
    """

    value: float
    variance: float
    devices: int
    total: float

    @property
    def enough(self) -> bool:
        """Whether anything may be concluded from it."""
        return self.devices >= MIN_DEVICES

    def minus(self, other: Estimate) -> Estimate:
        """Return the estimated difference to an independent estimate."""
        return Estimate(
            self.value - other.value,
            self.variance + other.variance,
            min(self.devices, other.devices),
            min(self.total, other.total),
        )


def log_likelihood_ratio(estimate: Estimate, scale: float, against: float = 0.0) -> float:
    """Return the logarithm of the mixture likelihood ratio against a value.

    >>> round(log_likelihood_ratio(Estimate(0.02, 0.0001, 100, 100), scale=0.02), 3)
    0.795

    Args:
        estimate: What was estimated.
        scale: The difference that matters, above 0.
        against: The value that is put to the test.
    """
    variance = max(estimate.variance, _TINY * scale**2)
    both = variance + scale**2
    return 0.5 * math.log(variance / both) + (scale * (estimate.value - against)) ** 2 / (2 * variance * both)


def p_value(estimate: Estimate, scale: float, against: float = 0.0) -> float:
    """Return the always valid p-value: it stays below alpha, ever, with probability alpha at most."""
    return min(1.0, math.exp(-min(log_likelihood_ratio(estimate, scale, against), 700.0)))


def half_width(variance: float, scale: float, alpha: float) -> float:
    """Return half the width of the confidence sequence at a variance.

    >>> round(half_width(0.0001, scale=0.02, alpha=0.05), 4)
    0.0308
    """
    variance = max(variance, _TINY * scale**2)
    both = variance + scale**2
    return math.sqrt(variance * both / scale**2 * (2 * math.log(1 / alpha) + math.log(both / variance)))


def interval(estimate: Estimate, scale: float, alpha: float) -> tuple[float, float]:
    """Return the values not refuted: all looks together miss the truth with probability alpha at most.

    Args:
        estimate: What was estimated.
        scale: The difference that matters, above 0: here the interval is about the narrowest that it can be.
        alpha: 0 to 1.
    """
    width = half_width(estimate.variance, scale, alpha)
    return estimate.value - width, estimate.value + width
