"""The subword tokenizer: what it reads it can write again."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from edgewise_distill.student.subwords import PAD, UNKNOWN, train_tokenizer

LINES = [
    "You are a good friend, aren't you?",
    "the quick brown fox jumps over 13 lazy dogs!",
    "Größe und Länge: 42 cm",
    "вода и хлеб",
    "今日はいい天気ですね",
    "हिन्दी में लिखा",
]
WORDS = " ".join(LINES).lower().split()


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(LINES * 6, 400)


def test_padding_and_the_unknown_come_first(tokenizer: Tokenizer) -> None:
    assert (tokenizer.token_to_id(PAD), tokenizer.token_to_id(UNKNOWN)) == (0, 1)
    assert tokenizer.get_vocab_size() <= 400


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=8))
def test_what_is_read_can_be_written(tokenizer: Tokenizer, words: list[str]) -> None:
    text = " ".join(words)
    assert tokenizer.decode(tokenizer.encode(text).ids) == text


def test_case_does_not_count(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("GRÖSSE Länge").ids == tokenizer.encode("grösse länge").ids


def test_nothing_is_added_cut_or_padded(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("").ids == []
    assert tokenizer.num_special_tokens_to_add(False) == 0
    assert len(tokenizer.encode("you " * 2999 + "you").ids) == 3000
    encodings = tokenizer.encode_batch(["you", "you are a good friend"])
    assert len(encodings[0].ids) < len(encodings[1].ids)


def test_a_frequent_word_is_one_token_and_a_digit_always_is(tokenizer: Tokenizer) -> None:
    assert len(tokenizer.encode("friend").ids) == 1
    assert tokenizer.encode("4213").tokens == ["▁4", "2", "1", "3"]


def test_letters_never_seen_are_unknown(tokenizer: Tokenizer) -> None:
    assert set(tokenizer.encode("ქართული").tokens) <= {UNKNOWN, "▁"}


def test_a_saved_tokenizer_reads_the_same(tokenizer: Tokenizer, tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    tokenizer.save(str(path))
    again = Tokenizer.from_file(str(path))
    for line in [*LINES, "something else, 99 ქ"]:
        assert again.encode(line).ids == tokenizer.encode(line).ids


def test_the_same_texts_give_the_same_tokenizer(tokenizer: Tokenizer) -> None:
    assert train_tokenizer(LINES * 6, 400).to_str() == tokenizer.to_str()


def test_rare_signs_are_left_out_of_a_small_alphabet() -> None:
    small = train_tokenizer(LINES * 6, 400, alphabet=12)
    signs = {token for token in small.get_vocab() if len(token) == 1}
    assert len(signs) <= 12
