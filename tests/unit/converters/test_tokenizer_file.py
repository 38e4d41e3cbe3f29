"""A rewritten tokenizer reads every text as before."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from edgewise_converters.tokenizer_file import compact_tokenizer


def trained() -> Tokenizer:
    made = Tokenizer(models.BPE(unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.BpeTrainer(special_tokens=["<pad>", "<unk>"], vocab_size=80, show_progress=False)
    made.train_from_iterator(["the house of the mouse", "häuser und mäuse", "das haus"] * 3, trainer)
    return made


TOKENIZER = trained()
PLAIN = TOKENIZER.to_str(pretty=True).encode()
COMPACT = compact_tokenizer(PLAIN)


def test_it_is_smaller_and_sorted_and_stays_as_it_is() -> None:
    found = json.loads(COMPACT)["model"]
    assert len(COMPACT) < len(PLAIN)
    assert list(found["vocab"]) == sorted(found["vocab"])
    assert all(isinstance(merge, str) for merge in found["merges"])
    assert compact_tokenizer(COMPACT) == COMPACT


@given(st.text("the housmäd xyz", max_size=40))
def test_it_reads_every_text_as_before(text: str) -> None:
    before, after = TOKENIZER.encode(text), Tokenizer.from_buffer(COMPACT).encode(text)
    assert (before.ids, before.offsets) == (after.ids, after.offsets)


@pytest.mark.parametrize("merges", [[["a b", "c"]], [["#version", "x"]], [["a", ""]], [["a"]], ["a b"], [1]])
def test_merges_that_one_text_cannot_say_are_left_alone(merges: list[Any]) -> None:
    found = compact_tokenizer(json.dumps({"model": {"vocab": {"b": 1, "a": 0}, "merges": merges}}).encode())
    assert json.loads(found)["model"] == {"vocab": {"a": 0, "b": 1}, "merges": merges}


@pytest.mark.parametrize(
    "data", [b"", b"\xff", b"[]", b"3", b'{"model": 3}', b"[" * 5000, b'{"x": "\\ud800"}']
)
def test_what_is_no_tokenizer_is_left_alone(data: bytes) -> None:
    assert compact_tokenizer(data) == data
