"""Continued pre-training of an encoder on raw text: words are hidden, and it learns to guess them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from edgewise_cloud.teacher.loop import run_steps
from edgewise_cloud.teacher.recipe import MaskedPretraining
from edgewise_cloud.teacher.rows import TeacherRows, text_batch
from edgewise_distill.student.data import bucketed

IGNORED = -100


class GuessingHead(nn.Module):
    """Guesses a hidden token from its state; the encoder's own token embeddings are the output layer."""

    def __init__(self, embeddings: nn.Embedding) -> None:
        """Make a head for embeddings [vocabulary, width]."""
        super().__init__()
        width = embeddings.embedding_dim
        self.change = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.LayerNorm(width))
        self.bias = nn.Parameter(torch.zeros(embeddings.num_embeddings))

    def forward(self, states: Tensor, weights: Tensor) -> Tensor:
        """Return the logits [n, vocabulary] of states [n, width]."""
        return functional.linear(self.change(states), weights, self.bias)


def hide(
    ids: Tensor, mask: Tensor, share: float, mask_id: int, special: tuple[int, int, int], seed: int
) -> tuple[Tensor, Tensor]:
    """Hide some tokens: 8 of 10 become the mask, 1 another token, 1 stays (Devlin et al., "BERT", 2019).

    Args:
        ids: int64 [batch, length].
        mask: 1 where there is a token.
        share: Share of the tokens to be guessed.
        mask_id: Id that hides a token.
        special: Ids that are never hidden.
        seed: Of the choice.

    Returns:
        What the encoder sees, and what it must guess (`IGNORED` elsewhere), both int64 [batch, length].
    """
    generator = torch.Generator().manual_seed(seed)
    chance = torch.rand(ids.shape, generator=generator)
    fate = torch.rand(ids.shape, generator=generator)
    plain = (mask > 0) & ~torch.isin(ids, torch.tensor(special))
    chosen = plain & (chance < share)
    seen = torch.where(chosen & (fate < 0.8), mask_id, ids)
    # Another token: one that stands elsewhere in the batch, so frequent ones come often.
    others = ids[plain]
    if len(others):
        swapped = others[torch.randint(len(others), ids.shape, generator=generator)]
        seen = torch.where(chosen & (fate >= 0.9), swapped, seen)
    return seen, torch.where(chosen, ids, IGNORED)


def pretrain(
    encoder: nn.Module,
    rows: TeacherRows,
    mask_id: int,
    settings: MaskedPretraining,
    work: Path,
    seed: int,
    half: bool = True,
    every: int = 200,
) -> None:
    """Train an encoder to guess hidden tokens; a killed run goes on from pretraining.pt in `work`.

    Args:
        encoder: Changed in place.
        rows: Raw lines.
        mask_id: Id that hides a token.
        settings: How.
        work: Folder of the checkpoint.
        seed: Of every random choice.
        half: Compute in bf16 where that is safe.
        every: Steps between two checkpoints.

    Raises:
        WorkFileError: The checkpoint is broken.
    """
    torch.manual_seed(seed)
    source: Any = encoder
    device = next(encoder.parameters()).device
    embeddings: nn.Embedding = source.get_input_embeddings()
    both = nn.ModuleDict({"encoder": encoder, "head": GuessingHead(embeddings).to(device)})
    rng = np.random.default_rng(seed)
    batches = [
        batch
        for _ in range(settings.epochs)
        for batch in bucketed(rows.tokens.lengths + 2, np.arange(len(rows)), settings.tokens_per_batch, rng)
    ]

    def make(numbered: tuple[int, NDArray[np.int64]]) -> tuple[Tensor, Tensor, Tensor]:
        step, chosen = numbered
        ids, mask = text_batch(rows, chosen)
        seen, wanted = hide(ids, mask, settings.share, mask_id, rows.special, (seed << 32) + step)
        return seen.to(device), wanted.to(device), mask.to(device)

    def loss_of(batch: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        seen, wanted, mask = batch
        there = wanted != IGNORED
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            states = source(input_ids=seen, attention_mask=mask).last_hidden_state
            # Only what is to be guessed meets the vocabulary: that product is most of the work.
            logits = both["head"](states[there], embeddings.weight)
        # The sum, not the mean, of nothing is 0.
        total = functional.cross_entropy(logits.float(), wanted[there], reduction="sum")
        return total / there.sum().clamp(min=1)

    path = work / "pretraining.pt"
    run_steps(both, batches, make, loss_of, path, rate=settings.rate, seed=seed, every=every)
