"""A student's training folder as a model to convert, and what is wrong with broken ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tests.support.tiny_bundle import tiny_tokenizer
from tests.support.tiny_student import TASKS, tiny_student

from edgewise.labels import LABELS
from edgewise_converters.errors import SourceError
from edgewise_converters.sources.find import load_source
from edgewise_distill.student.model import Student


@pytest.fixture(params=[0, 8], ids=["", "narrow embeddings"])
def student(request: pytest.FixtureRequest) -> Student:
    return tiny_student(embedding=request.param)


@pytest.fixture
def work(tmp_path: Path, student: Student) -> Path:
    """What `edgewise train student` leaves, of an untrained student."""
    torch.save({"averaged": student.state_dict(), "epoch": 1}, tmp_path / "checkpoint.pt")
    tasks = {
        task: {"labels": list(LABELS[task]), "activation": "sigmoid" if task == "toxicity" else "softmax"}
        for task in TASKS
    }
    model = {"tokenizer": {"max_tokens": 32, "stride": 8, "pad_id": 0}, "tasks": tasks}
    part = {"model": model, "datasets": [], "recipe": {"languages": ["en"]}}
    (tmp_path / "model.json").write_text(json.dumps(part), encoding="utf-8")
    (tmp_path / "tokenizer.json").write_bytes(tiny_tokenizer())
    return tmp_path


def test_the_student_is_built_again_from_its_averaged_weights(work: Path, student: Student) -> None:
    (source,) = load_source(str(work)).models
    assert source.max_tokens == 32 and source.stride == 8
    assert source.speaks("en") and not source.speaks("de")
    assert source.module is not None and not source.module.training
    ids = torch.tensor([[3, 4, 5, 6]], dtype=torch.int32)
    with torch.no_grad():
        for wanted, found in zip(
            student(ids, torch.ones_like(ids)), source.module(ids, torch.ones_like(ids)), strict=True
        ):
            assert torch.equal(wanted, found)


def test_a_truncated_checkpoint_is_refused(work: Path) -> None:
    path = work / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SourceError, match=r"checkpoint\.pt is broken or cut off"):
        load_source(str(work))


def test_a_checkpoint_of_something_else_is_refused(work: Path) -> None:
    torch.save({"averaged": {"weight": torch.zeros(2, 2)}}, work / "checkpoint.pt")
    with pytest.raises(SourceError, match="does not hold the weights of a student"):
        load_source(str(work))


@pytest.mark.parametrize("file", ["model.json", "tokenizer.json"])
def test_a_training_that_has_not_ended_is_refused(work: Path, file: str) -> None:
    (work / file).unlink()
    with pytest.raises(SourceError, match=f"no {file}: the training has not ended"):
        load_source(str(work))


@pytest.mark.parametrize("text", ["", "[]", '{"model": {}}'])
def test_a_broken_part_of_the_manifest_is_refused(work: Path, text: str) -> None:
    (work / "model.json").write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match=r"model\.json is not what training writes"):
        load_source(str(work))
