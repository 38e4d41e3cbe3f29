"""The character classes against the running Unicode database."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest

from edgewise.text.characters import (
    BOUND,
    CALM,
    CJK,
    INVISIBLE,
    MARKS,
    PICTOGRAPHS,
    REORDERED,
    SPACELESS,
    char_class,
    coarse,
)

EVERY = "".join(chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF)


def outside(body: str) -> str:
    return re.sub(f"[{body}]+", "", EVERY)


def test_a_class_holds_its_ranges_and_nothing_else() -> None:
    assert re.findall(f"[{char_class('61-63 1F600')}]", "abcd-😀") == ["a", "b", "c", "😀"]


@pytest.mark.parametrize("body", [BOUND, REORDERED])
def test_a_coarse_class_is_exact_in_the_bmp_and_lacks_nothing_beyond(body: str) -> None:
    members, more = set(re.findall(f"[{body}]", EVERY)), set(re.findall(f"[{coarse(body)}]", EVERY))
    assert members <= more
    assert all(char > "\uffff" for char in more - members)


def test_a_calm_character_is_one_that_no_normal_form_touches() -> None:
    calm = re.findall(f"[{CALM}]", EVERY)
    assert len(calm) > 30_000
    assert [char for char in calm if unicodedata.normalize("NFKC", char) != char] == []
    assert re.findall(f"[{BOUND}{INVISIBLE}]", "".join(calm)) == []
    assert [char for char in calm if unicodedata.category(char)[0] not in "LNPSC"] == []


def test_every_reordered_mark_is_in_its_class() -> None:
    assert [hex(ord(char)) for char in outside(REORDERED) if unicodedata.combining(char)] == []


def test_every_mark_is_in_its_class() -> None:
    missing = [hex(ord(char)) for char in outside(MARKS + INVISIBLE) if unicodedata.category(char)[0] == "M"]
    assert missing == []


def test_no_letter_counts_as_a_mark() -> None:
    assert [char for char in re.findall(f"[{MARKS}]", EVERY) if char.isalnum()] == []


def test_a_cluster_may_start_with_anything_but_the_bound() -> None:
    """NFKC of two clusters is that of each: no character outside BOUND joins the one before."""
    firsts = {unicodedata.normalize("NFKD", char)[0] for char in outside(BOUND)}
    assert [hex(ord(char)) for char in firsts if unicodedata.combining(char)] == []
    seconds = {parts[1] for char in EVERY if len(parts := unicodedata.normalize("NFD", char)) == 2}
    standing_alone = {chr(code) for code in range(0x3131, 0x318F)}
    assert [hex(ord(char)) for char in seconds - standing_alone if not re.match(f"[{BOUND}]", char)] == []


@pytest.mark.parametrize(
    ("body", "members", "strangers"),
    [
        (INVISIBLE, "\u200b\u200d\ufeff\u00ad\u202e\ufe0f\U000e0067", "a \u0301é"),
        (PICTOGRAPHS, "❤😀🏴☺™", "aé漢1#🇺"),
        (CJK, "漢かカ한。Ａ", "aéกا\u3099"),
        (SPACELESS, "漢かカกກမក", "aéا한।"),
    ],
)
def test_examples(body: str, members: str, strangers: str) -> None:
    assert re.fullmatch(f"[{body}]+", members)
    assert not re.search(f"[{body}]", strangers)
