"""Grouping of rows and cutting of iterables."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.batching import as_texts, buckets, chunks, keeps_errors, length_of
from edgewise.errors import InputError, InputTypeError


@given(lengths=st.lists(st.integers(0, 40), max_size=60), rows=st.integers(1, 9), tokens=st.integers(1, 200))
def test_buckets_hold_every_row_once_and_one_length_only(lengths: list[int], rows: int, tokens: int) -> None:
    found = list(buckets(lengths, rows, tokens))
    assert sorted(place for bucket in found for place in bucket) == list(range(len(lengths)))
    for bucket in found:
        assert len({lengths[place] for place in bucket}) == 1
        assert len(bucket) <= rows
        assert len(bucket) == 1 or sum(lengths[place] for place in bucket) <= tokens


@given(texts=st.lists(st.text(max_size=5), max_size=40), size=st.integers(1, 7))
def test_chunks_hold_every_text_in_order(texts: list[str], size: int) -> None:
    found = list(chunks(iter(texts), size, keep_errors=False))
    assert [text for chunk in found for text in chunk] == texts
    assert all(0 < len(chunk) <= size for chunk in found)


def test_a_chunk_of_long_texts_is_a_short_one() -> None:
    found = list(chunks(["a" * 300_000] * 5, 100, keep_errors=False))
    assert [len(chunk) for chunk in found] == [2, 2, 1]


def test_no_more_is_taken_than_the_next_chunk_needs() -> None:
    taken: list[int] = []

    def source() -> Iterator[str]:
        for number in range(100):
            taken.append(number)
            yield str(number)

    pieces = chunks(source(), 3, keep_errors=False)
    assert taken == []
    next(pieces)
    assert taken == [0, 1, 2]


def test_errors_stand_in_place_or_are_raised_after_what_came_before() -> None:
    values = ["a", None, "b"]
    kept = [item for chunk in chunks(values, 10, keep_errors=True) for item in chunk]
    assert [type(item).__name__ for item in kept] == ["str", "InputTypeError", "str"]
    assert isinstance(kept[1], InputError)
    pieces = chunks(values, 10, keep_errors=False)
    assert next(pieces) == ["a"]
    with pytest.raises(InputTypeError, match="position 1"):
        next(pieces)


def test_an_iterable_of_texts_is_let_through_as_it_is() -> None:
    source = iter(["a"])
    assert as_texts(source) is source
    for value in ("text", b"text", {"a": 1}, 3, None):
        with pytest.raises(InputTypeError, match=type(value).__name__):
            as_texts(value)


def test_length_is_known_only_of_what_tells_it() -> None:
    assert length_of(["a", "b"]) == 2
    assert length_of(iter(["a"])) is None


def test_only_two_ways_to_treat_errors() -> None:
    assert (keeps_errors("raise"), keeps_errors("return")) == (False, True)
    with pytest.raises(ValueError, match="on_error is 'skip'"):
        keeps_errors("skip")
