"""A run that was stopped, wherever that was, ends with the weights of a run that was not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.support.teachers import compact_recipe, same_weights, tiny_recipe

from edgewise_cloud.catalogue import Catalogue
from edgewise_cloud.teacher import files
from edgewise_cloud.teacher.errors import CheckpointWriteError, DivergedError
from edgewise_cloud.teacher.files import write_torch
from edgewise_cloud.teacher.pipeline import train_teacher
from edgewise_cloud.teacher.recipe import TeacherRecipe
from edgewise_cloud.train.work_folder import WorkFileError


class Stopped(Exception):
    """Somebody pulled the plug."""


def stopping_after(patch: pytest.MonkeyPatch, steps: int) -> None:
    """Let the optimizer stop the run before it takes one more step."""
    step, taken = torch.optim.AdamW.step, 0

    def dying(*given: object, **named: object) -> object:
        nonlocal taken
        taken += 1
        if taken > steps:
            raise Stopped
        return step(*given, **named)

    patch.setattr(torch.optim.AdamW, "step", dying)


def counted(patch: pytest.MonkeyPatch) -> list[int]:
    """Count the steps of the optimizer."""
    step, taken = torch.optim.AdamW.step, [0]

    def counting(*given: object, **named: object) -> object:
        taken[0] += 1
        return step(*given, **named)

    patch.setattr(torch.optim.AdamW, "step", counting)
    return taken


def stopped_run(recipe: TeacherRecipe, catalogue: Catalogue, work: Path, steps: int) -> None:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Stopped):
        stopping_after(patch, steps)
        train_teacher(recipe, catalogue, work)


@pytest.mark.parametrize("steps", [1, 4, 8, 13])
def test_fine_tuning_goes_on_to_the_same_weights(
    steps: int, english: Path, catalogue: Catalogue, encoder: Callable[[str], Path], tmp_path: Path
) -> None:
    recipe = tiny_recipe(encoder("bert"))
    stopped_run(recipe, catalogue, tmp_path, steps)
    assert (tmp_path / "checkpoint.pt").exists() == (steps >= 3)
    assert not (tmp_path / "teacher").exists()
    with pytest.MonkeyPatch.context() as patch:
        taken = counted(patch)
        train_teacher(recipe, catalogue, tmp_path)
    assert same_weights(tmp_path / "teacher", english / "teacher")
    assert (tmp_path / "teacher/teacher.json").read_text() == (english / "teacher/teacher.json").read_text()
    whole = json.loads(torch.load(english / "checkpoint.pt")["progress"])
    assert steps < whole["step"]
    epoch = whole["step"] // 2
    written = [*range(0, whole["step"], 3), epoch]
    assert taken[0] == whole["step"] - max(step for step in written if step <= steps)


def test_stops_in_both_orders_of_looks_and_checkpoints(
    catalogue: Catalogue, encoder: Callable[[str], Path], tmp_path: Path
) -> None:
    changes = {"training.evaluate_every": 2, "training.accumulate": 2, "training.checkpoint_every": 1}
    recipe = tiny_recipe(encoder("distilbert"), **changes)
    train_teacher(recipe, catalogue, tmp_path / "unbroken")
    for steps in (2, 3):
        stopped_run(recipe, catalogue, tmp_path / "broken", steps)
    train_teacher(recipe, catalogue, tmp_path / "broken")
    assert same_weights(tmp_path / "unbroken/teacher", tmp_path / "broken/teacher")


def test_pretraining_and_alignment_go_on_to_the_same_weights(
    catalogue: Catalogue, english: Path, tmp_path: Path
) -> None:
    recipe = compact_recipe(english / "teacher")
    with pytest.MonkeyPatch.context() as patch:
        taken = counted(patch)
        train_teacher(recipe, catalogue, tmp_path / "unbroken")
    first = torch.load(tmp_path / "unbroken/pretraining.pt")["step"]
    assert first > 4
    stops = {4: {"pretraining"}, first: {"pretraining"}, first + 4: {"pretraining", "checkpoint"}}
    stops[taken[0] - 2] = {"pretraining", "checkpoint", "best", "alignment"}
    for steps, wanted in stops.items():
        work = tmp_path / str(steps)
        stopped_run(recipe, catalogue, work, steps)
        assert {path.stem for path in work.glob("*.pt")} == wanted
        train_teacher(recipe, catalogue, work)
        assert same_weights(tmp_path / "unbroken/teacher", work / "teacher")


def test_a_finished_run_is_not_trained_again(
    english: Path, catalogue: Catalogue, encoder: Callable[[str], Path]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        taken = counted(patch)
        outcome = train_teacher(tiny_recipe(encoder("bert")), catalogue, english)
    assert taken == [0]
    assert outcome.dev.keys() == {"sentiment", "toxicity", "emotion"}


def test_early_stopping_ends_a_run_and_keeps_the_best(
    catalogue: Catalogue, encoder: Callable[[str], Path], tmp_path: Path
) -> None:
    recipe = tiny_recipe(
        encoder("bert"),
        **{"training.epochs": 30, "training.patience": 2, "training.rate": 0.0, "training.head_rate": 0.0},
    )
    seen: list[tuple[int, float]] = []
    train_teacher(recipe, catalogue, tmp_path, report=lambda step, value: seen.append((step, value)))
    assert len(seen) == 3  # nothing is learned at rate 0: the first look, and two without gain
    progress = json.loads(torch.load(tmp_path / "checkpoint.pt")["progress"])
    assert progress["stopped"]
    with pytest.MonkeyPatch.context() as patch:
        taken = counted(patch)
        train_teacher(recipe, catalogue, tmp_path)
    assert taken == [0]


def test_the_best_weights_are_kept_not_the_last(
    catalogue: Catalogue, encoder: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgewise_cloud.teacher import pipeline

    figures = iter([0.3, 0.9, 0.5])
    kept: list[dict[str, Any]] = []

    def looker(*given: object) -> Callable[..., float]:
        def look(network: Any, step: int) -> float:
            kept.append({name: value.clone() for name, value in network.state_dict().items()})
            return next(figures)

        return look

    monkeypatch.setattr(pipeline, "_looker", looker)
    recipe = tiny_recipe(encoder("bert"), **{"training.epochs": 3, "prepare.limit": 30})
    outcome = train_teacher(recipe, catalogue, tmp_path)
    assert outcome.best == 0.9
    best = torch.load(tmp_path / "best.pt")
    assert all(torch.equal(best[f"network.{name}"], value) for name, value in kept[1].items())


def test_a_full_disk_is_told_and_the_checkpoint_before_is_whole(
    english: Path, catalogue: Catalogue, encoder: Callable[[str], Path], tmp_path: Path
) -> None:
    save, written = torch.save, 0

    def full(state: object, path: Path) -> None:
        nonlocal written
        written += 1
        if written == 2:
            path.write_bytes(b"half a checkpoint")
            raise OSError(28, "No space left on device")
        save(state, path)

    recipe = tiny_recipe(encoder("bert"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files.torch, "save", full)
        with pytest.raises(CheckpointWriteError, match="No space left on device"):
            train_teacher(recipe, catalogue, tmp_path)
    assert not list(tmp_path.glob("*.part"))
    assert json.loads(torch.load(tmp_path / "checkpoint.pt")["progress"])["step"] == 3
    train_teacher(recipe, catalogue, tmp_path)
    assert same_weights(tmp_path / "teacher", english / "teacher")


def test_torchs_own_error_of_a_full_disk_is_told_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(state: object, path: Path) -> None:
        raise RuntimeError("PytorchStreamWriter failed writing file data/1: file write failed")

    (tmp_path / "a.pt").write_bytes(b"old")
    monkeypatch.setattr(files.torch, "save", full)
    with pytest.raises(CheckpointWriteError, match="failed writing"):
        write_torch(tmp_path / "a.pt", {})
    assert (tmp_path / "a.pt").read_bytes() == b"old"


@pytest.mark.parametrize("content", [b"", b"no checkpoint", "other"])
def test_a_broken_checkpoint_is_named(
    content: bytes | str, catalogue: Catalogue, encoder: Callable[[str], Path], tmp_path: Path
) -> None:
    if content == "other":
        torch.save({"weights": {}}, tmp_path / "checkpoint.pt")
    else:
        assert isinstance(content, bytes)
        (tmp_path / "checkpoint.pt").write_bytes(content)
    with pytest.raises(WorkFileError, match=r"checkpoint\.pt"):
        train_teacher(tiny_recipe(encoder("bert"), **{"prepare.limit": 30}), catalogue, tmp_path)


def test_a_loss_that_is_no_number_ends_the_run(
    catalogue: Catalogue, encoder: Callable[[str], Path], tmp_path: Path
) -> None:
    recipe = tiny_recipe(encoder("bert"), **{"training.rate": 1e38, "training.clip": 1e30})
    with pytest.raises(DivergedError, match="rate"):
        train_teacher(recipe, catalogue, tmp_path)
    assert not (tmp_path / "teacher").exists()
