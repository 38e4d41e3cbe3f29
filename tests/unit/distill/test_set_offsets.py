"""What a data set adds to the shared logits: group 0 nothing, others a deviation and their label prior."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="students need the extra 'train'")

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise_distill.student.train import SetOffsets, label_prior

NAN = float("nan")


def random_offsets(prior: torch.Tensor | None = None) -> SetOffsets:
    torch.manual_seed(2)
    offsets = SetOffsets(3, 5, 4, prior=prior)
    for weights in (offsets.bias.weight, offsets.up.weight):
        torch.nn.init.normal_(weights)
    return offsets


def test_offsets_begin_at_zero_and_group_0_stays_there() -> None:
    features, group = torch.randn(6, 5), torch.tensor([0, 1, 2, 0, 1, 2])
    assert (SetOffsets(3, 5, 4)(features, group) == 0).all()
    found = random_offsets()(features, group)
    assert (found[group == 0] == 0).all()
    assert (found[group > 0] != 0).all()


def test_nothing_is_learned_from_group_0() -> None:
    offsets = random_offsets()
    offsets(torch.randn(4, 5), torch.zeros(4, dtype=torch.long)).sum().backward()
    for value in offsets.parameters():
        assert value.grad is not None
        assert (value.grad == 0).all()


def test_the_prior_is_added_as_it_stands_and_not_learned() -> None:
    prior = torch.tensor([[0.0] * 4, [1.0, 2, 3, 4], [0.0] * 4])
    features, group = torch.randn(3, 5), torch.tensor([0, 1, 2])
    difference = random_offsets(prior)(features, group) - random_offsets()(features, group)
    torch.testing.assert_close(difference, prior)
    assert "prior" in SetOffsets(3, 5, 4).state_dict()
    assert all(value is not prior for value in random_offsets(prior).parameters())


def test_the_prior_is_half_the_logarithm_of_how_frequent_labels_are() -> None:
    group = np.array([1] * 40 + [2] * 4 + [0] * 4)
    target = np.full((48, 3), NAN, np.float32)
    target[:30], target[30:40] = [1, 0, NAN], [0, 1, NAN]
    target[40:44] = [0.5, 0, 0.5]
    target[44:] = [1, 0, 0]
    prior = label_prior(group, target).numpy()
    assert prior.shape == (3, 3)
    assert (prior[0] == 0).all()
    # Of 40 rows with one more of each of the two labels, 31 and 11 of 42; uniform would be 0.
    assert prior[1] == pytest.approx([0.5 * np.log(2 * 31 / 42), 0.5 * np.log(2 * 11 / 42), 0], abs=1e-6)
    assert prior[2] == pytest.approx([0, 0, 0], abs=1e-6)
    assert label_prior(group, target, 1.0).numpy() == pytest.approx(2 * prior, abs=1e-6)
    assert (label_prior(group, target, 0.0).numpy() == 0).all()


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-1, 2)), min_size=1, max_size=40))
def test_priors_are_finite_and_zero_where_nothing_is_known(rows: list[tuple[int, int]]) -> None:
    group = np.array([number for number, _ in rows])
    target = np.full((len(rows), 3), NAN, np.float32)
    for row, (_, label) in enumerate(rows):
        if label >= 0:
            target[row] = np.arange(3) == label
    prior = label_prior(group, target).numpy()
    assert prior.shape == (group.max() + 1, 3)
    assert np.isfinite(prior).all()
    for number in range(len(prior)):
        seen = {label for other, label in rows if other == number and label >= 0}
        for label in set(range(3)) - seen:
            assert prior[number, label] == 0
        if len(seen) == 1:
            assert prior[number] == pytest.approx(0, abs=1e-6)
