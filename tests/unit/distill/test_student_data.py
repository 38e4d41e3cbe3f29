"""Token rows: cut, padded and batched without losing or repeating one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.support.tiny_student import blank_rows, telling_rows

from edgewise_distill.student.data import bucketed, encode, make_batch, pad_rows
from edgewise_distill.student.subwords import train_tokenizer


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=120),
    st.integers(1, 200),
    st.integers(0, 5),
)
def test_every_row_is_visited_once(lengths: list[int], size: int, seed: int) -> None:
    rows = np.arange(0, len(lengths), dtype=np.int64)[::-1]
    batches = list(bucketed(np.array(lengths), rows, size, np.random.default_rng(seed)))
    assert sorted(np.concatenate(batches).tolist()) == sorted(rows.tolist())
    for batch in batches:
        longest = max(max(lengths[row] for row in batch), 4)
        assert len(batch) == 1 or len(batch) * longest <= size


def test_only_the_rows_asked_for_are_visited() -> None:
    lengths = np.random.default_rng(0).integers(1, 30, 100)
    rows = np.array([3, 50, 99, 7], np.int64)
    batches = list(bucketed(lengths, rows, 64, np.random.default_rng(0)))
    assert sorted(np.concatenate(batches).tolist()) == [3, 7, 50, 99]


def test_batches_hold_rows_of_like_length_in_an_order_of_chance() -> None:
    lengths = np.random.default_rng(0).integers(1, 100, 4000)
    batches = list(bucketed(lengths, np.arange(4000), 1000, np.random.default_rng(1)))
    assert max(int(np.ptp(lengths[batch])) for batch in batches) <= 10
    means = [float(lengths[batch].mean()) for batch in batches]
    assert means != sorted(means)
    again = list(bucketed(lengths, np.arange(4000), 1000, np.random.default_rng(1)))
    assert all(np.array_equal(a, b) for a, b in zip(batches, again, strict=True))
    other = list(bucketed(lengths, np.arange(4000), 1000, np.random.default_rng(2)))
    assert any(a.tolist() != b.tolist() for a, b in zip(batches, other, strict=False))


def test_no_rows_are_no_batches() -> None:
    assert list(bucketed(np.array([3, 4]), np.array([], np.int64), 10, np.random.default_rng(0))) == []


def test_texts_become_rows_of_tokens() -> None:
    tokenizer = train_tokenizer(["good day to you"] * 5, 60)
    texts = ["good day", "", "you " * 30, "day"]
    tokens, starts = encode(tokenizer, texts, 8)
    assert np.diff(starts).tolist() == [len(tokenizer.encode("good day").ids), 0, 8, 1]
    assert tokens[: starts[1]].tolist() == tokenizer.encode("good day").ids
    for chunk in (1, 2, 3):
        again, places = encode(tokenizer, texts, 8, chunk)
        assert np.array_equal(again, tokens)
        assert np.array_equal(places, starts)


def test_no_texts_are_no_tokens() -> None:
    tokens, starts = encode(train_tokenizer(["a b"], 20), [], 8)
    assert len(tokens) == 0
    assert starts.tolist() == [0]


def test_rows_are_padded_to_the_longest() -> None:
    rows = blank_rows([2, 0, 4])
    ids, mask = pad_rows(rows.tokens, rows.starts, np.array([2, 0, 1]))
    assert mask.tolist() == [[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0]]
    assert ids[0].tolist() == rows.tokens[2:].tolist()
    assert ids[1].tolist() == [*rows.tokens[:2].tolist(), 0, 0]
    assert ids[2].tolist() == [0, 0, 0, 0]
    assert str(ids.dtype) == str(mask.dtype) == "torch.int32"


def test_an_empty_text_is_one_token_of_padding() -> None:
    rows = blank_rows([0])
    ids, mask = pad_rows(rows.tokens, rows.starts, np.array([0]))
    assert ids.tolist() == [[0]]
    assert mask.tolist() == [[0]]


def test_a_batch_keeps_labels_with_their_texts() -> None:
    rows = telling_rows(30)
    wanted = np.array([17, 3, 3, 28])
    batch = make_batch(rows, wanted)
    for place, row in enumerate(wanted):
        length = int(rows.lengths[row])
        assert (
            batch.ids[place, :length].tolist()
            == rows.tokens[rows.starts[row] : rows.starts[row + 1]].tolist()
        )
        assert int(batch.mask[place].sum()) == length
        assert int(batch.sentiment[place]) == rows.sentiment[row]
        assert int(batch.group[place]) == rows.group[row]
        np.testing.assert_array_equal(batch.toxicity[place].numpy(), rows.toxicity[row])
        np.testing.assert_array_equal(batch.emotion[place].numpy(), rows.emotion[row])
