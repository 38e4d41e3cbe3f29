"""An encoder of many languages begins with what one of one language knows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from edgewise_cloud.teacher.errors import EncoderError
from edgewise_cloud.teacher.growing import grow
from edgewise_cloud.teacher.material import SPECIAL
from edgewise_cloud.teacher.network import compact_encoder, load_encoder, load_reader
from edgewise_cloud.teacher.recipe import Compact
from edgewise_distill.student.subwords import train_tokenizer


def reader_of(texts: list[str]) -> Any:
    """Return a tokenizer with the special tokens that a recipe's own has."""
    from transformers import PreTrainedTokenizerFast

    tokenizer = train_tokenizer(texts * 3, 300, special=(SPECIAL["pad_token"], SPECIAL["unk_token"]))
    tokenizer.add_special_tokens([name for name in SPECIAL.values()])
    kind: Any = PreTrainedTokenizerFast
    return kind(tokenizer_object=tokenizer, **SPECIAL)


def made(reader: Any, width: int = 16, layers: int = 4) -> Any:
    """Return an encoder of random weights."""
    return compact_encoder(Compact(len(reader), width, layers, 2, 32), 24, reader.pad_token_id)


def test_layers_are_repeated_in_place_and_known_words_keep_their_vectors(
    encoder: Callable[[str], Path],
) -> None:
    source = str(encoder("bert"))
    old: Any = load_encoder(source)
    theirs = load_reader(source).get_vocab()
    word = next(token for token in theirs if token.isascii() and token.isalpha() and len(token) > 3)
    reader = reader_of([f"{word} зюзя {word} кот"])
    new = made(reader)
    count = grow(new, reader, source)
    vectors, known = new.embeddings.word_embeddings.weight, old.embeddings.word_embeddings.weight
    ours = reader.get_vocab()
    assert torch.equal(vectors[ours[f"▁{word}"]], known[theirs[word]])
    assert torch.equal(vectors[reader.mask_token_id], known[load_reader(source).mask_token_id])
    assert not any(torch.equal(vectors[ours["▁зюзя"]], row) for row in known)
    assert len(SPECIAL) < count < len(reader)
    for number, copied in enumerate((0, 0, 1, 1)):
        mine = new.encoder.layer[number].state_dict()
        assert all(
            torch.equal(mine[name], value) for name, value in old.encoder.layer[copied].state_dict().items()
        )
    places = old.embeddings.position_embeddings.weight[:24]
    assert torch.equal(new.embeddings.position_embeddings.weight[: len(places)], places)


def test_an_encoder_of_another_width_or_form_is_refused(encoder: Callable[[str], Path]) -> None:
    reader = reader_of(["the house"])
    with pytest.raises(EncoderError, match=r"compact\.width"):
        grow(made(reader, width=32), reader, str(encoder("bert")))
    with pytest.raises(EncoderError, match=r"compact\.width"):
        grow(made(reader), reader, str(encoder("distilbert")))
