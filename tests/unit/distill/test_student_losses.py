"""What a set does not say is masked: it never counts as a negative, not by the smallest gradient."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.support.tiny_student import blank_rows, tiny_student
from torch import Tensor, nn

from edgewise_distill.student.data import make_batch
from edgewise_distill.student.losses import emotion_loss, sentiment_loss, toxicity_loss
from edgewise_distill.student.train import SetOffsets, batch_loss

NAN = float("nan")


def logits(rows: int, labels: int) -> Tensor:
    torch.manual_seed(1)
    return (torch.randn(rows, labels) * 3).requires_grad_()


def gradient(loss: Tensor, values: Tensor) -> Tensor:
    (found,) = torch.autograd.grad(loss.sum(), values)
    return found


def test_a_set_without_neutral_says_nothing_about_it() -> None:
    values = logits(2, 3)
    target, allowed = torch.tensor([0, 2]), torch.tensor([[True, False, True]] * 2)
    loss = sentiment_loss(values, target, allowed)
    found = gradient(loss, values)
    assert (found[:, 1] == 0.0).all()
    assert (found[:, [0, 2]] != 0.0).all()
    moved = values.detach().clone()
    moved[:, 1] += 50.0
    assert torch.equal(sentiment_loss(moved, target, allowed), loss)
    binary = nn.functional.cross_entropy(values[:, [0, 2]], torch.tensor([0, 1]), reduction="none")
    assert torch.allclose(loss, binary)


def test_a_row_of_another_task_has_no_sentiment() -> None:
    values = logits(3, 3)
    loss = sentiment_loss(values, torch.tensor([-1, 1, -1]), torch.ones(3, 3, dtype=torch.bool))
    assert loss[[0, 2]].tolist() == [0.0, 0.0]
    found = gradient(loss, values)
    assert (found[[0, 2]] == 0.0).all()
    assert (found[1] != 0.0).all()


def test_an_attribute_that_was_not_annotated_is_not_negative() -> None:
    values = logits(2, 7)
    target = torch.tensor([[1, NAN, 0, NAN, NAN, 1, NAN], [NAN] * 7])
    loss = toxicity_loss(values, target)
    found = gradient(loss, values)
    masked = torch.isnan(target)
    assert (found[masked] == 0.0).all()
    assert (found[~masked] != 0.0).all()
    assert loss[1] == 0.0
    told = [0, 2, 5]
    expected = nn.functional.binary_cross_entropy_with_logits(
        values[0, told], target[0, told], reduction="sum"
    )
    assert torch.allclose(loss[0], expected)


def test_an_emotion_that_a_set_lacks_is_not_negative() -> None:
    values = logits(3, 8)
    target = torch.tensor([[0.5, NAN, 0, 0, 0.5, NAN, 0, 0], [NAN] * 8, [0, 0, 0, 1.0, 0, 0, 0, 0]])
    loss = emotion_loss(values, target)
    found = gradient(loss, values)
    masked = torch.isnan(target)
    assert (found[masked] == 0.0).all()
    assert (found[~masked] != 0.0).all()
    assert loss[1] == 0.0
    has = [0, 2, 3, 4, 6, 7]
    likely = torch.log_softmax(values[0, has], dim=0)
    assert torch.allclose(loss[0], -(likely[0] + likely[3]) / 2)
    assert torch.allclose(loss[2], -torch.log_softmax(values[2], dim=0)[3])


@pytest.mark.parametrize("scale", [1e-3, 1.0, 100.0])
def test_losses_are_finite_whatever_the_logits(scale: float) -> None:
    rows = torch.tensor([[1, NAN, 0, NAN, NAN, 1, NAN]])
    felt = torch.tensor([[0.5, NAN, 0, 0, 0.5, NAN, 0, 0]])
    for loss in (
        toxicity_loss(logits(1, 7) * scale, rows),
        emotion_loss(logits(1, 8) * scale, felt),
        sentiment_loss(logits(1, 3) * scale, torch.tensor([2]), torch.tensor([[True, False, True]])),
    ):
        assert torch.isfinite(loss).all()


def test_a_batch_of_one_task_leaves_the_other_heads_alone() -> None:
    student = tiny_student()
    rows = blank_rows([3, 4, 5, 2])
    rows.toxicity[:, 0] = [0, 1, 0, 1]
    offsets = nn.ModuleDict({task: SetOffsets(3, 16, count) for task, count in student.config.labels.items()})
    batch_loss(student, offsets, make_batch(rows, np.arange(4)), (1.0, 1.0, 1.0)).backward()
    for task, head in student.heads.items():
        touched = float(head.weight.grad.abs().sum())
        assert (touched > 0.0) == (task == "toxicity"), task
    toxic = student.heads["toxicity"].weight.grad
    assert (toxic[0] != 0.0).any()
    assert (toxic[1:] == 0.0).all()


def test_a_row_of_no_trust_teaches_nothing() -> None:
    student = tiny_student()
    rows = blank_rows([3, 4])
    rows.sentiment[:] = [0, 2]
    rows.weight[1] = 0.0
    offsets = nn.ModuleDict({task: SetOffsets(3, 16, count) for task, count in student.config.labels.items()})
    whole = batch_loss(student, offsets, make_batch(rows, np.arange(2)), (1.0, 1.0, 1.0))
    first = batch_loss(student, offsets, make_batch(rows, np.arange(1)), (1.0, 1.0, 1.0))
    assert torch.allclose(whole, first / 2, atol=1e-6)


def test_what_a_set_adds_begins_at_nothing() -> None:
    offsets = SetOffsets(4, 16, 7)
    assert (offsets(torch.randn(5, 16), torch.tensor([0, 1, 2, 3, 0])) == 0.0).all()
