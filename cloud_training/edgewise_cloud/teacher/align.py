"""Teach a multilingual teacher to say of a sentence what the English teacher says of its translation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from edgewise_cloud.catalogue import Catalogue, CatalogueError
from edgewise_cloud.catalogue.errors import CatalogueFileMissingError, CorruptDataError
from edgewise_cloud.teacher.files import first_line
from edgewise_cloud.teacher.loop import run_steps
from edgewise_cloud.teacher.network import TeacherNetwork
from edgewise_cloud.teacher.recipe import Alignment
from edgewise_cloud.teacher.rows import TeacherRows, text_batch
from edgewise_distill.student.data import bucketed

FILE = Path("language/parallel.parquet")


@dataclass(frozen=True, slots=True)
class Pairs:
    """Sentences of which one is English.

    Attributes:
        english: n sentences.
        other: The same in another language.
        languages: Of `other`.
    """

    english: list[str]
    other: list[str]
    languages: list[str]


def load_pairs(catalogue: Catalogue, most: int, seed: int) -> Pairs:
    """Read parallel sentences with an English side.

    Args:
        catalogue: The data; the file is `language/parallel.parquet` in its folder.
        most: Pairs at most; of each language about the same share of what there is.
        seed: Of the choice.

    Raises:
        CatalogueError: The file is missing or broken.
    """
    path = catalogue.root / FILE
    if not path.is_file():
        raise CatalogueFileMissingError(path, "the parallel sentences")
    try:
        table = pq.read_table(path, columns=["lang_a", "text_a", "lang_b", "text_b"])
    except Exception as error:  # pyarrow raises several kinds for a broken file
        raise CorruptDataError(path, first_line(error)) from error
    sides = zip(*(table[name].to_pylist() for name in ("lang_a", "text_a", "text_b")), strict=True)
    rows = [row for row, (code, first, second) in enumerate(sides) if code == "en" and first and second]
    if not rows:
        raise NoPairsError(path)
    chosen = np.sort(np.random.default_rng(seed).permutation(rows)[:most])
    part = table.take(chosen)
    return Pairs(part["text_a"].to_pylist(), part["text_b"].to_pylist(), part["lang_b"].to_pylist())


class NoPairsError(CatalogueError, ValueError):
    """No pair has an English side."""

    def __init__(self, path: Path) -> None:
        """Say which file."""
        super().__init__(f"{path} has no pair whose side a is English: there is nothing to align to.")


def align(
    network: TeacherNetwork,
    english: TeacherRows,
    other: TeacherRows,
    targets: dict[str, NDArray[np.float32]],
    settings: Alignment,
    work: Path,
    seed: int,
    half: bool = True,
    every: int = 200,
) -> None:
    """Train a network to give both sides of a pair the English teacher's probabilities, and like features.

    Args:
        network: Changed in place.
        english: n sentences as tokens of the network.
        other: Their translations.
        targets: By task, what the English teacher says of the English side: float32 [n, labels].
        settings: How.
        work: Folder of the checkpoint, alignment.pt.
        seed: Of every random choice.
        half: Compute in bf16 where that is safe.
        every: Steps between two checkpoints.

    Source: Reimers and Gurevych, "Making Monolingual Sentence Embeddings Multilingual" (2020).

    Raises:
        WorkFileError: The checkpoint is broken.
    """
    device = next(network.parameters()).device
    lengths = english.tokens.lengths + other.tokens.lengths + 4
    rng = np.random.default_rng(seed)
    batches = [
        batch
        for _ in range(settings.epochs)
        for batch in bucketed(lengths, np.arange(len(english)), settings.tokens_per_batch, rng)
    ]

    Made = tuple[dict[str, Tensor], list[list[Tensor]]]

    def make(numbered: tuple[int, NDArray[np.int64]]) -> Made:
        rows = numbered[1]
        wanted = {task: torch.from_numpy(values[rows]).to(device) for task, values in targets.items()}
        return wanted, [[part.to(device) for part in text_batch(side, rows)] for side in (english, other)]

    def loss_of(batch: Made) -> Tensor:
        wanted, sides = batch
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            first, second = (network.pooled(ids, mask) for ids, mask in sides)
            loss = 1.0 - functional.cosine_similarity(second.float(), first.float().detach()).mean()
            for pooled in (first, second):
                loss = loss + agreement(network, network.of_pooled(pooled), wanted).mean()
            return loss

    path = work / "alignment.pt"
    run_steps(network, batches, make, loss_of, path, rate=settings.rate, seed=seed, every=every)


def agreement(
    network: TeacherNetwork, features: Mapping[str, Tensor], wanted: Mapping[str, Tensor]
) -> Tensor:
    """Return the cross-entropy [batch] of the heads' answers against the wanted probabilities, over tasks.

    Args:
        network: Its heads answer.
        features: By task, [batch, width].
        wanted: By task, probabilities [batch, labels].
    """
    loss: Tensor = torch.zeros(())
    for task, target in wanted.items():
        logits = network.heads[task](features[task]).float()
        if task == "toxicity":
            own = functional.binary_cross_entropy_with_logits(logits, target, reduction="none").mean(dim=1)
        else:
            own = -(target * functional.log_softmax(logits, dim=1)).sum(dim=1)
        loss = loss.to(own.device) + own
    return loss
