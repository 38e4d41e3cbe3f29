"""Bootstrap, McNemar and Holm against what they should be."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("sklearn")
pytest.importorskip("scipy")
pytest.importorskip("pyarrow")

from edgewise_cloud.gates.bootstrap import Tallied, Units
from edgewise_cloud.gates.errors import CountError, ProbabilityError
from edgewise_cloud.gates.paired import holm, mcnemar
from edgewise_cloud.gates.spread import difference_p, interval

PROBABILITY = st.floats(0.0, 1.0)


def by_hand(b: int, c: int) -> float:
    """The mid-p value of fair coins by counting: what is as unlikely as what was seen, that itself half."""
    n = b + c
    if b == c:
        return 1.0
    tail = sum(math.comb(n, k) for k in range(min(b, c) + 1)) / 2**n
    return 2 * tail - math.comb(n, min(b, c)) / 2**n


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_sum_over_all_outcomes(b: int, c: int) -> None:
    assert mcnemar(b, c) == pytest.approx(by_hand(b, c), abs=1e-12)


@given(st.integers(0, 2000), st.integers(0, 2000))
def test_mcnemar_does_not_care_which_model_is_first(b: int, c: int) -> None:
    assert mcnemar(b, c) == pytest.approx(mcnemar(c, b), rel=1e-9)
    assert 0.0 <= mcnemar(b, c) <= 1.0


def test_mcnemar_refuses_a_negative_count() -> None:
    with pytest.raises(CountError, match="-1"):
        mcnemar(3, -1)


@given(st.lists(PROBABILITY, max_size=20))
def test_holm_only_raises_and_keeps_the_order(p: list[float]) -> None:
    corrected = holm(p)
    assert all(q >= own - 1e-12 and q <= 1.0 for own, q in zip(p, corrected, strict=True))
    order = np.argsort(p, kind="stable")
    assert np.all(np.diff(np.array(corrected)[order]) >= 0)
    assert all(q <= min(1.0, own * len(p)) + 1e-12 for own, q in zip(p, corrected, strict=True))


@given(st.lists(PROBABILITY, min_size=1, max_size=8), st.floats(0.01, 0.2))
def test_holm_rejects_what_the_step_down_procedure_rejects(p: list[float], level: float) -> None:
    rejected = set()
    for step, i in enumerate(np.argsort(p, kind="stable")):
        if p[i] * (len(p) - step) > level:
            break
        rejected.add(int(i))
    assert {i for i, q in enumerate(holm(p)) if q <= level} == rejected


def test_holm_refuses_what_is_no_probability() -> None:
    with pytest.raises(ProbabilityError, match="p-values"):
        holm([0.5, math.nan])


def shares(values: np.ndarray) -> Units:
    """Units of a mean: each value is a unit of its own."""

    def mean(drawn: np.ndarray) -> np.ndarray:
        return (drawn @ values[:, None]) / drawn.sum(axis=1, keepdims=True)

    return Units(np.ones(len(values), dtype=np.int64), np.zeros(len(values), dtype=np.int64), mean)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(-10, 10), min_size=1, max_size=40),
    st.floats(0.5, 0.99),
    st.integers(0, 5),
)
def test_the_interval_holds_the_figure(values: list[float], confidence: float, seed: int) -> None:
    units = shares(np.array(values))
    figure = float(units.figures()[0])
    assert figure == pytest.approx(np.mean(values))
    low, high = interval(figure, units.resampled(np.random.default_rng(seed), 60)[:, 0], confidence)
    assert low <= figure <= high
    assert low >= min(values) - 1e-9
    assert high <= max(values) + 1e-9


def test_the_interval_is_about_as_wide_as_theory_says() -> None:
    hits = np.repeat([1.0, 0.0], [800, 200])
    drawn = shares(hits).resampled(np.random.default_rng(0), 4000)[:, 0]
    assert drawn.std() == pytest.approx(math.sqrt(0.8 * 0.2 / 1000), rel=0.06)
    assert drawn.mean() == pytest.approx(0.8, abs=0.001)


def test_alike_rows_may_be_counted_together() -> None:
    """Drawing counts is drawing rows."""

    def mean(drawn: np.ndarray) -> np.ndarray:
        return drawn[:, :1] / drawn.sum(axis=1, keepdims=True)

    cells = Units(np.array([800, 200]), np.zeros(2, dtype=np.int64), mean)
    drawn = cells.resampled(np.random.default_rng(0), 4000)[:, 0]
    assert drawn.std() == pytest.approx(math.sqrt(0.8 * 0.2 / 1000), rel=0.06)


def test_each_stratum_keeps_its_size() -> None:
    strata = np.array([0, 0, 0, 1, 2, 2])
    seen: list[np.ndarray] = []

    def spy(drawn: np.ndarray) -> np.ndarray:
        seen.append(drawn)
        return np.zeros((len(drawn), 1))

    Units(np.array([1, 1, 1, 7, 3, 4]), strata, spy).resampled(np.random.default_rng(1), 50)
    drawn = np.concatenate(seen)
    assert (drawn[:, :3].sum(axis=1) == 3).all()
    assert (drawn[:, 3] == 7).all()
    assert (drawn[:, 4:].sum(axis=1) == 7).all()
    assert len(np.unique(drawn, axis=0)) > 10


def test_tallied_rows_are_drawn_within_strata_and_meet_the_exact_figure() -> None:
    kinds = np.array([0, 0, 1, 1, 1, 0])
    strata = np.array([1, 0, 0, 0, 1, 1])
    tables: list[np.ndarray] = []

    def count(found: list[np.ndarray]) -> np.ndarray:
        tables.append(found[0])
        return found[0][:, 1:] / found[0].sum(axis=1, keepdims=True)

    units = Tallied(np.array([0.75]), [kinds], [2], strata, count)
    drawn = units.resampled(np.random.default_rng(0), 3000)
    assert units.figures() == [0.75]
    # Half of the rows are of kind 1; what the table has less than the exact figure is put back.
    assert drawn.mean() == pytest.approx(0.75, abs=0.01)
    assert all((table.sum(axis=1) == 6).all() for table in tables)
    assert drawn.shape == (3000, 1)


def test_the_same_seed_gives_the_same_draws() -> None:
    units = shares(np.arange(10.0))
    one, two, other = (units.resampled(np.random.default_rng(seed), 20) for seed in (3, 3, 4))
    assert (one == two).all()
    assert (one != other).any()


@pytest.mark.parametrize(
    ("difference", "moved", "p"),
    [(0.0, [0.0, 0.0], 1.0), (0.1, [0.1, 0.1], 0.0), (0.0, [], 1.0), (0.5, [math.nan], 1.0)],
)
def test_a_difference_without_spread_is_sure(difference: float, moved: list[float], p: float) -> None:
    assert difference_p(difference, np.array(moved)) == p


def test_a_difference_of_two_standard_errors_has_the_p_of_the_books() -> None:
    drawn = np.random.default_rng(0).normal(0.2, 0.1, 200_000)
    assert difference_p(0.196, drawn) == pytest.approx(0.05, abs=0.002)


@pytest.mark.parametrize("confidence", [0.5, 0.9])
def test_an_interval_of_nothing_is_the_figure(confidence: float) -> None:
    assert interval(0.3, np.array([math.nan]), confidence) == (0.3, 0.3)


def test_a_fair_test_rejects_as_often_as_it_says() -> None:
    """Over all outcomes of twenty fair coins the mid-p value is at most 0.05 in about 5 % of the cases."""
    weight = sum(
        math.comb(20, b) / 2**20
        for b, c in product(range(21), range(21))
        if b + c == 20 and mcnemar(b, c) <= 0.05
    )
    assert 0.01 < weight < 0.06
