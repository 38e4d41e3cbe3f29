"""Selective accuracy: how good the answers are when the least certain ones are left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise_cloud.evaluate.scoring import Judged

STEPS = 100
"""Points of a curve: coverages of 1 %, 2 %, … 100 %."""

_DIGITS = 4

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Selective:
    """Accuracy against coverage.

    Attributes:
        coverage: Shares of the rows that get an answer, the most certain ones first [points], rising to 1.
        accuracy: Share of these answers that is right [points].
        aurc: Area under the curve of risk (1 - accuracy) against coverage; 0 is perfect.
        best_aurc: The area that as many wrong answers would have, were they the least certain ones.
        rows: Rows measured.
        own_coverage: Share of the rows that the product itself does not call unsure.
        own_accuracy: Share of these that is right; None where it calls every row unsure.
    """

    coverage: Floats
    accuracy: Floats
    aurc: float
    best_aurc: float
    rows: int
    own_coverage: float
    own_accuracy: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, rounded to four digits."""
        return {
            "rows": self.rows,
            "aurc": round(self.aurc, _DIGITS),
            "best_aurc": round(self.best_aurc, _DIGITS),
            "own": {
                "coverage": round(self.own_coverage, _DIGITS),
                "accuracy": None if self.own_accuracy is None else round(self.own_accuracy, _DIGITS),
            },
            "coverage": [round(float(share), _DIGITS) for share in self.coverage],
            "accuracy": [round(float(share), _DIGITS) for share in self.accuracy],
        }


def selective(parts: Sequence[Judged]) -> Selective:
    """Measure answers of several sets of one task together, every row counting the same.

    The area is the mean risk over all numbers of rows answered, as in Geifman, Uziel, El-Yaniv: Bias-Reduced
    Uncertainty Estimation for Deep Neural Classifiers, ICLR 2019. Rows of one certainty share their errors:
    the order of the rows does not matter.

    Args:
        parts: At least one row in all.
    """
    certainty = np.concatenate([part.certainty for part in parts])
    right = np.concatenate([part.gold == part.guess for part in parts])
    sure = ~np.concatenate([part.unsure for part in parts])
    n = len(right)
    risk = _risk(certainty, right)
    points = np.unique(np.ceil(np.arange(1, STEPS + 1) * n / STEPS).astype(np.int64))
    return Selective(
        coverage=points / n,
        accuracy=1.0 - risk[points - 1],
        aurc=float(risk.mean()),
        best_aurc=float(_risk(right.astype(np.float64), right).mean()),
        rows=n,
        own_coverage=float(sure.mean()),
        own_accuracy=float(right[sure].mean()) if sure.any() else None,
    )


def _risk(certainty: Floats, right: NDArray[np.bool_]) -> Floats:
    """Return the share of wrong answers among the k most certain ones, for k = 1 to n [n]."""
    _, group, size = np.unique(-certainty, return_inverse=True, return_counts=True)
    share = np.bincount(group, weights=~right) / size
    wrong = np.cumsum(np.repeat(share, size))
    return np.asarray(wrong / np.arange(1, len(right) + 1))
