"""What a script leaves possible."""

from __future__ import annotations

import numpy as np
import pytest

from edgewise.language.features import codes_of, letter_table
from edgewise.language.scripts import ScriptPrior

CLASSES = ("en", "ja", "ko", "sr", "sr@Cyrl", "zh", "und")
PRIOR = ScriptPrior(CLASSES)
LETTERS = letter_table()


def possible(*texts: str) -> list[set[str]]:
    out = PRIOR.ruled_out(codes_of(list(texts), LETTERS), len(texts))
    if out is None:
        return [set(CLASSES) for _ in texts]
    return [{name for name, no in zip(CLASSES, row, strict=True) if not no} for row in np.atleast_2d(out)]


@pytest.mark.parametrize(
    ("text", "languages"),
    [
        ("酒店很好", {"zh", "ja"}),
        ("とても", {"ja"}),
        ("所属事務所は米朝事務所。", {"ja"}),
        ("我の最爱", {"zh", "ja"}),
        ("mostly latin とても", set(CLASSES)),
        ("한국어", {"ko"}),
        ("plain words", set(CLASSES)),
        ("Привет", set(CLASSES)),
        ("mostly latin 中", set(CLASSES)),
        ("", set(CLASSES)),
        ("😂 123", set(CLASSES)),
    ],
)
def test_the_script_of_most_letters_decides(text: str, languages: set[str]) -> None:
    assert possible(text) == [languages]


def test_neighbours_in_a_batch_change_nothing() -> None:
    texts = ("酒店很好", "plain words", "", "한국어")
    assert possible(*texts) == [possible(text)[0] for text in texts]


def test_a_script_of_no_known_language_rules_nothing_out() -> None:
    assert possible("ქართული") == [set(CLASSES)]
