"""What a change of the training data did: two evaluations beside each other.

The figures of two reports of `edgewise evaluate --json` are subtracted. Two files of predictions on the same
texts (`edgewise gate --save`) also tell how far each difference would move on other texts of the same kind.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.labels import TOXICITY
from edgewise_cloud.prepare.errors import EffectFileError, NothingToCompareError

FIGURES = ("accuracy", "macro_f1", "auc")
RESAMPLES = 1000
_BAND = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure before and after.

    Attributes:
        task: language, sentiment, toxicity or emotion.
        dataset: Name of the set.
        language: ISO code, or "all".
        figure: accuracy, macro_f1 or auc.
        rows: Texts that it was measured on.
        before: Figure of the first model.
        after: Figure of the second.
        low: Lower end of the 95 % interval of the difference; None without predictions.
        high: Its upper end.
    """

    task: str
    dataset: str
    language: str
    figure: str
    rows: int
    before: float
    after: float
    low: float | None = None
    high: float | None = None

    @property
    def change(self) -> float:
        """The figure after, less that before."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Effect:
    """All figures that both evaluations have.

    Attributes:
        before: The first model.
        after: The second.
        differences: Sorted by task, set, language and figure.
    """

    before: str
    after: str
    differences: Sequence[Difference]

    def to_dict(self) -> dict[str, Any]:
        """Return the effect as JSON-ready values."""
        rows = [{**asdict(row), "change": row.change} for row in self.differences]
        return {"before": self.before, "after": self.after, "differences": rows}

    def __str__(self) -> str:
        """Return a table."""
        lines = [f"{self.before} -> {self.after}"]
        for row in self.differences:
            band = "" if row.low is None or row.high is None else f"  [{row.low:+.4f}, {row.high:+.4f}]"
            lines.append(
                f"{row.dataset:42} {row.language:4} {row.figure:9} {row.rows:7,} "
                f"{row.before:.4f} -> {row.after:.4f}  {row.change:+.4f}{band}"
            )
        return "\n".join(lines)


def effect(before: Path, after: Path, *, resamples: int = RESAMPLES, seed: int = 17) -> Effect:
    """Compare two evaluations of models that were trained on different data.

    Args:
        before: A report (JSON) or predictions (Parquet) of the first model.
        after: The same of the second.
        resamples: How often the texts are drawn again, for predictions.
        seed: Of the draws.

    Raises:
        EffectFileError: A file is neither, or the two are of different kinds.
        NothingToCompareError: They have no figure in common.
        PredictionsError: A file of predictions is broken.
    """
    kinds = {path.suffix.lower() for path in (before, after)}
    if kinds == {".parquet"}:
        return _of_predictions(before, after, resamples, seed)
    if ".parquet" in kinds:
        raise EffectFileError(after, "one file is a report and the other holds predictions")
    one, other = _report(before), _report(after)
    found = []
    for key in sorted(one.keys() & other.keys()):
        old, new = one[key], other[key]
        for figure in FIGURES:
            if figure in old and figure in new:
                values = float(old[figure]), float(new[figure])
                found.append(Difference(*key[:3], figure, int(new["rows"]), *values))
    if not found:
        raise NothingToCompareError(before, after)
    return Effect(str(before), str(after), found)


def _report(path: Path) -> dict[tuple[str, str, str, str], Mapping[str, Any]]:
    """Return the records of a report, by task, set, language and split."""
    try:
        records = json.loads(path.read_text(encoding="utf-8"))["metrics"]
        return {(row["task"], row["dataset"], row["language"], row["split"]): row for row in records}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EffectFileError(path, f"it is no report of `edgewise evaluate --json` ({error})") from error


def _of_predictions(before: Path, after: Path, resamples: int, seed: int) -> Effect:
    from edgewise_cloud.gates.decisions import decided
    from edgewise_cloud.gates.rows import beside
    from edgewise_cloud.predictions import read_predictions

    old, new = read_predictions(before), read_predictions(after)
    found: list[Difference] = []
    for task in sorted(old.tasks.keys() & new.tasks.keys()):
        kept, other = beside(new.tasks[task], old.tasks[task])
        own = new.tasks[task].take(kept)
        for dataset in sorted(set(own.datasets.tolist())):
            mine = own.datasets == dataset
            answers = decided([other.take(mine), own.take(mine)], TOXICITY)
            if answers.rows.size:
                found += _bootstrapped(task, dataset, answers.truth, answers.guesses, resamples, seed)
    if not found:
        raise NothingToCompareError(before, after)
    return Effect(old.model, new.model, found)


def _bootstrapped(
    task: str,
    dataset: str,
    truth: NDArray[np.int64],
    guesses: NDArray[np.int64],
    resamples: int,
    seed: int,
) -> list[Difference]:
    """Return the differences of accuracy and macro F1, with intervals of a paired bootstrap over texts."""
    outcomes, counts = np.unique(np.column_stack([truth, guesses]), axis=0, return_counts=True)
    total = int(counts.sum())
    drawn = np.random.default_rng(seed).multinomial(total, counts / total, size=resamples)
    table = np.concatenate([counts[None, :], drawn]).astype(np.float64)
    out = []
    for figure, values in (("accuracy", _accuracy), ("macro_f1", _macro_f1)):
        old, new = (
            values(table, outcomes[:, 0], outcomes[:, 1]),
            values(table, outcomes[:, 0], outcomes[:, 2]),
        )
        if math.isfinite(old[0]) and math.isfinite(new[0]):
            low, high = np.nanpercentile((new - old)[1:], _BAND)
            out.append(
                Difference(
                    task, dataset, "all", figure, total, float(old[0]), float(new[0]), float(low), float(high)
                )
            )
    return out


def _accuracy(
    table: NDArray[np.float64], truth: NDArray[np.int64], guess: NDArray[np.int64]
) -> NDArray[np.float64]:
    return np.asarray(table[:, truth == guess].sum(axis=1) / table.sum(axis=1))


def _macro_f1(
    table: NDArray[np.float64], truth: NDArray[np.int64], guess: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the mean F1 [b] over the labels that occur; NaN with fewer than two."""
    labels = np.unique(truth)
    if labels.size < 2:
        return np.full(len(table), np.nan)
    scores = []
    for label in labels:
        right = table[:, (truth == label) & (guess == label)].sum(axis=1)
        whole = table[:, truth == label].sum(axis=1) + table[:, guess == label].sum(axis=1)
        scores.append(np.divide(2 * right, whole, out=np.zeros_like(whole), where=whole > 0))
    return np.asarray(np.mean(scores, axis=0))
