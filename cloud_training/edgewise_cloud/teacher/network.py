"""A pretrained encoder with one head a task."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from edgewise_cloud.teacher.errors import EncoderError
from edgewise_cloud.teacher.files import first_line
from edgewise_cloud.teacher.recipe import Compact
from edgewise_distill.checkpoints import locate

_TOKENIZER_FILES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "sentencepiece.bpe.model",
    "spiece.model",
    "tokenizer.model",
)


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
        self.labels = dict(labels)
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
        return self.of_pooled(self.pooled(input_ids, attention_mask))

    def of_pooled(self, pooled: Tensor) -> dict[str, Tensor]:
        """Return the features [batch, width] of each task, of what `pooled` returned."""
        dropped = self.drop(pooled)
        return {task: self.drop(torch.tanh(own(dropped))) for task, own in self.own.items()}

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
        """Return the logits [batch, labels] of each task."""
        features = self.features(input_ids, attention_mask)
        return {task: self.heads[task](value) for task, value in features.items()}


def load_encoder(source: str) -> nn.Module:
    """Load a pretrained encoder, in single precision.

    Args:
        source: As `edgewise_distill.checkpoints.locate` takes it.

    Raises:
        CheckpointNotFoundError: There is none at a local place.
        EncoderError: The transformers library can't load it, or it lacks weights.
    """
    from transformers import AutoModel

    encoder, found = _load(AutoModel, source, output_loading_info=True, dtype=torch.float32)
    # Without a word, what the file lacks would be random. No recipe reads the pooler.
    lacking = sorted(name for name in found["missing_keys"] if "pooler" not in name)
    if lacking:
        raise EncoderError(source, f"it lacks {len(lacking)} weights, such as {lacking[0]}")
    made: nn.Module = encoder
    return made


def load_reader(source: str) -> Any:
    """Load the fast tokenizer that belongs to an encoder.

    Raises:
        CheckpointNotFoundError: There is none at a local place.
        EncoderError: It can't be loaded, is not a fast one, or knows no first and last token.
    """
    from transformers import AutoTokenizer

    place = Path(locate(source))
    if place.is_dir() and not any((place / name).is_file() for name in _TOKENIZER_FILES):
        # The library would make a tokenizer that knows no word.
        raise EncoderError(source, f"the folder has none of {', '.join(_TOKENIZER_FILES)}")
    reader = _load(AutoTokenizer, source)
    if not getattr(reader, "is_fast", False):
        raise EncoderError(source, "its tokenizer has no fast form (tokenizer.json)")
    begins, ends = (reader.cls_token_id, reader.bos_token_id), (reader.sep_token_id, reader.eos_token_id)
    if any(one is None and other is None for one, other in (begins, ends)):
        raise EncoderError(source, "its tokenizer has no token to begin and to end a text with")
    return reader


def _load(kind: Any, source: str, **how: Any) -> Any:
    place = locate(source)
    try:
        return kind.from_pretrained(place, **how)
    except Exception as error:  # the readers of weights and of tokenizers raise kinds of their own
        raise EncoderError(source, first_line(error)) from error


def demand_fit(encoder: nn.Module, reader: Any, max_tokens: int, source: str) -> None:
    """Demand that an encoder can read what its tokenizer writes, up to a length.

    Raises:
        EncoderError: It has too few embeddings of tokens or of positions.
    """
    module: Any = encoder
    known = module.get_input_embeddings().num_embeddings
    if len(reader) > known:
        why = f"its tokenizer has {len(reader)} tokens, the encoder knows {known}"
        raise EncoderError(source, why, "Save both of them anew, from one model.")
    first = reader.cls_token_id if reader.cls_token_id is not None else reader.bos_token_id
    trained = encoder.training
    try:
        with torch.no_grad():
            # Libraries count positions each in their own way: so let it read a text of that length.
            ids = torch.full((1, max_tokens), int(first))
            module.eval()(input_ids=ids, attention_mask=torch.ones_like(ids))
    except (IndexError, RuntimeError) as error:
        why = f"it can't read {max_tokens} tokens ({first_line(error)})"
        raise EncoderError(source, why, "Lower max_tokens.") from error
    finally:
        encoder.train(trained)


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
