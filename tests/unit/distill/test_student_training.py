"""Training: it learns, it is the same every time, and a killed run ends where an unbroken one does."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tests.support.tiny_student import blank_rows, telling_rows, tiny_student
from torch import Tensor

from edgewise_distill.student.data import pad_rows
from edgewise_distill.student.model import Student
from edgewise_distill.student.train import TrainConfig, train

DATA = telling_rows()
CONFIG = TrainConfig(epochs=3, tokens_per_batch=128, rate=5e-3, average=0.9, seed=7)


def all_rows(epoch: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return rng.permutation(len(DATA))[:200]


def run(
    config: TrainConfig = CONFIG, checkpoint: Path | None = None, monitor: object = None
) -> dict[str, Tensor]:
    trained = train(tiny_student(), DATA, all_rows, config, checkpoint, monitor)
    assert not trained.training
    return trained.state_dict()


def same(one: dict[str, Tensor], two: dict[str, Tensor]) -> bool:
    return all(torch.equal(one[name], two[name]) for name in one)


@pytest.fixture(scope="module")
def unbroken() -> dict[str, Tensor]:
    torch.set_num_threads(1)
    return run()


def test_it_learns_what_the_rows_tell() -> None:
    config = TrainConfig(epochs=25, tokens_per_batch=128, rate=1e-2, average=0.9, token_dropout=0.0, seed=7)
    student = train(tiny_student(), DATA, lambda _, rng: rng.permutation(len(DATA)), config)
    with torch.no_grad():
        sentiment, toxicity, emotion = student(*pad_rows(DATA.tokens, DATA.starts, np.arange(len(DATA))))
    told = DATA.sentiment >= 0
    assert (sentiment.argmax(1).numpy() == DATA.sentiment)[told].mean() > 0.95
    told = ~np.isnan(DATA.toxicity[:, 0])
    assert ((toxicity[:, 0].numpy() > 0) == (DATA.toxicity[:, 0] > 0.5))[told].mean() > 0.95
    told = ~np.isnan(DATA.emotion[:, 0])
    right = emotion.argmax(1).numpy() == np.nan_to_num(DATA.emotion).argmax(1)
    assert right[told].mean() > 0.95


def test_the_same_seed_gives_the_same_weights(unbroken: dict[str, Tensor]) -> None:
    assert same(unbroken, run())


def test_each_epoch_has_rows_of_its_own() -> None:
    chosen: list[tuple[int, list[int]]] = []

    def note(epoch: int, rng: np.random.Generator) -> NDArray[np.int64]:
        rows = rng.permutation(len(DATA))[:40]
        chosen.append((epoch, rows.tolist()))
        return rows

    train(tiny_student(), DATA, note, CONFIG)
    trained = chosen[-3:]
    assert [epoch for epoch, _ in trained] == [0, 1, 2]
    assert len({tuple(rows) for _, rows in trained}) == 3


def test_another_seed_gives_other_weights(unbroken: dict[str, Tensor]) -> None:
    assert not same(
        unbroken, run(TrainConfig(epochs=3, tokens_per_batch=128, rate=5e-3, average=0.9, seed=8))
    )


@pytest.mark.parametrize("after", [0, 1])
def test_a_run_killed_between_epochs_ends_the_same(
    after: int, tmp_path: Path, unbroken: dict[str, Tensor], caplog: pytest.LogCaptureFixture
) -> None:
    def kill(student: Student, epoch: int) -> None:
        if epoch == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(checkpoint=tmp_path / "checkpoint.pt", monitor=kill)
    with caplog.at_level(logging.INFO):
        assert same(unbroken, run(checkpoint=tmp_path / "checkpoint.pt"))
    assert f"going on after epoch {after + 1}" in caplog.text


def test_a_run_killed_within_an_epoch_ends_the_same(
    tmp_path: Path, unbroken: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = 0
    step = torch.optim.AdamW.step

    def dying(*given: object, **named: object) -> object:
        nonlocal steps
        steps += 1
        if steps == 18:
            raise KeyboardInterrupt
        return step(*given, **named)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(torch.optim.AdamW, "step", dying)
        run(checkpoint=tmp_path / "checkpoint.pt")
    assert (tmp_path / "checkpoint.pt").exists()
    assert same(unbroken, run(checkpoint=tmp_path / "checkpoint.pt"))


def test_a_run_killed_while_it_writes_ends_the_same(
    tmp_path: Path, unbroken: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    save = torch.save
    written = 0

    def torn(state: object, path: Path) -> None:
        nonlocal written
        written += 1
        if written == 2:
            path.write_bytes(b"half a checkpoint")
            raise KeyboardInterrupt
        save(state, path)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(torch, "save", torn)
        run(checkpoint=tmp_path / "checkpoint.pt")
    assert same(unbroken, run(checkpoint=tmp_path / "checkpoint.pt"))


def test_a_finished_run_is_not_trained_again(tmp_path: Path, unbroken: dict[str, Tensor]) -> None:
    called: list[int] = []
    first = run(checkpoint=tmp_path / "checkpoint.pt", monitor=lambda student, epoch: called.append(epoch))
    second = run(checkpoint=tmp_path / "checkpoint.pt", monitor=lambda student, epoch: called.append(epoch))
    assert same(first, second)
    assert same(first, unbroken)
    assert called == [0, 1, 2]


def test_watching_a_run_does_not_change_it(unbroken: dict[str, Tensor]) -> None:
    def watch(student: Student, epoch: int) -> None:
        assert not student.training
        torch.manual_seed(epoch)
        torch.randn(100)

    assert same(unbroken, run(monitor=watch))


def test_it_learns_what_a_teacher_says_of_rows_without_labels() -> None:
    rows = blank_rows([3] * 240, groups=2)
    rng = np.random.default_rng(2)
    label = rng.integers(3, size=240)
    rows.tokens[rows.starts[:-1]] = 2 + label
    soft = np.full((240, 18), np.nan, np.float16)
    soft[:, :3] = 0.1
    soft[np.arange(240), label] = 0.8
    config = TrainConfig(epochs=25, tokens_per_batch=128, rate=1e-2, average=0.9, token_dropout=0.0, seed=7)
    student = train(tiny_student(), replace(rows, soft=soft), lambda _, rng: rng.permutation(240), config)
    with torch.no_grad():
        sentiment, _, _ = student(*pad_rows(rows.tokens, rows.starts, np.arange(240)))
    likely = torch.softmax(sentiment, 1).numpy()
    assert (likely.argmax(1) == label).mean() > 0.95
    assert likely.max(1).mean() == pytest.approx(0.8, abs=0.1), "as sure as the teacher, no surer"
