"""A student of a few dozen tokens and rows that say in one token what they are."""

from __future__ import annotations

import numpy as np
import torch

from edgewise.labels import LABELS
from edgewise_distill.student.data import LabelledTokens
from edgewise_distill.student.model import Student, StudentConfig

TASKS = ("sentiment", "toxicity", "emotion")
VOCABULARY = 40


def tiny_student(
    seed: int = 3, *, vocabulary: int = VOCABULARY, width: int = 16, layers: int = 2, embedding: int = 0
) -> Student:
    """A student of random weights, none of them zero as in an untrained one, in evaluation mode."""
    torch.manual_seed(seed)
    labels = {task: len(LABELS[task]) for task in TASKS}
    student = Student(StudentConfig(vocabulary, width, layers, 16, labels, 0.1, embedding))
    for name, value in student.named_parameters():
        if "norm" in name:
            torch.nn.init.normal_(value, mean=0.5, std=0.5)
    return student.eval()


def blank_rows(lengths: list[int], seed: int = 5, *, groups: int = 3) -> LabelledTokens:
    """Rows of random tokens from 20 on, of which nothing is said."""
    rng = np.random.default_rng(seed)
    n = len(lengths)
    starts = np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))
    return LabelledTokens(
        tokens=rng.integers(20, VOCABULARY, int(starts[-1])).astype(np.int32),
        starts=starts,
        group=np.arange(n, dtype=np.int64) % groups,
        weight=np.ones(n, np.float32),
        sentiment=np.full(n, -1, np.int64),
        allowed=np.ones((n, 3), bool),
        toxicity=np.full((n, 7), np.nan, np.float32),
        emotion=np.full((n, 8), np.nan, np.float32),
    )


def telling_rows(n: int = 240, seed: int = 5) -> LabelledTokens:
    """Rows of all three tasks in turn; the first token, 2 to 9, says which label is right."""
    rng = np.random.default_rng(seed)
    rows = blank_rows(rng.integers(2, 9, n).tolist(), seed)
    for row in range(n):
        label = int(rng.integers(8))
        rows.tokens[rows.starts[row]] = 2 + label
        if row % 3 == 0:
            rows.sentiment[row] = label % 3
        elif row % 3 == 1:
            rows.toxicity[row, :2] = label % 2
        else:
            rows.emotion[row] = np.eye(8, dtype=np.float32)[label]
    return rows
