"""Whether as many devices report from each arm as its share says.

An arm whose devices crash before they can report looks harmless in every other figure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

ALARM = 0.001
"""A p-value below this says that the split is off."""

_CONCENTRATION = 100.0
"""How far from the shares another split is expected to be: one in ten or so."""


def split_p_value(counts: Sequence[int], shares: Sequence[float]) -> float:
    """Return the always valid p-value of a split, 1 at most.

    The Bayes factor of a Dirichlet-multinomial around the shares against the shares themselves; it exceeds
    1/p at any of all looks with probability p at most, if devices come as the shares say.

    Args:
        counts: Devices that reported, by arm.
        shares: Their shares, above 0; only what they are to each other counts.

    Source: Lindon and Malek, "Anytime-valid inference for multinomial count data", NeurIPS 35 (2022).

    >>> split_p_value([500, 520], [0.1, 0.1])
    1.0
    >>> split_p_value([500, 250], [0.1, 0.1]) < 1e-12
    True
    """
    total = sum(shares)
    wanted = [share / total for share in shares]
    prior = [_CONCENTRATION * share for share in wanted]
    factor = _log_beta([a + n for a, n in zip(prior, counts, strict=True)]) - _log_beta(prior)
    factor -= sum(n * math.log(share) for n, share in zip(counts, wanted, strict=True))
    return math.exp(min(0.0, -factor))


def _log_beta(values: Sequence[float]) -> float:
    return sum(map(math.lgamma, values)) - math.lgamma(sum(values))
