"""Labels that are probably wrong."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("pyarrow")
pytest.importorskip("cleanlab", reason="finding noisy labels needs the extra 'train'")

from tests.support.labelled_examples import examples

from edgewise_cloud.catalogue import Examples
from edgewise_cloud.prepare.config import NoisyConfig
from edgewise_cloud.prepare.noisy import without_noisy

WORDS = {"positive": "lovely superb wonderful", "negative": "awful dreadful boring"}


def rows(wrong: int, count: int = 200, dataset: str = "sentiment/a") -> Examples:
    """Make rows whose words tell the label; in the first few the label is turned round."""
    rng = np.random.default_rng(1)
    made = []
    for i in range(count):
        label = ("positive", "negative")[i % 2]
        text = " ".join([*rng.choice(WORDS[label].split(), 3), str(i)])
        made.append((text, ("negative", "positive")[i % 2] if i < wrong else label))
    return examples(dataset, made)


def test_planted_faults_are_found_by_a_real_model() -> None:
    config = NoisyConfig(on=True, folds=4, least_rows=50, most=0.1, confidence=0.4)
    kept, counts = without_noisy(rows(8), config, 3)
    gone = set(range(200)) - set(kept)
    assert gone >= set(range(8))
    assert len(gone) <= 12
    assert counts == {"rows judged": 200}
    assert without_noisy(rows(8), config, 3)[0] == kept


def sure(texts: Sequence[str], gold: NDArray[np.int64], folds: int, seed: int) -> NDArray[np.float64]:
    """Predict from the words, with great confidence."""
    positive = np.array([any(word in text for word in WORDS["positive"].split()) for text in texts])
    return np.column_stack([np.where(positive, 0.02, 0.98), np.where(positive, 0.98, 0.02)])


def test_no_more_than_a_share_goes_and_small_sets_stay() -> None:
    config = NoisyConfig(on=True, least_rows=100, most=0.02)
    assert len(without_noisy(rows(20), config, 1, sure)[0]) == 196
    assert len(without_noisy(rows(20, count=99), config, 1, sure)[0]) == 99


def test_a_label_that_is_only_doubted_stays() -> None:
    def unsure(texts: Sequence[str], gold: NDArray[np.int64], folds: int, seed: int) -> NDArray[np.float64]:
        return np.clip(sure(texts, gold, folds, seed), 0.3, 0.7)

    assert len(without_noisy(rows(20), NoisyConfig(on=True, least_rows=10), 1, unsure)[0]) == 200


def test_rows_of_one_label_or_several_emotions_are_left_alone() -> None:
    one = examples("sentiment/b", [(str(i), "neutral") for i in range(50)])
    several = examples("emotion/c", [(str(i), "joy+anger") for i in range(50)])
    rare = examples("sentiment/d", [("x", "neutral"), *[(str(i), "positive") for i in range(50)]])
    both = Examples.concat([one, several, rare])
    kept, counts = without_noisy(both, NoisyConfig(on=True, least_rows=10), 1, sure)
    assert kept == list(range(len(both)))
    assert counts == {"rows judged": 0}
