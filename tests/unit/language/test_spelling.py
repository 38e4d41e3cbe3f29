"""The letters of a text and their hashes, shared by the models that ask for them."""

from __future__ import annotations

import numpy as np
import pytest

from edgewise.language.features import LETTERS, codes_of, compose, flat_hashes, letter_table
from edgewise.language.spelling import Alphabet, spelled

TEXTS = [
    "",
    "  ",
    "!?",
    "It's  FINE,\tsaid\nhe; 3 times.",
    "\x1c\x85 control \x00 signs",
    "Straße, e\u0301tude İstanbul",
    "это 漢字 😂 \ud800 ends",
]


@pytest.mark.parametrize("text", TEXTS)
def test_letters_are_those_of_a_text_in_a_batch(text: str) -> None:
    letters = Alphabet(letter_table()).spell(compose(text))
    codes = codes_of([text], letter_table())
    assert spelled(letters).codes.tolist() == codes.tolist()
    assert spelled(letters).flat.tolist() == flat_hashes(codes, 1).flat.tolist()


@pytest.mark.parametrize("code", range(0x80))
def test_ascii_is_spelled_by_the_same_table(code: int) -> None:
    alphabet = Alphabet(letter_table())
    assert alphabet.spell(f"a{chr(code)}b") == alphabet.spell(f"a{chr(code)}b é").removesuffix(" é")


def test_a_table_may_map_ascii_beyond_it() -> None:
    table = np.full(LETTERS, ord(" "), np.uint32)
    table[ord("a")] = ord("ä")
    assert Alphabet(table).spell("a, b a") == "ä ä"


def test_the_same_letters_are_hashed_once_and_cannot_be_written_to() -> None:
    read = spelled("shared by two models")
    assert spelled("shared by " + "two models") is read
    for array in read:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
