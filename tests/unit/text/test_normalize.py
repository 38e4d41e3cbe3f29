"""What holds of `normalize` for every text whatever."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from edgewise.text import Normalized, normalize
from edgewise.text.layout import blank_controls
from edgewise.text.lookalikes import may_mix_scripts
from edgewise.text.markup import fold_handles, fold_links, strip_tags, unescape
from edgewise.text.normalize import _UNUSUAL, _is_plain, _round, has_signs, normal_text
from edgewise.text.obfuscation import undisguise
from edgewise.text.offsets import Draft
from edgewise.text.unicode_forms import (
    cap_marks,
    compose,
    is_calm,
    is_settled,
    mend_surrogates,
    strip_invisible,
)

PIECES = (
    *"aeIuFßıəшосhοαéё013@$!*_-.,:/#%&;<>()'\"~|。…´¨™½ﬁＦ＆＠ⓕ㊙ㅋ하漢ガﾞกำ้क्षامّ😀❤👨🏽🇺🇸🏴",
    *(
        "http://x.y/z",
        "www.",
        "bit.ly/",
        "@bob",
        "@user",
        "@ss",
        "f*ck",
        "sh1t",
        "n***r",
        "f.u.c.k",
        "s-t-u-p-i-d",
    ),
    *(
        "&amp;",
        "&lt;",
        "&#39;",
        "&zwj;",
        "<b>",
        "</b>",
        "<br>",
        "<!--",
        "-->",
        " a b",
        "aaaa",
        "!!!!",
        "ﷺ",
        "сhаt",
    ),
)
INVISIBLE = "\u200b\u200c\u200d\ufe0f\u20e3\u202e\u00ad\u2800\u3164\U000e0067"
ODD = "\x00\x1b\x85\u00a0\u3000\t\n  \ud83d\ude00\u0301\u0323\u0f77"
texts = st.text(max_size=60) | st.lists(
    st.sampled_from((*PIECES, *INVISIBLE, *ODD)) | st.characters(), max_size=14
).map("".join)


@settings(max_examples=400, deadline=None)
@given(texts)
@example("&#38;amp;lt;b&gt;")
@example("@bob\u0301 http://x\u3099f ")
@example("@user.\u200b@ss")
@example("<!--<br>>")
@example("\u24d5\u200d👍")
def test_normalising_again_changes_nothing(text: str) -> None:
    once = normalize(text).text
    assert normalize(once).text == once


@settings(max_examples=400, deadline=None)
@given(texts)
def test_nothing_invisible_or_broken_is_left(text: str) -> None:
    result = normalize(text).text
    assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in result)
    assert result == result.strip()
    assert "  " not in result
    result.encode("utf-8")


@settings(max_examples=400, deadline=None)
@given(texts)
def test_the_map_is_in_range_and_in_order(text: str) -> None:
    done = normalize(text)
    assert done.original_length == len(text)
    spans = [done.to_original(place, place + 1) for place in range(len(done.text))]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert spans == sorted(spans)
    assert [end for _, end in spans] == sorted(end for _, end in spans)


@settings(max_examples=300, deadline=None)
@given(texts, st.data())
def test_a_span_maps_to_what_its_characters_cover(text: str, data: st.DataObject) -> None:
    done = normalize(text)
    start = data.draw(st.integers(0, len(done.text)))
    end = data.draw(st.integers(start, len(done.text)))
    low, high = done.to_original(start, end)
    assert 0 <= low <= high <= len(text)
    if start == end:
        assert low == high
    else:
        singles = [done.to_original(place, place + 1) for place in range(start, end)]
        assert (low, high) == (min(s for s, _ in singles), max(e for _, e in singles))


@settings(max_examples=200, deadline=None)
@given(texts)
def test_letters_that_stay_map_to_themselves(text: str) -> None:
    text = f"zebra {text} quagga"
    done = normalize(text)
    at = done.text.rindex("quagga")
    start, end = done.to_original(at, at + len("quagga"))
    assert text[start:end] == "quagga"
    assert done.to_original(0, len("zebra"))[0] == 0


@given(st.text(alphabet=st.sampled_from("bcdfg hjkl mnp"), max_size=80))
def test_plain_text_is_returned_as_it_is(text: str) -> None:
    plain = " ".join(word for word in text.split() if len(word) > 1)
    if any(char * 4 in plain for char in set(plain)):
        return
    assert normalize(plain) == Normalized(plain, len(plain))


def test_an_empty_and_a_blank_text() -> None:
    assert normalize("") == Normalized("", 0)
    assert normalize(" \t\u200b\n").text == ""
    assert normalize(" \t\u200b\n").to_original(0, 0) == (4, 4)


@settings(max_examples=400, deadline=None)
@given(texts)
@example("www.-")
@example("WWW.!?a")
@example("sh-t")
@example("b!tch")
@example("bit.ly/a")
def test_a_text_without_signs_is_left_alone_by_the_steps_that_look_for_them(text: str) -> None:
    draft = Draft(text)
    for step in (unescape, strip_tags, fold_links, fold_handles, undisguise):
        step(draft)
    assert has_signs(text) or draft.text == text


@settings(max_examples=400, deadline=None)
@given(texts)
@example("a\u0301\u0301\u0301\u0301\u0301")
@example("a" + 5 * "\U0001d165")
@example("\U000e0067")
@example("यह ठीक है")
@example("क\u0947\u0902 क\u093c")
@example("☂\ufe0f x")
def test_a_settled_text_is_left_alone_by_the_steps_for_unicode(text: str) -> None:
    draft = Draft(text)
    again = [step(draft) for step in (mend_surrogates, strip_invisible, cap_marks, compose)]
    assert not is_settled(text) or (draft.text == text and not any(again))
    assert is_settled(text) or not is_calm(text)


@settings(max_examples=1000, deadline=None)
@given(texts | st.text(max_size=40))
@example("यह ठीक है")
@example("Все хорошо, спасибо!")
@example("c\u2800d")
@example("a\u2028b")
@example("e\u0301 x")
@example("On 12.5.2026 at 14:30, 20 % off!")
@example("sh1t, a$$, sh-t, &amp; <b>x</b> @you www.x.org 1/2")
def test_a_plain_text_is_left_alone_by_every_step(text: str) -> None:
    draft = Draft(text)
    again = _round(draft)
    assert not _is_plain(text) or (draft.done() == Normalized(text, len(text)) and not again)


def test_no_character_is_taken_for_plain_that_a_step_changes() -> None:
    plain = 0
    for code in (*range(0x3400), *range(0xA000, 0xAC00), *range(0xD7A4, 0x11000), *range(0x1D000, 0x20000)):
        text = f"ab{chr(code)}cd {chr(code)} ef"
        if _is_plain(text):
            plain += 1
            draft = Draft(text)
            _round(draft)
            assert draft.done() == Normalized(text, len(text))
    assert plain > 10_000


def test_what_one_search_finds_usual_the_steps_it_stands_for_find_so() -> None:
    usual = 0
    for code in range(0x110000):
        char = chr(code)
        for text in (char, f"a{char}b", f"a {char}."):
            if _UNUSUAL().search(text) is None:
                usual += 1
                assert not has_signs(text)
                assert is_settled(text)
                assert not draft_controls(text)
    assert usual > 50_000


def draft_controls(text: str) -> bool:
    """Tell whether blanking controls changes a text."""
    draft = Draft(text)
    blank_controls(draft)
    return draft.text != text


@given(texts)
def test_the_text_alone_is_that_of_the_normalised_text(text: str) -> None:
    assert normal_text(text) == normalize(text).text


def test_dates_and_prices_need_no_closer_look() -> None:
    for text in ("On 12.5.2026 at 14:30, 20 % off!", "Am 12.5.2026 für 20 €", "Всего 20 % за 5 дней"):
        assert has_signs(text)
        assert _is_plain(text)


LATIN, OTHER, SMALL = "aZéſß", "αωжЁԱ", "ᴀᴢ"


@settings(max_examples=1000, deadline=None)
@given(st.text(st.sampled_from(LATIN + OTHER + SMALL + " 1.\u0301\n中"), max_size=12))
@example("жжж aж")
@example("ᴀ")
@example("жж ᴀ")
def test_scripts_mix_where_letters_of_two_are_neighbours(text: str) -> None:
    neighbours = any(
        (left in LATIN and right in OTHER) or (left in OTHER and right in LATIN)
        for left, right in pairwise(text)
    )
    assert may_mix_scripts(text) == (neighbours or any(char in SMALL for char in text))
