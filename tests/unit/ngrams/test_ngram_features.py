"""What linear models see of a text, and the tables that say what a letter is."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.language.features import LETTERS, SPACE
from edgewise.ngrams.features import CHARACTERS, MOST_CHARS, NOTHING, keys_of, letters_and_signs
from edgewise.ngrams.tables import from_runs, to_runs

TABLES = letters_and_signs()


def known(text: str) -> set[int]:
    return set(keys_of(text, TABLES).tolist()) - set(NOTHING.tolist())


@given(st.text(max_size=80))
def test_keys_are_sorted_and_in_their_range(text: str) -> None:
    keys = keys_of(text, TABLES)
    assert (keys[1:] >= keys[:-1]).all()
    assert not len(keys) or keys[-1] < 2 * CHARACTERS


@pytest.mark.parametrize("text", ["", " ", "12345", "7 8", "\u200b", "\n\t"])
def test_what_has_neither_letters_nor_signs_has_no_features(text: str) -> None:
    assert len(keys_of(text, TABLES)) == 0


@pytest.mark.parametrize("text", ["a", "!", "😂", "ب", "好"])
def test_a_single_letter_or_sign_has_some(text: str) -> None:
    assert known(text)


def test_words_pairs_signs_and_n_grams_are_told_apart() -> None:
    assert known("good day") - known("good") - known("day"), "the pair"
    assert known("good!") > known("good")
    assert known("good 😂") > known("good")
    assert known("Good") == known("good")
    assert known("day good") != known("good day")


def test_repeating_a_word_repeats_its_key() -> None:
    once, twice = keys_of("good", TABLES), keys_of("good good", TABLES)
    (word,) = [key for key in known("good") if key < int(CHARACTERS)]
    assert (once == word).sum() == 1
    assert (twice == word).sum() == 2


def test_what_comes_after_the_limit_is_not_read() -> None:
    text = "a" * MOST_CHARS
    assert np.array_equal(keys_of(text, TABLES), keys_of(text + " b c d", TABLES))


def test_tables_become_runs_and_back() -> None:
    for table in TABLES:
        runs = to_runs(table)
        assert runs.shape[1] < 4000, "that is what runs are for"
        assert np.array_equal(from_runs(runs), table)


@pytest.mark.parametrize(
    "runs",
    [
        np.zeros((2, 0), np.uint16),
        np.zeros((3, 2), np.uint16),
        np.zeros(4, np.uint16),
        np.array([[5, 9], [0, 0]], np.uint16),
        np.array([[0, 9, 9], [0, 1, 2]], np.uint16),
        np.array([[0, 9, 4], [0, 1, 2]], np.uint16),
    ],
)
def test_what_is_no_table_of_runs_is_refused(runs: np.ndarray) -> None:
    with pytest.raises(ValueError, match="table of letters"):
        from_runs(runs)


def test_a_table_of_nothing_but_spaces_is_one_run_or_two() -> None:
    table = np.full(LETTERS, SPACE, np.uint32)
    assert np.array_equal(from_runs(to_runs(table)), table)


def test_importing_it_imports_no_masked_arrays() -> None:
    code = "import sys, edgewise.ngrams; print('numpy.ma' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False", "numpy's `unique` and the like take a megabyte"
