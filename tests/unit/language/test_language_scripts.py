"""The script prior: a script rules out the languages that are not written in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.language.features import codes_of, letter_table
from edgewise.language.scripts import ScriptPrior

CLASSES = ("el", "en", "hi", "ja", "mr", "sr", "sr@Cyrl", "und", "zh")
PRIOR = ScriptPrior(CLASSES)
LETTERS = st.sampled_from("aбкαनतかのた漢字ქ한 ")


def possible(text: str) -> set[str]:
    out = PRIOR.ruled_out(codes_of([text], letter_table()), 1)
    return set(CLASSES) if out is None else {name for name, no in zip(CLASSES, out[0], strict=True) if not no}


@pytest.mark.parametrize(
    ("text", "languages"),
    [
        ("hello world", CLASSES),
        ("добар дан", CLASSES),
        ("", CLASSES),
        ("12345 !?", CLASSES),
        ("καλημέρα", ("el",)),
        ("καλημέρα john", ("el",)),
        ("hello καλη", CLASSES),
        ("नमस्ते दुनिया", ("hi", "mr")),
        ("犇焱淼", ("zh", "ja")),
        ("ひらがな", ("ja",)),
        ("漢字かな", ("ja",)),
        ("ქართული", CLASSES),  # no class is written so
    ],
)
def test_a_script_leaves_its_languages(text: str, languages: tuple[str, ...]) -> None:
    assert possible(text) == set(languages)


@given(st.lists(st.text(st.characters(codec=None) | LETTERS, max_size=20), min_size=2, max_size=5))
def test_neighbours_rule_nothing_out(texts: list[str]) -> None:
    together = PRIOR.ruled_out(codes_of(texts, letter_table()), len(texts))
    for place, text in enumerate(texts):
        alone = PRIOR.ruled_out_of_one(codes_of([text], letter_table()))
        one = [False] * len(CLASSES) if alone is None else alone.tolist()
        assert one == ([False] * len(CLASSES) if together is None else together[place].tolist())


def test_something_is_always_possible() -> None:
    for code in range(0x41, 0xFFFF, 61):
        assert possible(chr(code))
