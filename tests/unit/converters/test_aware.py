"""Quantization-aware training: what stands in its way is told before, and it does bring answers nearer."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tests.support.stub_models import source
from tests.support.tiny_student import VOCABULARY, tiny_student

from edgewise_converters import aware
from edgewise_converters.aware import AwareConfig, CompilerError, demand_compiler, handed_over, learn
from edgewise_converters.errors import FormError
from edgewise_converters.forms.material import Material


@pytest.mark.parametrize(
    ("missing", "told"), [("ninja", "no ninja"), ("g++", "no C|no a C|a C\\+\\+ compiler")]
)
def test_a_missing_tool_is_named(monkeypatch: pytest.MonkeyPatch, missing: str, told: str) -> None:
    gone = ("ninja",) if missing == "ninja" else ("c++", "g++", "clang++")
    monkeypatch.setattr(aware.shutil, "which", lambda name: None if name in gone else f"/usr/bin/{name}")
    with pytest.raises(CompilerError, match=told):
        demand_compiler()


def test_the_lock_of_a_stopped_compilation_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Otherwise NNCF waits for it for ever."""
    monkeypatch.setattr(aware.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path))
    demand_compiler()
    folder = tmp_path / "py311_cpu" / "nncf" / "quantized_functions_cpu" / "2.13.0+cpu"
    folder.mkdir(parents=True)
    demand_compiler()
    (folder / "lock").touch()
    with pytest.raises(CompilerError, match="delete that file"):
        demand_compiler()


def test_without_a_module_or_texts_it_is_refused() -> None:
    with pytest.raises(FormError, match="only an ONNX file"):
        handed_over(Material(source()))
    with pytest.raises(FormError, match="--calibrate FILE"):
        handed_over(Material(source(module=tiny_student())))


def test_learning_brings_a_disturbed_model_back_to_its_teacher() -> None:
    teacher, student = tiny_student(), tiny_student()
    with torch.no_grad():
        for value in student.heads.parameters():
            value.add_(0.3 * torch.randn(value.shape, generator=torch.Generator().manual_seed(1)))
    rows = torch.randint(2, VOCABULARY, (40, 9), generator=torch.Generator().manual_seed(2)).tolist()
    losses = learn(student, teacher, rows, AwareConfig(steps=30, batch=16, rate=2e-2))
    assert sum(losses[-5:]) < 0.2 * sum(losses[:5])
    assert losses[:2] == learn(_disturbed(), teacher, rows, AwareConfig(steps=2, batch=16, rate=2e-2))


def _disturbed() -> torch.nn.Module:
    student = tiny_student()
    with torch.no_grad():
        for value in student.heads.parameters():
            value.add_(0.3 * torch.randn(value.shape, generator=torch.Generator().manual_seed(1)))
    return student
