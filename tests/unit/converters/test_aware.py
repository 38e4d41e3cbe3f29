"""Quantization-aware training: what stands in its way is told before, and it does bring answers nearer."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.support.stub_models import source
from tests.support.tiny_student import VOCABULARY, tiny_student

from edgewise_converters.aware import AwareConfig, handed_over, learn, spared
from edgewise_converters.errors import FormError
from edgewise_converters.forms.material import INPUTS, Material, feeds_of
from edgewise_converters.forms.openvino_forms import import_nncf
from edgewise_runtimes.openvino_import import import_openvino


@pytest.mark.slow
def test_no_compiler_is_needed_and_what_is_handed_over_answers_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """NNCF would compile C++ on first use: minutes, and for ever beside the lock of a killed compilation."""
    pytest.importorskip("nncf", reason="quantization-aware training needs the extra 'convert-openvino'")
    from torch.utils import cpp_extension

    monkeypatch.setattr(cpp_extension, "load", lambda *_, **__: pytest.fail("something was compiled"))
    module = tiny_student(width=32)
    rows = torch.randint(2, VOCABULARY, (40, 9), generator=torch.Generator().manual_seed(2)).tolist()
    tasks = {task: {} for task in module.config.labels}
    model = handed_over(Material(source(module=module, tasks=tasks), rows), AwareConfig(steps=3, batch=8))
    feeds = feeds_of(rows[:8])
    wanted = module(*(torch.from_numpy(feeds[name]) for name in INPUTS))
    found = import_openvino().compile_model(model, "CPU")(feeds)
    assert "FakeQuantize" in {node.get_type_name() for node in model.get_ops()}
    for place, values in enumerate(wanted):
        change = np.abs(found[place] - values.detach().numpy()).mean()
        assert 0.0 < change < 0.1 * float(values.std())


def test_products_of_a_whole_text_and_small_ones_are_spared() -> None:
    pytest.importorskip("nncf", reason="quantization-aware training needs the extra 'convert-openvino'")
    import_nncf()
    names = spared(tiny_student(width=32, layers=2))
    assert not [name for name in names if name.startswith("mix/")], "these run once for each token"
    assert {"shared/linear/0", "attend/linear/0", "/matmul/0"} <= set(names)
    assert len([name for name in names if "linear" in name]) == 8  # and those of each task


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
