"""Token rows and their labels, as flat arrays that batches are cut from."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

FloatArray = NDArray[np.float32]
Item = TypeVar("Item")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class LabelledTokens:
    """n texts as tokens, with what their sets say about them.

    Attributes:
        tokens: uint16 or int32, all texts one after another.
        starts: int64 [n + 1], where each text starts in `tokens`.
        group: int64 [n], the set (or group of sets) that the row's bias belongs to.
        weight: float32 [n], trust in the row's label.
        sentiment: int64 [n], -1 masked.
        allowed: bool [n, 3], labels of the row's sentiment set.
        toxicity: float32 [n, 7], NaN masked.
        emotion: float32 [n, 8], NaN masked.
        soft: What a teacher says of the row: float16 [n, 18], the probabilities of sentiment, toxicity and
            emotion one after another, NaN where it was not asked; None: of no row.
    """

    tokens: NDArray[Any]
    starts: NDArray[np.int64]
    group: NDArray[np.int64]
    weight: FloatArray
    sentiment: NDArray[np.int64]
    allowed: NDArray[np.bool_]
    toxicity: FloatArray
    emotion: FloatArray
    soft: NDArray[np.float16] | None = None

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self.starts) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each text [n]."""
        return np.diff(self.starts)


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of one step; shapes as in `LabelledTokens`, `ids` and `mask` int32 [batch, length]."""

    ids: Tensor
    mask: Tensor
    group: Tensor
    weight: Tensor
    sentiment: Tensor
    allowed: Tensor
    toxicity: Tensor
    emotion: Tensor
    soft: Tensor | None = None

    def to(self, device: torch.device) -> Batch:
        """Return the batch on a device."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(
            self, **{name: value.to(device) for name, value in values.items() if value is not None}
        )


def ahead(make: Callable[[Item], Made], items: Iterable[Item], depth: int = 3) -> Iterator[Made]:
    """Yield what `make` returns of each item, made by a thread while the caller uses the one before.

    Args:
        make: Called in order, from one thread; must not draw from generators that the caller draws from.
        items: What to make of.
        depth: Made in advance, at most.
    """
    with ThreadPoolExecutor(1) as pool:
        waiting: deque[Future[Made]] = deque()
        for item in items:
            waiting.append(pool.submit(make, item))
            if len(waiting) > depth:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def encode(
    tokenizer: Tokenizer, texts: Sequence[str], limit: int, chunk: int = 20_000
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Encode texts, each cut to `limit` tokens.

    Returns:
        The tokens of all texts one after another, and where each text starts (shape [n + 1]).
    """
    rows: list[NDArray[np.int32]] = []
    counts = np.zeros(len(texts) + 1, np.int64)
    for first in range(0, len(texts), chunk):
        encodings = tokenizer.encode_batch_fast(list(texts[first : first + chunk]), add_special_tokens=False)
        for offset, encoding in enumerate(encodings):
            ids = np.array(encoding.ids[:limit], np.int32)
            rows.append(ids)
            counts[first + offset + 1] = len(ids)
    flat = np.concatenate(rows) if rows else np.zeros(0, np.int32)
    return flat, np.cumsum(counts)


def pad_rows(
    tokens: NDArray[Any], starts: NDArray[np.int64], rows: NDArray[np.int64]
) -> tuple[Tensor, Tensor]:
    """Gather rows into a rectangle; an empty text is one token of padding.

    Args:
        tokens: All texts one after another.
        starts: int64 [n + 1], where each text starts.
        rows: Texts wanted.

    Returns:
        int32 [rows, longest]: ids, 0 where there is padding, and the mask, 1 where there is a token.
    """
    lengths = starts[rows + 1] - starts[rows]
    width = max(int(lengths.max(initial=0)), 1)
    place = np.arange(width)
    mask = place < lengths[:, None]
    source = np.where(mask, starts[rows][:, None] + place, 0)
    ids = np.where(mask, tokens[source] if len(tokens) else 0, 0).astype(np.int32)
    return torch.from_numpy(ids), torch.from_numpy(mask.astype(np.int32))


def make_batch(data: LabelledTokens, rows: NDArray[np.int64]) -> Batch:
    """Cut one batch out of the data."""
    ids, mask = pad_rows(data.tokens, data.starts, rows)
    return Batch(
        ids,
        mask,
        torch.from_numpy(data.group[rows]),
        torch.from_numpy(data.weight[rows]),
        torch.from_numpy(data.sentiment[rows]),
        torch.from_numpy(data.allowed[rows]),
        torch.from_numpy(data.toxicity[rows]),
        torch.from_numpy(data.emotion[rows]),
        None if data.soft is None else torch.from_numpy(data.soft[rows].astype(np.float32)),
    )


def bucketed(
    lengths: NDArray[np.int64], rows: NDArray[np.int64], tokens_per_batch: int, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Yield shuffled batches of rows of like length, each of about `tokens_per_batch` tokens with padding."""
    rows = rng.permutation(rows)
    batches: list[NDArray[np.int64]] = []
    for first in range(0, len(rows), 60_000):
        part = rows[first : first + 60_000]
        part = part[np.argsort(lengths[part], kind="stable")]
        begin = 0
        while begin < len(part):
            end = begin + 1
            # Rows are sorted, so the last row of a batch is its longest: grow while it still fits.
            size = max(tokens_per_batch // max(int(lengths[part[begin]]), 4), 1)
            end = min(begin + size, len(part))
            longest = max(int(lengths[part[end - 1]]), 4)
            end = max(min(end, begin + tokens_per_batch // longest), begin + 1)
            batches.append(part[begin:end])
            begin = end
    for index in rng.permutation(len(batches)):
        yield batches[index]
