"""The network: padding and neighbours do not change an answer."""

from __future__ import annotations

import pytest
import torch
from tests.support.tiny_student import TASKS, VOCABULARY, tiny_student
from torch import Tensor

CLOSE = 1e-5


def row(length: int, seed: int = 0) -> Tensor:
    return torch.randint(2, VOCABULARY, (1, length), generator=torch.Generator().manual_seed(seed)).int()


def answer(ids: Tensor, mask: Tensor | None = None) -> Tensor:
    with torch.no_grad():
        return torch.cat(tiny_student()(ids, torch.ones_like(ids) if mask is None else mask), dim=1)


def padded(ids: Tensor, size: int, filler: int = 0) -> tuple[Tensor, Tensor]:
    rest = torch.full((1, size), filler, dtype=torch.int32)
    return torch.cat([ids, rest], dim=1), torch.cat([torch.ones_like(ids), torch.zeros_like(rest)], dim=1)


@pytest.mark.parametrize("length", [1, 2, 3, 7, 20])
@pytest.mark.parametrize("size", [1, 5, 60])
@pytest.mark.parametrize("filler", [0, 9])
def test_padding_changes_nothing(length: int, size: int, filler: int) -> None:
    ids = row(length)
    assert (answer(ids) - answer(*padded(ids, size, filler))).abs().max() <= CLOSE


def test_neighbours_change_nothing() -> None:
    rows = [row(length, length) for length in (1, 4, 9)]
    batch = [
        padded(ids, 9 - ids.shape[1]) if ids.shape[1] < 9 else (ids, torch.ones_like(ids)) for ids in rows
    ]
    together = answer(torch.cat([ids for ids, _ in batch]), torch.cat([mask for _, mask in batch]))
    alone = torch.cat([answer(ids) for ids in rows])
    assert (together - alone).abs().max() <= CLOSE


def test_the_order_of_the_tokens_counts() -> None:
    ids = torch.tensor([[5, 6, 7, 8]], dtype=torch.int32)
    assert (answer(ids) - answer(ids.flip(1))).abs().max() > 1e-4


def test_logits_come_in_the_order_of_the_tasks() -> None:
    student = tiny_student()
    ids = row(5)
    with torch.no_grad():
        found = student(ids, torch.ones_like(ids))
        features = student.features(ids, torch.ones_like(ids))
    assert [tuple(values.shape) for values in found] == [(1, 3), (1, 7), (1, 8)]
    for task, values in zip(TASKS, found, strict=True):
        assert torch.equal(values, student.heads[task](features[task]))
