"""Whether two models differ on the same texts: McNemar's test, and Holm's correction over many of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgewise_cloud.gates.errors import CountError, ProbabilityError


def mcnemar(only_first: int, only_second: int) -> float:
    """Return the two-sided mid-p value of McNemar's test: whether two models are right equally often.

    The exact binomial test on the texts which one of them alone got right, with half the probability of what
    was seen. Fagerland, Lydersen, Laake: The McNemar test for binary matched-pairs data, BMC Medical Research
    Methodology 2013, found that it keeps its level without the exact test's waste.

    Args:
        only_first: Texts that only the first model got right.
        only_second: Texts that only the second model got right.

    Raises:
        CountError: A count is negative.

    >>> mcnemar(5, 5), round(mcnemar(1, 9), 4), mcnemar(0, 0)
    (1.0, 0.0117, 1.0)
    """
    from scipy.stats import binom, binomtest

    if only_first < 0 or only_second < 0:
        raise CountError("texts that one model alone got right", min(only_first, only_second))
    n = only_first + only_second
    if only_first == only_second:
        return 1.0
    exact = float(binomtest(only_first, n, 0.5).pvalue)
    return min(1.0, max(0.0, exact - float(binom.pmf(only_first, n, 0.5))))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number, in the order given.

    Holm: A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 1979.

    Raises:
        ProbabilityError: A value is not between 0 and 1.

    >>> [round(p, 2) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.size == 0:
        return []
    # Said the other way round, NaN would pass.
    if not bool(((p >= 0) & (p <= 1)).all()):
        raise ProbabilityError("p-values", [float(value) for value in p])
    order = np.argsort(p, kind="stable")
    raised = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    out = np.empty_like(p)
    out[order] = np.minimum(raised, 1.0)
    return [float(value) for value in out]
