"""The parts of a run: rows as tokens, hidden tokens, the loss, rates, the order of batches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.tiny_encoders import KINDS

from edgewise_cloud.teacher.losses import TeacherLoss, task_loss
from edgewise_cloud.teacher.network import TeacherNetwork, load_encoder, load_reader
from edgewise_cloud.teacher.pretrain import IGNORED, hide
from edgewise_cloud.teacher.recipe import Sampling
from edgewise_cloud.teacher.rows import (
    epoch_rows,
    few_of_each,
    framed,
    in_order,
    labelled_batch,
    make_rows,
    part_of,
    special_ids,
    text_batch,
    unlabelled,
)
from edgewise_cloud.teacher.train import optimizer_for, set_rate


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_what_the_librarys_own_tokenizer_gives(kind: str, encoder: Callable[[str], Path]) -> None:
    reader = load_reader(str(encoder(kind)))
    texts = ["the wonderful house", "", "water " * 60, "good morning 12"]
    rows = make_rows(unlabelled(texts, ["und"] * 4, ""), reader, 20, ("",))
    ids, mask = text_batch(rows, np.arange(4))
    wanted = reader(texts, padding=True, truncation=True, max_length=20, return_tensors="pt")
    assert ids.tolist() == wanted["input_ids"].tolist()
    assert mask.tolist() == wanted["attention_mask"].tolist()
    again, mask = text_batch(part_of(rows, np.array([3, 0])), np.array([1, 0]))
    assert again.tolist() == ids[[0, 3], : again.shape[1]].tolist()


@given(st.lists(st.integers(0, 6), min_size=1, max_size=5), st.integers(0, 3))
def test_frames_stand_around_each_text(lengths: list[int], pad: int) -> None:
    width = max(*lengths, 1)
    mask = (torch.arange(width) < torch.tensor(lengths).unsqueeze(1)).int()
    ids, seen = framed(mask * 9, mask, (7, 8, pad))
    for row, length in enumerate(lengths):
        assert ids[row].tolist() == [7, *[9] * length, 8, *[pad] * (width - length)]
        assert seen[row].tolist() == [1] * (length + 2) + [0] * (width - length)


def test_padding_changes_no_answer(encoder: Callable[[str], Path]) -> None:
    for kind in KINDS:
        network = TeacherNetwork(load_encoder(str(encoder(kind))), {"sentiment": 3}).eval()
        rows = make_rows(
            unlabelled(["the house", "good water " * 8], ["und"] * 2, ""),
            load_reader(str(encoder(kind))),
            30,
            ("",),
        )
        with torch.no_grad():
            alone = network(*text_batch(rows, np.array([0])))["sentiment"]
            padded = network(*text_batch(rows, np.array([0, 1])))["sentiment"][:1]
        torch.testing.assert_close(alone, padded, atol=1e-5, rtol=1e-4)


@settings(deadline=None)
@given(st.integers(0, 2**31), st.floats(0.05, 0.9))
def test_hidden_tokens_are_those_to_be_guessed(seed: int, share: float) -> None:
    ids = torch.randint(5, 90, (6, 30), generator=torch.Generator().manual_seed(1))
    ids[:, 0], ids[:, 20:] = 1, 0
    mask = (ids > 0).long()
    seen, wanted = hide(ids, mask, share, 99, (1, 2, 0), seed)
    asked = wanted != IGNORED
    assert not asked[:, 0].any()
    assert not asked[:, 20:].any()
    assert torch.equal(wanted[asked], ids[asked])
    assert torch.equal(seen[~asked], ids[~asked])
    again = hide(ids, mask, share, 99, (1, 2, 0), seed)
    assert torch.equal(seen, again[0])
    assert torch.equal(wanted, again[1])


def test_eight_of_ten_hidden_tokens_become_the_mask() -> None:
    ids = torch.randint(5, 5000, (200, 100), generator=torch.Generator().manual_seed(2))
    seen, wanted = hide(ids, torch.ones_like(ids), 0.15, 9999, (1, 2, 0), 3)
    asked = wanted != IGNORED
    assert asked.float().mean() == pytest.approx(0.15, abs=0.01)
    assert (seen[asked] == 9999).float().mean() == pytest.approx(0.8, abs=0.02)
    assert (seen[asked] == ids[asked]).float().mean() == pytest.approx(0.1, abs=0.02)


def test_nothing_to_hide_is_no_error() -> None:
    ids = torch.tensor([[1, 2]])
    seen, wanted = hide(ids, torch.ones_like(ids), 0.5, 9, (1, 2, 0), 0)
    assert torch.equal(seen, ids)
    assert (wanted == IGNORED).all()


def test_the_loss_of_a_batch_is_that_of_its_tasks_weighted(encoder: Callable[[str], Path]) -> None:
    folder = str(encoder("bert"))
    network = TeacherNetwork(load_encoder(folder), {"sentiment": 3, "toxicity": 7}, dropout=0.0).eval()
    examples = unlabelled(["the house", "good water"], ["en", "en"], "sentiment/x")
    examples.sentiment[0], examples.toxicity[1] = 2, [1, 0, 0, np.nan, np.nan, np.nan, np.nan]
    examples.weights[:] = [1.0, 0.5]
    rows = make_rows(examples, load_reader(folder), 16, ("", "x"))
    batch = labelled_batch(rows, np.array([0, 1]))
    module = TeacherLoss(network, 2, {"toxicity": 3.0})
    logits = network(batch["ids"], batch["mask"])
    sentiment = -torch.log_softmax(logits["sentiment"][0], 0)[2]
    toxic = logits["toxicity"][1, :3]
    three = torch.nn.functional.binary_cross_entropy_with_logits(
        toxic, torch.tensor([1.0, 0.0, 0.0]), reduction="sum"
    )
    wanted = (sentiment + 0.5 * 3 * three).item() / 2
    assert module(batch).item() == pytest.approx(wanted, rel=1e-4)
    assert task_loss("sentiment", logits["sentiment"], batch)[1] == 0


def test_groups_may_deviate_and_group_0_may_not(encoder: Callable[[str], Path]) -> None:
    module = TeacherLoss(TeacherNetwork(load_encoder(str(encoder("bert"))), {"emotion": 8}), 3, {})
    offsets = module.offsets["emotion"]
    torch.nn.init.normal_(offsets.bias.weight)
    torch.nn.init.normal_(offsets.up.weight)
    found = offsets(torch.randn(3, 16), torch.tensor([0, 1, 2]))
    assert (found[0] == 0).all()
    assert (found[1:] != 0).all()


def test_what_is_new_learns_faster_and_vectors_do_not_decay(encoder: Callable[[str], Path]) -> None:
    from edgewise_cloud.teacher.recipe import FineTuning

    module = TeacherLoss(TeacherNetwork(load_encoder(str(encoder("bert"))), {"emotion": 8}), 1, {})
    made = optimizer_for(module, FineTuning(rate=1e-5, head_rate=1e-3, decay=0.1))
    rates = {id(value): group for group in made.param_groups for value in group["params"]}
    assert len(rates) == len(list(module.parameters()))
    for name, value in module.named_parameters():
        group = rates[id(value)]
        assert group["lr"] == (1e-5 if name.startswith("network.encoder.") else 1e-3)
        assert group["weight_decay"] == (0.1 if value.ndim > 1 else 0.0)


@given(st.integers(1, 400), st.floats(0, 1))
def test_rates_rise_then_fall_and_are_never_negative(steps: int, warm_up: float) -> None:
    made = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=2.0)
    made.param_groups[0]["peak"] = 2.0
    rates = []
    for step in range(steps):
        set_rate(made, step, steps, warm_up)
        rates.append(made.param_groups[0]["lr"])
    top = rates.index(max(rates))
    assert all(0 < rate <= 2.0 for rate in rates)
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=60), st.integers(1, 200))
@settings(deadline=None, max_examples=30)
def test_every_row_is_run_once(lengths: list[int], tokens: int) -> None:
    from edgewise_cloud.teacher.rows import TeacherRows
    from edgewise_distill.student.data import LabelledTokens

    n = len(lengths)
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    blank = np.zeros((n, 8), np.float32)
    labelled = LabelledTokens(
        np.ones(starts[-1], np.int32), starts, np.zeros(n, np.int64), np.ones(n, np.float32),
        np.zeros(n, np.int64), np.ones((n, 3), bool), blank, blank,
    )  # fmt: skip
    rows = TeacherRows(
        unlabelled(["x"] * n, ["en"] * n, ""), labelled, ("",), np.zeros(n, np.int64), (1, 2, 0)
    )
    found = list(in_order(rows, tokens))
    assert sorted(row for part in found for row in part) == list(range(n))
    for part in found:
        assert len(part) == 1 or len(part) * (max(lengths[row] for row in part) + 2) <= tokens


def test_small_sets_are_visited_whole_and_large_ones_thinned() -> None:
    examples = unlabelled(["x"] * 1110, ["en"] * 1110, "a")
    examples.datasets[:] = ["small"] * 10 + ["large"] * 1000 + ["named"] * 100
    rows = epoch_rows(examples, Sampling(100, 0.5, {"named": 7}), np.random.default_rng(1))
    names = np.array(examples.datasets)[rows]
    assert {name: int((names == name).sum()) for name in set(names)} == {
        "small": 10,
        "large": 130,
        "named": 7,
    }
    assert len(set(rows.tolist())) == len(rows)
    few = few_of_each(examples, 5, 3)
    assert len(few) == 15
    assert few.tolist() == sorted(few.tolist())
    assert few.tolist() == few_of_each(examples, 5, 3).tolist()


def test_special_ids_are_the_tokenizers(encoder: Callable[[str], Path]) -> None:
    assert special_ids(load_reader(str(encoder("bert")))) == (2, 3, 0)
    assert special_ids(load_reader(str(encoder("roberta")))) == (0, 2, 1)
