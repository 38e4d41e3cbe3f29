"""Everything an evaluation found, and its JSON form."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise_cloud.evaluate.metrics import BINS
from edgewise_cloud.evaluate.records import (
    Record,
    calibration_above,
    language_means,
    manifest_metrics,
)
from edgewise_cloud.evaluate.scoring import Judged
from edgewise_cloud.evaluate.selective import selective

MEAN_FIGURES = ("accuracy", "macro_f1", "auc")


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often each right label got each answer.

    Attributes:
        labels: Names of rows and columns.
        counts: int64 [right, given].
    """

    labels: tuple[str, ...]
    counts: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Reliability:
    """Claimed probability against truth, in equal-width bins.

    Attributes:
        rows: int64 [bins].
        claimed: Mean probability of each bin [bins]; NaN where it is empty.
        true: Share of it that was so [bins]; NaN where it is empty.
    """

    rows: NDArray[np.int64]
    claimed: NDArray[np.float64]
    true: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Report:
    """What an evaluation found.

    Attributes:
        model: Name and version of the bundle.
        split: train, dev or test; "-" for a user's file.
        limit: Most rows a set; None for all.
        seed: Of the choice of rows.
        records: The figures.
        judged: Answers beside the truth, by task, all sets together.
    """

    model: str
    split: str
    limit: int | None
    seed: int
    records: Sequence[Record]
    judged: dict[str, list[Judged]] = field(repr=False)

    def means(self) -> list[dict[str, Any]]:
        """Return the means over languages; see `language_means`."""
        return language_means(self.records, MEAN_FIGURES)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready values."""
        return {
            "model": self.model,
            "split": self.split,
            "limit": self.limit,
            "seed": self.seed,
            "metrics": manifest_metrics(self.records),
            "means": self.means(),
            "confusion": {
                task: {"labels": list(table.labels), "counts": table.counts.tolist()}
                for task, table in ((task, confusion(parts)) for task, parts in self.judged.items())
            },
            "selective": {
                task: selective(parts).to_dict()
                for task, parts in self.judged.items()
                if any(len(part.gold) for part in parts)
            },
            "above_calibration_limit": {
                task: {language: round(value, 4) for language, value in found}
                for task in self.judged
                if (found := calibration_above(self.records, task))
            },
        }


def confusion(parts: Sequence[Judged]) -> Confusion:
    """Return the confusion table of several sets of one task together."""
    labels = tuple(dict.fromkeys(label for part in parts for label in part.labels))
    counts = np.zeros((len(labels), len(labels)), dtype=np.int64)
    for part in parts:
        place = np.array([labels.index(label) for label in part.labels], dtype=np.int64)
        np.add.at(counts, (place[part.gold], place[part.guess]), 1)
    return Confusion(labels, counts)


def reliability(parts: Sequence[Judged], bins: int = BINS) -> Reliability:
    """Return claimed probability against truth of several sets of one task together."""
    claimed = np.concatenate([part.confidence for part in parts])
    correct = np.concatenate([part.correct for part in parts]).astype(np.float64)
    which = np.clip(np.ceil(claimed * bins).astype(np.int64) - 1, 0, bins - 1)
    rows = np.bincount(which, minlength=bins)
    many = np.where(rows > 0, rows, np.nan)
    return Reliability(
        rows=rows,
        claimed=np.bincount(which, weights=claimed, minlength=bins) / many,
        true=np.bincount(which, weights=correct, minlength=bins) / many,
    )


def collect(scored: Sequence[tuple[list[Record], Judged]]) -> tuple[list[Record], dict[str, list[Judged]]]:
    """Put the records of all sets into one list, and the answers beside each other by task."""
    judged: dict[str, list[Judged]] = defaultdict(list)
    for _, part in scored:
        judged[part.task].append(part)
    return [record for records, _ in scored for record in records], dict(judged)
