"""Texts to rows of ids, with special tokens around every window."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from edgewise.bundle import FileRef, TokenizerSpec
from edgewise.engine.tokens import TextTokenizer
from edgewise.errors import BackendLoadError

SPECIAL = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3}
VOCABULARY = {**SPECIAL, **{f"w{number}": number + 4 for number in range(200)}}
Make = Callable[..., TextTokenizer]


def make(max_tokens: int = 8, stride: int = 2, max_windows: int = 64, special: bool = True) -> TextTokenizer:
    tokenizer = Tokenizer(models.WordLevel(VOCABULARY, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    if special:
        tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
        )
    # A file may carry these; they must not cut or pad anything.
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=30)
    spec = TokenizerSpec(FileRef("tokenizer.json", 1, "0" * 64), max_tokens, stride, 0)
    return TextTokenizer(tokenizer.to_str().encode(), spec, max_windows)


def text(count: int) -> str:
    return " ".join(f"w{number % 200}" for number in range(count))


def test_a_short_text_is_one_row_with_its_special_tokens() -> None:
    found = make().read("w0 w1")
    assert [list(row) for row in found.rows] == [[2, 4, 5, 3]]
    assert (list(found.weights), found.complete) == ([2], True)


def test_a_long_text_becomes_overlapping_windows_each_with_special_tokens() -> None:
    found = make().read(text(12))
    assert [list(row) for row in found.rows] == [
        [2, *range(4, 10), 3],
        [2, *range(8, 14), 3],
        [2, *range(10, 16), 3],
    ]
    assert list(found.weights) == [6, 6, 6]


@settings(max_examples=60)
@given(count=st.integers(1, 120), size=st.integers(3, 20), stride=st.integers(0, 19), special=st.booleans())
def test_every_token_is_read_and_no_row_is_too_long(
    count: int, size: int, stride: int, special: bool
) -> None:
    found = make(size, min(stride, size - 1), 200, special).read(text(count))
    content = [token for row in found.rows for token in row if token > 3]
    assert set(content) == {number + 4 for number in range(count)}
    assert all(len(row) <= size for row in found.rows)
    assert [sum(token > 3 for token in row) for row in found.rows] == list(found.weights)
    assert found.complete


def test_a_text_without_known_tokens_has_nothing_to_read() -> None:
    for blank in ("", "  ", "unknown words", "[CLS] [SEP] [PAD] [UNK]"):
        assert list(make().read(blank).rows) == [], blank


def test_a_text_with_one_known_token_is_read_whole() -> None:
    assert [list(row) for row in make().read("unknown w3").rows] == [[2, 1, 7, 3]]


def test_special_tokens_typed_in_a_text_are_plain_text() -> None:
    assert [list(row) for row in make().read("w1 [SEP] w2").rows] == [[2, 5, 1, 1, 1, 6, 3]]


def test_what_is_left_out_is_said() -> None:
    found = make(max_windows=2).read(text(50))
    assert len(found.rows) == 2 and not found.complete


@settings(max_examples=40)
@given(count=st.integers(1, 60), special=st.booleans())
def test_passages_are_the_characters_of_the_rows(count: int, special: bool) -> None:
    tokenizer, whole = make(special=special), text(count)
    rows, passages = tokenizer.read(whole).rows, tokenizer.passages(whole)
    assert len(rows) == len(passages)
    for row, (start, end) in zip(rows, passages, strict=True):
        assert list(tokenizer.read(whole[start:end]).rows[0]) == list(row)


def test_a_metaspace_tokenizer_finds_nothing_in_unknown_signs() -> None:
    tokenizer = Tokenizer(models.Unigram([("<unk>", 0.0), ("\u2581", -1.0), ("a", -2.0)], unk_id=0))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    spec = TokenizerSpec(FileRef("tokenizer.json", 1, "0" * 64), 8, 0, 0)
    made = TextTokenizer(tokenizer.to_str().encode(), spec, 4)
    assert list(made.read("\U0001d11e \U0001d11e").rows) == []
    assert len(made.read("\U0001d11e a").rows) == 1


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff\xfe", b"not json"])
def test_bytes_that_are_no_tokenizer_are_refused(data: bytes) -> None:
    with pytest.raises(BackendLoadError, match=r"tokenizer\.json"):
        TextTokenizer(data, TokenizerSpec(FileRef("tokenizer.json", 1, "0" * 64), 8, 2, 0), 4)


def test_windows_without_room_for_a_token_are_refused() -> None:
    with pytest.raises(BackendLoadError, match="max_tokens 2"):
        make(max_tokens=2, stride=0)
