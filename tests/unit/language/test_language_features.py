"""N-gram hashes: the same for a text wherever it stands, and defined for any text."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgewise.language.features import (
    BOUNDARY,
    COLUMNS,
    EMPTY_HASHES,
    MAX_CHARS,
    MAX_ORDER,
    WORD_COLUMN,
    boundaries,
    codes_of,
    hashes_of,
    letter_table,
)
from edgewise_distill.language.counting import valid_places

LETTERS = letter_table()
ANY_TEXT = st.text(st.characters(codec=None), max_size=40)  # lone surrogates included


def codes(*texts: str) -> NDArray[np.uint32]:
    return codes_of(texts, LETTERS)


def read(text: str) -> str:
    """What the model sees of a text."""
    return "".join(map(chr, codes(text)))


def features(text: str) -> set[tuple[int, int]]:
    """Hashes with their column."""
    found = codes(text)
    valid = valid_places(found)
    hashes = hashes_of(found)
    return {(int(hashes[row, column]), int(column)) for row, column in zip(*np.nonzero(valid), strict=True)}


@given(st.lists(ANY_TEXT, min_size=2, max_size=5))
@example(["", ""])
@example(["a", "", "\n", "b\nc"])
def test_a_text_has_the_same_features_alone_and_in_a_batch(texts: list[str]) -> None:
    together = codes(*texts)
    grid, valid = hashes_of(together), valid_places(together)
    starts = boundaries(together)
    assert len(starts) == len(texts)
    for text, start in zip(texts, starts, strict=True):
        alone = codes(text)
        stop = start + len(alone)
        assert np.array_equal(together[start:stop], alone)
        assert stop == len(together) or together[stop] == BOUNDARY
        # Nothing that reaches over the boundary has a hash, and nothing is lost to it.
        assert np.array_equal(grid[start:stop], hashes_of(alone))
        assert np.array_equal(valid[start:stop], valid_places(alone))
        kept = valid_places(alone)
        assert np.array_equal(grid[start:stop][kept], hashes_of(alone)[kept])


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("It's OK!", " it's ok "),
        ("l’été", " l'été "),
        ("e\u0301te\u0301", " été "),
        ("İSTANBUL", " istanbul "),
        ("a1b 😂 c", " a b c "),
        ("𝒽ello", " ello "),
        ("a\x00b", " a b "),
        ("a\ud800b\udc00", " a b "),
        ("नमस्ते", " नमस्ते "),
        ("   \n\t ", " "),
        ("", " "),
        ("12345 !!!", " "),
    ],
)
def test_letters_and_marks_are_seen_and_all_else_is_a_space(text: str, seen: str) -> None:
    assert read(text) == seen


def test_the_table_knows_every_letter_of_the_plane() -> None:
    assert LETTERS.shape == (0x10000,)
    for char in "aZäÑÿЖяσΩאبकกあ漢한ა":
        assert LETTERS[ord(char)] == ord(char.lower())
    for code in range(0, 0x10000, 7):
        is_kept = unicodedata.category(chr(code))[0] == "L" or unicodedata.category(chr(code)) in ("Mn", "Mc")
        assert (LETTERS[code] != 32) == (is_kept or chr(code) in "'’")


def test_the_table_cannot_be_changed_by_accident() -> None:
    with pytest.raises(ValueError, match="read-only"):
        letter_table()[0] = 1


def test_words_and_ngrams_are_told_apart_by_their_hashes() -> None:
    assert features("ab") != features("ba")
    one = {hash_ for hash_, column in features("ab") if column == WORD_COLUMN}
    two = {hash_ for hash_, column in features("cd ab cd") if column == WORD_COLUMN}
    assert len(one) == 1
    assert len(two) == 2
    assert one < two
    assert features("ab cd") == features("AB -- CD")


def test_a_feature_does_not_depend_on_where_in_a_text_it_stands() -> None:
    assert features("water") <= features("the water of life")
    long = " ".join(["filler"] * 40)
    assert features("water") <= features(f"{long} water {long}")


def test_long_words_have_a_hash_of_their_own() -> None:
    words = {
        hash_
        for text in ("x" * 70, "x" * 80, "x" * 70 + "y")
        for hash_, column in features(text)
        if column == 5
    }
    assert len(words) == 3


def test_a_long_text_is_cut() -> None:
    text = "ab cd " * 1000
    assert np.array_equal(codes(text), codes(text[:MAX_CHARS]))
    assert len(codes(text)) <= MAX_CHARS + 2
    assert np.array_equal(codes(text, "x"), codes(text[:MAX_CHARS], "x"))


@given(ANY_TEXT)
@example("")
@example("a bc " + "x" * 70)
def test_hashes_are_those_computed_one_by_one(text: str) -> None:
    found = codes(text)
    grid = hashes_of(found)
    letters = [int(code) for code in found]
    expected = np.tile(EMPTY_HASHES, (len(letters), 1))
    for start in range(len(letters)):
        for order in range(MAX_ORDER):
            if start + order < len(letters):
                expected[start, order] = hash_by_hand(letters[start : start + order + 1], order)
    words = "".join(map(chr, letters)).split(" ")
    place = 0
    for word in words:
        if word:
            expected[place, WORD_COLUMN] = hash_by_hand(list(map(ord, word)), WORD_COLUMN)
        place += len(word) + 1
    assert np.array_equal(grid, expected)


def hash_by_hand(letters: list[int], column: int) -> int:
    """Hash one n-gram or word, in plain integers."""
    value, power = 0, 1
    for place, letter in enumerate(letters):
        if column == WORD_COLUMN:
            value += letter * power
            power = power * 0x2C1B3C6D + 0x9 if place < 63 else power
        else:
            value = value * 0x01000193 + letter
    value = (value + (column + 1) * 7919) * 0x9E3779B1 % (1 << 32)
    value ^= value >> 15
    value = value * 0x85EBCA6B % (1 << 32)
    return value ^ (value >> 13)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a",
        "ab",
        "'",
        "\x00" * 3000,
        "\ud800" * 3000,
        "\udc00\ud800",
        "a" * 1_000_000,
        "a\u0301" * 500_000,
        "\u0301" * 1_000_000,
        "😂" * 5000,
        "\n" * 3000,
    ],
    ids=lambda text: ascii(text[:4]),
)
def test_odd_texts_have_hashes(text: str) -> None:
    for batch in ([text], [text, text], [text, "word"], ["word", text]):
        found = codes(*batch)
        assert hashes_of(found).shape == (len(found), COLUMNS)
        assert len(boundaries(found)) == len(batch)


@given(ANY_TEXT)
@example("a")
def test_any_text_has_hashes(text: str) -> None:
    found = codes(text)
    assert hashes_of(found).shape == (len(found), COLUMNS)
    assert found[0] == found[-1] == 32
