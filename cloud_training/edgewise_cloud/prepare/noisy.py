"""Labels that are probably wrong: confident learning on out-of-fold predictions of a simple model.

Northcutt, Jiang, Chuang: Confident Learning: Estimating Uncertainty in Dataset Labels, JAIR 70, 2021, by way
of the library cleanlab.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.errors import MissingExtraError
from edgewise_cloud.catalogue import Examples
from edgewise_cloud.prepare.config import NoisyConfig
from edgewise_cloud.prepare.keys import sides

logger = logging.getLogger(__name__)

Predict = Callable[[Sequence[str], NDArray[np.int64], int, int], NDArray[np.float64]]
"""Texts [n], labels [n], folds, seed -> out-of-fold probabilities [n, classes]."""


def out_of_fold(
    texts: Sequence[str], labels: NDArray[np.int64], folds: int, seed: int
) -> NDArray[np.float64]:
    """Predict each row by a linear model of character n-grams that was trained on the other folds.

    Args:
        texts: n texts.
        labels: n labels, 0 to classes - 1, each at least `folds` times.
        folds: How many parts.
        seed: Of the parts and of the training.

    Returns:
        Probabilities [n, classes].
    """
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    features = HashingVectorizer(analyzer="char_wb", ngram_range=(2, 4), n_features=2**18).transform(texts)
    model = SGDClassifier(loss="log_loss", alpha=1e-5, class_weight="balanced", random_state=seed)
    parts = StratifiedKFold(folds, shuffle=True, random_state=seed)
    return np.asarray(cross_val_predict(model, features, labels, cv=parts, method="predict_proba"))


def without_noisy(
    examples: Examples, config: NoisyConfig, seed: int, predict: Predict = out_of_fold
) -> tuple[list[int], dict[str, int]]:
    """Keep rows whose label the simple model does not contradict with great confidence.

    Each language of each set is judged for itself: sets differ in what their labels mean. Rows with several
    emotions, and labels that occur less often than there are folds, are left alone.

    Returns:
        Indexes to keep, and counts.

    Raises:
        MissingExtraError: cleanlab is not installed.
    """
    said = sides(examples)
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, (name, language) in enumerate(zip(examples.datasets, examples.langs, strict=True)):
        if said[row] and "+" not in said[row] and not said[row].startswith("attributes"):
            groups[name, language].append(row)
    bad: set[int] = set()
    judged = 0
    for (name, _), rows in groups.items():
        rows = _frequent(rows, said, config.folds)
        if len(rows) >= config.least_rows and len({said[row] for row in rows}) > 1:
            judged += len(rows)
            found = _issues(
                [examples.texts[row] for row in rows], [said[row] for row in rows], config, seed, predict
            )
            bad.update(rows[place] for place in found)
            logger.info("noisy labels: %d of %d rows of %s", len(found), len(rows), name)
    return [row for row in range(len(examples)) if row not in bad], {"rows judged": judged}


def _frequent(rows: list[int], said: list[str], folds: int) -> list[int]:
    counts: dict[str, int] = defaultdict(int)
    for row in rows:
        counts[said[row]] += 1
    return [row for row in rows if counts[said[row]] >= folds]


def _issues(
    texts: Sequence[str], labels: Sequence[str], config: NoisyConfig, seed: int, predict: Predict
) -> list[int]:
    """Return the positions whose label is probably wrong, the surest first, as many as may go."""
    names = sorted(set(labels))
    gold = np.array([names.index(label) for label in labels], dtype=np.int64)
    scores = predict(texts, gold, config.folds, seed)
    own = scores[np.arange(len(gold)), gold]
    found = _cleanlab()(gold, scores, filter_by="both", return_indices_ranked_by="self_confidence", n_jobs=1)
    sure = [int(place) for place in found if own[place] <= config.confidence]
    return sure[: int(config.most * len(texts))]


def _cleanlab() -> Any:
    try:
        from cleanlab.filter import find_label_issues
    except ImportError as error:
        raise MissingExtraError("train", "Finding noisy labels") from error
    return find_label_issues
