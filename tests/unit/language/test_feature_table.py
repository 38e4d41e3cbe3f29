"""The table of features finds what a search through all keys would."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edgewise.language.table import SIZE_BITS, FeatureTable, bucket_bits, slots_of
from edgewise.language.weights import FeatureWeights
from edgewise_distill.language.layout import lay_out, place_keys

HASHES = st.integers(0, 2**32 - 1)


def table_of(keys: list[int]) -> tuple[np.ndarray, FeatureTable]:
    """A table of features with one entry each; `where` then names the place among the sorted keys."""
    sorted_keys = np.array(sorted(keys), np.uint32)
    count = len(keys)
    arrays = lay_out(
        {
            "keys": sorted_keys,
            "sizes": np.ones(count, np.uint8),
            "language": np.zeros(count, np.uint8),
            "delta": np.zeros(count, np.int8),
            "base": np.zeros((6, 2), np.float32),
        }
    )
    return sorted_keys, FeatureTable(arrays["multipliers"], arrays["slots"])


@given(st.lists(HASHES, unique=True, min_size=1, max_size=60), st.lists(HASHES, max_size=40))
@example([0, 2**32 - 1], [0, 1, 2**32 - 1, 2**32 - 2])
@example([0], [0, 5])
@example([7], [])
@example(list(range(4096, 4156)), [4095, 4096, 4155, 4156])  # all in one bucket
@settings(deadline=None, max_examples=12)  # Each makes a table of full size.
def test_every_key_is_found_and_nothing_else(keys: list[int], others: list[int]) -> None:
    sorted_keys, table = table_of(keys)
    hashes = np.array([*others, *keys, *others], np.uint32)
    hits, where = table.find(hashes)
    assert np.array_equal(hits, np.flatnonzero(np.isin(hashes, sorted_keys)))
    assert np.array_equal(sorted_keys[where >> SIZE_BITS], hashes[hits])


def test_no_hashes_find_nothing() -> None:
    _, table = table_of([3, 9])
    hits, where = table.find(np.zeros(0, np.uint32))
    assert len(hits) == len(where) == 0


def test_many_keys_get_slots_of_their_own() -> None:
    keys = np.unique(np.random.default_rng(3).integers(0, 2**32, 20_000, dtype=np.uint32))
    multipliers, slots = place_keys(keys)
    assert len(multipliers) == 1 << bucket_bits(len(keys))
    assert slots < 1.2 * len(keys)
    assert len(np.unique(slots_of(keys, multipliers, slots))) == len(keys)


@pytest.mark.parametrize("keys", [[], [3, 3], [5, 3]])
def test_keys_that_are_not_sorted_or_repeat_are_refused(keys: list[int]) -> None:
    some = np.zeros(len(keys), np.uint8)
    with pytest.raises(ValueError, match="sorted"):
        lay_out(
            {
                "keys": np.array(keys, np.uint32),
                "sizes": some,
                "language": some,
                "delta": some.astype(np.int8),
                "base": np.zeros((6, 2), np.float32),
            }
        )


@given(st.data())
@settings(deadline=None, max_examples=40)
def test_a_feature_keeps_its_weights(data: st.DataObject) -> None:
    classes = 40
    sizes = data.draw(st.lists(st.integers(1, classes), min_size=1, max_size=12))
    chance = np.random.default_rng(data.draw(st.integers(0, 1000)))
    weights = np.zeros((len(sizes), classes), np.int8)
    owners = [np.sort(chance.permutation(classes)[:size]) for size in sizes]
    for row, owner in zip(weights, owners, strict=True):
        row[owner] = chance.integers(-127, 128, len(owner))
    keys = np.sort(chance.choice(2**32 - 1, len(sizes), replace=False)).astype(np.uint32)
    laid = lay_out(
        {
            "keys": keys,
            "sizes": np.array(sizes, np.uint8),
            "language": np.concatenate(owners).astype(np.uint8),
            "delta": np.concatenate([row[owner] for row, owner in zip(weights, owners, strict=True)]),
            "base": np.zeros((6, classes), np.float32),
        }
    )
    features = FeatureWeights(laid["rows"], laid["language"], laid["delta"])
    _, where = FeatureTable(laid["multipliers"], laid["slots"]).find(keys)
    factors = chance.random(len(keys)).astype(np.float32)
    expected = factors @ weights.astype(np.float32)
    assert np.allclose(features.add_up(where, factors, None, 1)[0], expected, atol=1e-3)
    text = np.sort(chance.integers(0, 3, len(keys)))
    parted = features.add_up(where, factors, text, 3)
    for place in range(3):
        mine = text == place
        assert np.allclose(parted[place], factors[mine] @ weights[mine].astype(np.float32), atol=1e-3)
