"""Windows over long texts."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.errors import EdgewiseError
from edgewise.text import covers_all, windows
from edgewise.text.errors import WindowsError


@given(st.integers(0, 3000), st.integers(1, 200), st.data())
def test_windows_cover_the_text_in_order(n_tokens: int, size: int, data: st.DataObject) -> None:
    stride = data.draw(st.integers(0, size - 1))
    spans = windows(n_tokens, size, stride, limit=10_000)
    assert covers_all(spans, n_tokens)
    assert {place for start, end in spans for place in range(start, end)} == set(range(n_tokens))
    assert all(end - start == min(size, n_tokens) for start, end in spans)
    assert all(first[1] - second[0] >= stride for first, second in pairwise(spans))
    assert [start for start, _ in spans] == sorted({start for start, _ in spans})


@given(st.integers(0, 3000), st.integers(1, 20))
def test_the_limit_holds_and_what_is_left_out_is_told(n_tokens: int, limit: int) -> None:
    spans = windows(n_tokens, 50, 10, limit)
    assert len(spans) <= limit
    assert covers_all(spans, n_tokens) == (len(windows(n_tokens, 50, 10, 10_000)) <= limit)


@pytest.mark.parametrize(
    ("n_tokens", "expected"),
    [(0, []), (1, [(0, 1)]), (8, [(0, 8)]), (9, [(0, 8), (1, 9)]), (14, [(0, 8), (6, 14)])],
)
def test_examples(n_tokens: int, expected: list[tuple[int, int]]) -> None:
    assert windows(n_tokens, size=8, stride=2, limit=64) == expected


@pytest.mark.parametrize("measures", [(-1, 8, 2, 1), (9, 0, 0, 1), (9, 8, 8, 1), (9, 8, -1, 1), (9, 8, 2, 0)])
def test_impossible_measures_are_refused(measures: tuple[int, int, int, int]) -> None:
    with pytest.raises(WindowsError, match=f"stride={measures[2]}") as caught:
        windows(*measures)
    assert isinstance(caught.value, EdgewiseError) and isinstance(caught.value, ValueError)
