"""Prepared rows as tokens of the encoder, and the batches of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edgewise_cloud.catalogue import Examples
from edgewise_cloud.catalogue.examples import blank_examples
from edgewise_cloud.catalogue.rows import Rows as FileRows
from edgewise_cloud.teacher.recipe import Sampling
from edgewise_cloud.train.student_data import Sizes, prepare
from edgewise_distill.student.data import LabelledTokens, bucketed, make_batch, pad_rows

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TeacherRows:
    """n rows.

    Attributes:
        examples: Normalised texts with their labels.
        tokens: The same rows as tokens, without special ones.
        groups: Names of the groups that have offsets, by number; group 0 has none.
        language: int64 [n], place of the row's language among the recipe's; -1 where that is no task.
        special: Ids of the first and the last token, and of padding.
    """

    examples: Examples
    tokens: LabelledTokens
    groups: tuple[str, ...]
    language: Rows
    special: tuple[int, int, int]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.tokens)


def special_ids(reader: Any) -> tuple[int, int, int]:
    """Return the ids of the first and the last token of a text, and of padding."""
    first = reader.cls_token_id if reader.cls_token_id is not None else reader.bos_token_id
    last = reader.sep_token_id if reader.sep_token_id is not None else reader.eos_token_id
    return int(first), int(last), int(reader.pad_token_id or 0)


def make_rows(
    examples: Examples,
    reader: Any,
    max_tokens: int,
    groups: tuple[str, ...] = (),
    languages: Sequence[str] | None = None,
) -> TeacherRows:
    """Turn rows into tokens.

    Args:
        examples: Rows with normalised texts.
        reader: Fast tokenizer of the transformers library.
        max_tokens: Tokens of a text, special ones included.
        groups: Groups of the training rows; empty: make them from these.
        languages: Labels of the task `language`; None when it is not learned.
    """
    tokenizer = reader.backend_tokenizer
    tokenizer.no_truncation()
    tokenizer.no_padding()
    prepared = prepare(examples, tokenizer, Sizes(max_tokens=max_tokens - 2), groups)
    place = {code: number for number, code in enumerate(languages or ())}
    language = np.array([place.get(code, -1) for code in examples.langs], np.int64)
    return TeacherRows(examples, prepared.tokens, prepared.groups, language, special_ids(reader))


def framed(ids: Tensor, mask: Tensor, special: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
    """Put the first and the last token around each text.

    Args:
        ids: Any integer type [batch, length].
        mask: 1 where there is a token, in front.
        special: What `special_ids` returned.

    Returns:
        int64 ids and mask [batch, length + 2].
    """
    first, last, pad = special
    rows, width = ids.shape
    lengths = mask.sum(dim=1).long()
    place = torch.arange(width + 2)
    out = torch.full((rows, width + 2), pad, dtype=torch.long)
    out[:, 1:-1] = torch.where(mask > 0, ids.long(), pad)
    out[:, 0] = first
    out[torch.arange(rows), lengths + 1] = last
    return out, (place < (lengths + 2).unsqueeze(1)).long()


def labelled_batch(rows: TeacherRows, chosen: Rows) -> dict[str, Tensor]:
    """Return the tensors of a training step, by name."""
    batch = make_batch(rows.tokens, chosen)
    ids, mask = framed(batch.ids, batch.mask, rows.special)
    return {
        "ids": ids,
        "mask": mask,
        "group": batch.group,
        "weight": batch.weight,
        "sentiment": batch.sentiment,
        "allowed": batch.allowed,
        "toxicity": batch.toxicity,
        "emotion": batch.emotion,
        "language": torch.from_numpy(rows.language[chosen]),
        "row": torch.from_numpy(chosen),
    }


def text_batch(rows: TeacherRows, chosen: Rows) -> tuple[Tensor, Tensor]:
    """Return ids and mask [batch, length] of some rows."""
    return framed(*pad_rows(rows.tokens.tokens, rows.tokens.starts, chosen), rows.special)


def part_of(rows: TeacherRows, chosen: Rows) -> TeacherRows:
    """Return some of the rows, in this order."""
    old = rows.tokens
    starts = np.concatenate([[0], np.cumsum(old.lengths[chosen])]).astype(np.int64)
    flat = [old.tokens[old.starts[row] : old.starts[row + 1]] for row in chosen]
    tokens = LabelledTokens(
        np.concatenate(flat) if flat else old.tokens[:0],
        starts,
        *(
            getattr(old, name)[chosen]
            for name in ("group", "weight", "sentiment", "allowed", "toxicity", "emotion")
        ),
    )
    return TeacherRows(rows.examples.take(chosen), tokens, rows.groups, rows.language[chosen], rows.special)


def epoch_rows(examples: Examples, sampling: Sampling, rng: np.random.Generator) -> Rows:
    """Choose the rows of an epoch: small sets whole, large ones thinned."""
    names, numbers = np.unique(np.array(examples.datasets), return_inverse=True)
    chosen = []
    for number, name in enumerate(names):
        rows = np.flatnonzero(numbers == number)
        size = min(len(rows), sampling.whole + max(len(rows) - sampling.whole, 0) ** sampling.thinning)
        size = min(size, sampling.most.get(str(name), len(rows)))
        chosen.append(rng.permutation(rows)[: int(size)])
    return np.concatenate(chosen)


def plan(rows: TeacherRows, sampling: Sampling, tokens_per_batch: int, seed: int, epoch: int) -> list[Rows]:
    """Return the micro-batches of an epoch; they depend on the seed and the epoch alone."""
    rng = np.random.default_rng((seed, epoch))
    chosen = epoch_rows(rows.examples, sampling, rng)
    return list(bucketed(rows.tokens.lengths + 2, chosen, tokens_per_batch, rng))


def in_order(rows: TeacherRows, tokens_per_batch: int) -> Iterator[Rows]:
    """Yield all rows in batches of like length, the longest first."""
    order = np.argsort(-rows.tokens.lengths, kind="stable")
    begin = 0
    while begin < len(order):
        longest = int(rows.tokens.lengths[order[begin]]) + 2
        end = begin + max(tokens_per_batch // longest, 1)
        yield order[begin:end]
        begin = end


def few_of_each(examples: Examples, most: int, seed: int) -> Rows:
    """Return at most `most` rows of each set and language, in order."""
    rng = np.random.default_rng(seed)
    places: dict[tuple[str, str], list[int]] = {}
    for row, key in enumerate(zip(examples.datasets, examples.langs, strict=True)):
        places.setdefault(key, []).append(row)
    chosen = [row for _, found in sorted(places.items()) for row in rng.permutation(found)[:most]]
    return np.sort(np.array(chosen, np.int64))


def unlabelled(texts: list[str], languages: list[str], dataset: str) -> Examples:
    """Return texts as rows on which everything is masked."""
    n = len(texts)
    return blank_examples(
        FileRows(texts, languages, [None] * n, [()] * n, [""] * n, [""] * n, [""] * n), dataset
    )
