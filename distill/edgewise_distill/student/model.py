"""The network of the first student, in plain torch operations that every converter takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class StudentConfig:
    """Sizes of a student.

    Attributes:
        vocabulary: Number of tokens; token 0 is padding.
        width: Features of a token.
        layers: Residual convolutions over three tokens each.
        hidden: Features of a text, after pooling.
        labels: Number of labels of each task, in the order of the heads.
        dropout: Probability of dropping a feature in training.
        embedding: Features of an embedding, which a linear layer widens to `width`; 0: as many as that.
    """

    vocabulary: int
    width: int
    layers: int
    hidden: int
    labels: Mapping[str, int]
    dropout: float = 0.2
    embedding: int = 0


class ConvBlock(nn.Module):
    """Residual convolution over a token and its neighbours, written as one matrix product."""

    def __init__(self, width: int, dropout: float) -> None:
        """Make a block for features of this width."""
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.mix = nn.Linear(3 * width, 2 * width)
        self.drop = nn.Dropout(dropout)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Map states [batch, length, width] to the same shape; mask is [batch, length, 1], 0 at padding."""
        inner = self.norm(states) * mask
        edge = torch.zeros_like(inner[:, :1])
        before = torch.cat([edge, inner[:, :-1]], dim=1)
        after = torch.cat([inner[:, 1:], edge], dim=1)
        value, gate = self.mix(torch.cat([before, inner, after], dim=2)).chunk(2, dim=2)
        mixed: Tensor = states + self.drop(value * torch.sigmoid(gate)) * mask
        return mixed


class Student(nn.Module):
    """Token embeddings, gated convolutions, pooling, one linear head a task.

    A text is pooled in three ways: the mean of the plain embeddings (a bag of words), the maximum of the
    convolved states (a phrase anywhere), and an attention-weighted mean per task. Gated convolutions are
    those of Dauphin et al., "Language Modeling with Gated Convolutional Networks" (2017), embeddings narrower
    than the states those of Lan et al., "ALBERT" (2020).
    """

    def __init__(self, config: StudentConfig) -> None:
        """Make an untrained student."""
        super().__init__()
        self.config = config
        narrow = config.embedding or config.width
        self.embed = nn.Embedding(config.vocabulary, narrow, padding_idx=0)
        nn.init.normal_(self.embed.weight, std=0.1)
        self.widen = nn.Linear(narrow, config.width, bias=False) if narrow != config.width else nn.Identity()
        self.blocks = nn.ModuleList(ConvBlock(config.width, config.dropout) for _ in range(config.layers))
        self.attend = nn.Linear(config.width, len(config.labels))
        self.shared = nn.Linear(2 * config.width, config.hidden)
        self.own = nn.ModuleDict({task: nn.Linear(config.width, config.hidden) for task in config.labels})
        self.drop = nn.Dropout(config.dropout)
        self.heads = nn.ModuleDict(
            {task: nn.Linear(config.hidden, count) for task, count in config.labels.items()}
        )

    def features(self, input_ids: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
        """Return the features [batch, hidden] that each task's head sees."""
        mask = attention_mask.to(self.embed.weight.dtype).unsqueeze(2)
        states = words = self.widen(self.embed(input_ids)) * mask
        for block in self.blocks:
            states = block(states, mask)
        count = mask.sum(dim=1).clamp(min=1.0)
        highest = (states + (mask - 1.0) * 1e4).amax(dim=1)
        pooled = self.shared(torch.cat([words.sum(dim=1) / count, highest], dim=1))
        scores = self.attend(states) + (mask - 1.0) * 1e4
        weights = torch.softmax(scores, dim=1) * mask
        found = torch.matmul(weights.transpose(1, 2), states)
        return {
            task: self.drop(torch.relu(pooled + own(found[:, place])))
            for place, (task, own) in enumerate(self.own.items())
        }

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        """Return the logits [batch, labels] of each task, in the order of `config.labels`."""
        features = self.features(input_ids, attention_mask)
        return tuple(self.heads[task](features[task]) for task in self.config.labels)
