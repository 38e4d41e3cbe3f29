"""How toxic a language's texts are: its model's bias is moved until it expects as many as dev rows have.

Models are fitted as if both answers were equally frequent, so what they expect is far from what there is.
Only probabilities change, not the order of texts; thresholds are chosen afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.labels import LABELS, TOXICITY
from edgewise.language.container import read_arrays, write_arrays
from edgewise_cloud.catalogue import Examples
from edgewise_cloud.train.calibrate import sigmoid

_TOXIC = LABELS[TOXICITY].index(TOXICITY)
_LEAST_ROWS, _LEAST_EACH = 150, 20
_MOST = 6.0


def level(odds: NDArray[Any], truth: NDArray[np.bool_], sets: NDArray[Any]) -> float:
    """Return what to add to log-odds so that their mean probability is the share of what is true.

    Args:
        odds: [n].
        truth: [n].
        sets: [n], names of data sets, each of which counts alike.
    """
    _, number = np.unique(sets, return_inverse=True)
    weight = 1.0 / np.bincount(number)[number]
    wanted = float((weight * truth).sum() / weight.sum())
    low, high = -_MOST, _MOST
    for _ in range(40):
        middle = (low + high) / 2
        expected = float((weight * sigmoid(odds + middle)).sum() / weight.sum())
        low, high = (middle, high) if expected < wanted else (low, middle)
    return (low + high) / 2


def levels(examples: Examples, odds: NDArray[Any], known: NDArray[np.bool_]) -> dict[str, float]:
    """Return by language what to add to the log-odds of toxicity.

    Args:
        examples: n dev rows.
        odds: Log-odds of toxicity [n].
        known: In which rows the language's own model has a say [n]; only those languages are moved.
    """
    languages, sets = np.array(examples.langs), np.array(examples.datasets)
    truth = examples.toxicity[:, _TOXIC]
    found: dict[str, float] = {}
    for language in sorted(set(languages[known])):
        rows = np.flatnonzero((languages == language) & known & ~np.isnan(truth))
        yes = int((truth[rows] > 0.5).sum())
        if len(rows) >= _LEAST_ROWS and _LEAST_EACH <= yes <= len(rows) - _LEAST_EACH:
            found[str(language)] = level(odds[rows], truth[rows] > 0.5, sets[rows])
    return found


def moved(data: bytes, config: Mapping[str, Any], by: Mapping[str, float]) -> bytes:
    """Return the file of heads with the bias of toxicity moved.

    Args:
        data: The file.
        config: Its `config`.
        by: Language → what to add.
    """
    arrays = dict(read_arrays(data))
    bias, column = arrays["bias"].copy(), 0
    for language, entry in config["languages"].items():
        for task, places in entry["labels"].items():
            if task == TOXICITY and _TOXIC in places:
                bias[column + places.index(_TOXIC)] += by.get(language, 0.0)
            column += len(places)
    return write_arrays(arrays | {"bias": bias})
