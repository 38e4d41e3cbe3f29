"""The sequential test: its formulas, and what it does to made-up fleets; benchmarks measure more."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise_cloud.experiment.metrics import difference, estimate
from edgewise_cloud.experiment.sequential import (
    MIN_DEVICES,
    Estimate,
    half_width,
    interval,
    log_likelihood_ratio,
    p_value,
)
from edgewise_cloud.experiment.simulate import Fleet, first_alarm, looks

VALUES = st.floats(-1, 1)
VARIANCES = st.floats(1e-8, 1)
SCALES = st.floats(1e-3, 0.5)


def test_the_ratio_is_the_mixture_of_ratios_that_it_claims_to_be() -> None:
    """The closed form against the integral over the normal mixture, done by numbers."""
    value, variance, scale = 0.03, 0.0002, 0.02
    effects = np.linspace(-0.5, 0.5, 200_001)
    density = np.exp(-((effects / scale) ** 2) / 2) / (scale * math.sqrt(2 * math.pi))
    ratios = np.exp((value * effects - effects**2 / 2) / variance)
    integral = float((density * ratios).sum() * (effects[1] - effects[0]))
    assert math.exp(log_likelihood_ratio(Estimate(value, variance, 9, 9), scale)) == pytest.approx(integral)


@given(VALUES, VARIANCES, SCALES, st.floats(1e-4, 0.4), VALUES)
def test_the_interval_holds_what_the_test_does_not_refute(
    value: float, variance: float, scale: float, alpha: float, against: float
) -> None:
    found = Estimate(value, variance, 99, 99)
    low, high = interval(found, scale, alpha)
    evidence = log_likelihood_ratio(found, scale, against) - math.log(1 / alpha)
    if abs(evidence) > 1e-6:
        assert (low <= against <= high) == (evidence < 0)
    assert 0 < p_value(found, scale, against) <= 1


@given(VARIANCES, SCALES, st.floats(1e-4, 0.4))
def test_it_is_wider_than_an_interval_for_one_look(variance: float, scale: float, alpha: float) -> None:
    once = NormalDist().inv_cdf(1 - alpha / 2)
    assert half_width(variance, scale, alpha) > once * math.sqrt(variance)


def test_no_variance_at_all_is_no_division_by_zero() -> None:
    assert half_width(0.0, 0.02, 0.05) == pytest.approx(0, abs=1e-6)
    assert p_value(Estimate(0.5, 0.0, 99, 99), 0.02) < 1e-100


def test_the_variance_of_a_ratio_is_that_of_resampled_devices() -> None:
    chance = np.random.default_rng(5)
    of = chance.integers(1, 20, 300).astype(float)
    right = chance.binomial(of.astype(int), chance.beta(8, 2, 300)).astype(float)
    found = estimate("accuracy", right, of)
    assert found is not None
    picks = chance.integers(0, 300, (4000, 300))
    resampled = (right[picks].sum(1) / of[picks].sum(1)).std()
    assert math.sqrt(found.variance) == pytest.approx(resampled, rel=0.06)
    plain = math.sqrt(found.value * (1 - found.value) / of.sum())
    assert math.sqrt(found.variance) > 1.3 * plain  # comments of one device resemble each other


def test_latency_is_compared_by_its_ratio() -> None:
    of = np.full(100, 10.0)
    fast, slow = (estimate("latency_ms", of * each, of) for each in (8.0, 12.0))
    assert fast is not None and slow is not None
    assert math.exp(slow.minus(fast).value) == pytest.approx(1.5)


def test_too_little_gives_no_estimate_or_one_that_decides_nothing() -> None:
    none = np.zeros(0)
    assert estimate("accuracy", none, none) is None
    assert estimate("latency_ms", np.zeros(3), np.ones(3)) is None
    one = estimate("accuracy", np.ones(1), np.ones(1))
    assert one is not None and one.variance == math.inf
    all_right = estimate("error_rate", np.zeros(MIN_DEVICES), np.full(MIN_DEVICES, 10.0))
    assert all_right is not None and all_right.variance > 0 and all_right.enough


@pytest.mark.parametrize(
    "fleet",
    [
        Fleet("accuracy", devices=150),
        Fleet("error_rate", devices=150, level=0.01, spread=0.01, per_day=10),
        Fleet("latency_ms", devices=150, level=8.0, spread=0.5, per_day=5),
    ],
    ids=lambda fleet: fleet.metric,
)
def test_looking_every_day_raises_few_false_alarms(fleet: Fleet) -> None:
    chance = np.random.default_rng(20261123)
    scale = {"accuracy": 0.02, "error_rate": 0.01, "latency_ms": 0.1}[fleet.metric]
    made = [looks(fleet, 0.0, chance) for _ in range(200)]
    alarms = sum(first_alarm(each, scale, 0.05) is not None for each in made)
    naive = sum(first_alarm(each, scale, 0.05, fixed=1.96) is not None for each in made)
    assert alarms <= 10  # 5 % of 200; none or one is seen
    assert naive > 10  # what the usual test does when it is looked at every day


def test_a_small_arm_without_a_bad_device_is_not_surer_than_it_can_be() -> None:
    """One device in a hundred always fails, and the small arm happens to have none: nothing is shown."""
    fails = np.zeros(1000)
    fails[::100] = 100.0
    control, arm = (fails, np.full(1000, 100.0)), (np.zeros(60), np.full(60, 100.0))
    alone = [estimate("error_rate", *each) for each in (arm, control)]
    assert alone[0] is not None and alone[1] is not None
    assert interval(alone[0].minus(alone[1]), 0.01, 0.05)[1] < 0  # what each arm's own variance would say
    both = difference("error_rate", arm, control)
    assert both is not None
    low, high = interval(both, 0.01, 0.05)
    assert low < 0 < high


def test_the_variance_of_a_difference_is_never_below_what_both_arms_make() -> None:
    chance = np.random.default_rng(2)
    of = np.full(400, 20.0)
    right = chance.binomial(20, chance.beta(8, 2, 400)).astype(float)
    sides = ((right[:200], of[:200]), (right[200:], of[200:]))
    ours, control = (estimate("accuracy", *each) for each in sides)
    both = difference("accuracy", *sides)
    assert ours is not None and control is not None and both is not None
    assert both.value == pytest.approx(ours.value - control.value)
    assert both.variance >= ours.minus(control).variance
    assert both.variance == pytest.approx(ours.minus(control).variance, rel=0.25)
    flat = difference("accuracy", (of[:200], of[:200]), sides[1])
    assert flat is not None and flat.variance > 1.5 * control.variance


def test_a_difference_that_matters_is_found() -> None:
    chance = np.random.default_rng(7)
    fleet = Fleet("accuracy", devices=600, per_day=2.0)
    found = [first_alarm(looks(fleet, -0.05, chance), 0.02, 0.05) for _ in range(25)]
    assert sum(day is not None for day in found) >= 22
