"""Words as spans."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.text import words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("You're a well-known idiot!", ["You're", "a", "well-known", "idiot"]),
        ("3.14 or 1,000?", ["3.14", "or", "1,000"]),
        ("@user #happy :-) <3", ["@user", "#happy", ":-)", "<3"]),
        ("Straße naïve cafe\u0301", ["Straße", "naïve", "cafe\u0301"]),
        ("это плохо", ["это", "плохо"]),
        ("यह फिल्म", ["यह", "फिल्म"]),
        ("می\u200cخواهم رفت", ["می\u200cخواهم", "رفت"]),
        ("今日はhot", ["今", "日", "は", "hot"]),
        ("น้ำดี", ["น้", "ำ", "ดี"]),
        ("나는 좋아", ["나는", "좋아"]),
        ("👨\u200d👩\u200d👧👍🏽🇺🇸🇩🇪❤️\u200d🔥", ["👨\u200d👩\u200d👧", "👍🏽", "🇺🇸", "🇩🇪", "❤️\u200d🔥"]),
        ("... ?! — ", []),
        ("", []),
    ],
)
def test_examples(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in words(text)] == expected


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80))
def test_spans_are_in_order_and_cover_every_letter(text: str) -> None:
    spans = words(text)
    places = [place for start, end in spans for place in range(start, end)]
    assert places == sorted(set(places))
    assert all(start < end for start, end in spans)
    missed = set(range(len(text))) - set(places)
    assert not any(text[place].isalpha() for place in missed)
