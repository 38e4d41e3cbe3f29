"""Begin an encoder that reads many languages with what an encoder of one language knows."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from edgewise_cloud.teacher.errors import EncoderError
from edgewise_cloud.teacher.network import load_encoder, load_reader

_MARK = "▁"  # begins a word in our vocabularies; the others mark with "##" what begins none
_INSIDE = "##"


def grow(encoder: nn.Module, reader: Any, source: str) -> int:
    """Copy a pretrained encoder's layers, positions and words into a new one of BERT's form.

    Of more layers than it has, each is copied several times in place (Gong et al., "Efficient Training of
    BERT by Progressively Stacking", 2019). Tokens that both vocabularies have keep their vectors, the others
    begin at random with their mean and spread (Artetxe et al., "On the Cross-lingual Transferability of
    Monolingual Representations", 2020, learn only these).

    Args:
        encoder: Changed in place.
        reader: Its tokenizer, words marked with "▁".
        source: The pretrained encoder, as `load_encoder` takes it.

    Returns:
        The number of tokens that keep their vectors.

    Raises:
        CheckpointNotFoundError: There is none.
        EncoderError: It is of another width, or not of BERT's form.
    """
    old: Any = load_encoder(source)
    new: Any = encoder
    try:
        count = _copy_words(new, reader, old, load_reader(source))
        _copy_positions(new, old)
        layers, begun = new.encoder.layer, old.encoder.layer
        for number, layer in enumerate(layers):
            layer.load_state_dict(begun[number * len(begun) // len(layers)].state_dict())
    except (AttributeError, RuntimeError) as error:
        why = f"its layers do not fit those of the recipe ({str(error).splitlines()[0]})"
        raise EncoderError(source, why, "Give compact.width, heads and inner as it has them.") from error
    return count


def _copy_words(new: Any, reader: Any, old: Any, old_reader: Any) -> int:
    theirs = old_reader.get_vocab()
    to, of = new.embeddings.word_embeddings.weight, old.embeddings.word_embeddings.weight.detach()
    found = {
        number: theirs[name]
        for token, number in reader.get_vocab().items()
        if (name := _their_name(token)) in theirs
    }
    special = {"pad_token_id", "cls_token_id", "sep_token_id", "mask_token_id", "unk_token_id"}
    found |= {getattr(reader, name): getattr(old_reader, name) for name in special}
    with torch.no_grad():
        spread, mean = of.std(dim=0), of.mean(dim=0)
        to.copy_(torch.randn(to.shape) * spread + mean)
        to[torch.tensor(list(found))] = of[torch.tensor(list(found.values()))]
    return len(found)


def _their_name(token: str) -> str:
    """Return a token as WordPiece writes it.

    >>> _their_name("▁good"), _their_name("ness"), _their_name("▁!")
    ('good', '##ness', '!')
    """
    if token.startswith(_MARK):
        return token.removeprefix(_MARK)
    return _INSIDE + token if token[:1].isalnum() else token


def _copy_positions(new: Any, old: Any) -> None:
    to, of = new.embeddings, old.embeddings
    with torch.no_grad():
        shared = min(len(to.position_embeddings.weight), len(of.position_embeddings.weight))
        to.position_embeddings.weight[:shared] = of.position_embeddings.weight[:shared]
        to.token_type_embeddings.weight[0] = of.token_type_embeddings.weight[0]
        to.LayerNorm.load_state_dict(of.LayerNorm.state_dict())
