"""A pretrained encoder with one head a task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from edgewise_cloud.teacher.errors import EncoderError
from edgewise_cloud.teacher.recipe import Compact
from edgewise_distill.checkpoints import locate


class TeacherNetwork(nn.Module):
    """Encoder, mean over the tokens beside the first token's state, one small network a task.

    Args:
        encoder: Of the transformers library; gives `last_hidden_state` [batch, length, width].
        labels: Number of labels of each task, in the order of the heads.
        dropout: Of the features.
    """

    def __init__(self, encoder: nn.Module, labels: Mapping[str, int], dropout: float = 0.1) -> None:
        """Join an encoder and new heads."""
        super().__init__()
        self.encoder = encoder
        config: Any = encoder.config
        self.width = int(config.hidden_size)
        self.own = nn.ModuleDict({task: nn.Linear(2 * self.width, self.width) for task in labels})
        self.heads = nn.ModuleDict({task: nn.Linear(self.width, count) for task, count in labels.items()})
        self.drop = nn.Dropout(dropout)

    def pooled(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return the features [batch, 2 * width] of texts: mean state, and the state of the first token."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.to(states.dtype).unsqueeze(2)
        mean = (states * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1.0)
        return torch.cat([mean, states[:, 0]], dim=1)

    def features(self, input_ids: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
        """Return the features [batch, width] that each task's head sees."""
        pooled = self.drop(self.pooled(input_ids, attention_mask))
        return {task: self.drop(torch.tanh(own(pooled))) for task, own in self.own.items()}

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
        """Return the logits [batch, labels] of each task."""
        features = self.features(input_ids, attention_mask)
        return {task: self.heads[task](value) for task, value in features.items()}


def load_encoder(source: str) -> nn.Module:
    """Load a pretrained encoder.

    Args:
        source: As `edgewise_distill.checkpoints.locate` takes it.

    Raises:
        CheckpointNotFoundError: There is none at a local place.
        EncoderError: The transformers library can't load it.
    """
    from transformers import AutoModel

    return _load(AutoModel, source)


def load_reader(source: str) -> Any:
    """Load the fast tokenizer that belongs to an encoder.

    Raises:
        CheckpointNotFoundError: There is none at a local place.
        EncoderError: It can't be loaded, or is not a fast one.
    """
    from transformers import AutoTokenizer

    reader = _load(AutoTokenizer, source)
    if not getattr(reader, "is_fast", False):
        raise EncoderError(source, "its tokenizer has no fast form (tokenizer.json)")
    return reader


def _load(kind: Any, source: str) -> Any:
    place = locate(source)
    try:
        return kind.from_pretrained(place)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise EncoderError(source, str(error).strip().splitlines()[0]) from error


def compact_encoder(compact: Compact, positions: int, pad: int) -> nn.Module:
    """Make an untrained encoder of BERT's form.

    Args:
        compact: Its sizes.
        positions: Longest text in tokens.
        pad: Id of padding.
    """
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=compact.vocabulary,
        hidden_size=compact.width,
        num_hidden_layers=compact.layers,
        num_attention_heads=compact.heads,
        intermediate_size=compact.inner,
        max_position_embeddings=positions,
        pad_token_id=pad,
        type_vocab_size=1,
    )
    made: nn.Module = BertModel(config, add_pooling_layer=False)
    return made
