"""Which forms are asked for, and the int8 matrices of ONNX files."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from edgewise.errors import MissingExtraError
from edgewise_converters.errors import FormError
from edgewise_converters.forms import catalogue
from edgewise_converters.forms.catalogue import FORMS, chosen_forms
from edgewise_converters.forms.onnx_forms import quantize_matrices


def test_each_backend_has_one_form_of_every_short_name() -> None:
    for backend in ("onnxruntime", "openvino", "tflite"):
        short = [form.short for form in FORMS if form.backend == backend and form.short]
        assert sorted(short) == ["fp16", "fp32", "int4", "int8"]


def test_names_are_short_or_full() -> None:
    found = [form.name for form in chosen_forms(["onnx", "openvino"], ["int8-ptq", "fp32", "int8-static"])]
    assert found == ["onnxruntime fp32", "onnxruntime int8-static", "openvino fp32", "openvino int8-ptq"]


@pytest.mark.parametrize(
    ("backends", "precisions", "told"), [(["coral"], ["fp32"], "coral"), (["onnx"], ["int2"], "int2")]
)
def test_an_unknown_name_is_refused_with_the_known_ones(
    backends: list[str], precisions: list[str], told: str
) -> None:
    with pytest.raises(FormError, match=f"{told}.*onnx"):
        chosen_forms(backends, precisions)


def test_what_depends_on_its_batch_must_be_asked_for_twice() -> None:
    with pytest.raises(FormError, match="--allow-batch-dependent"):
        chosen_forms(["onnx"], ["int8-dynamic"])
    assert [
        form.precision for form in chosen_forms(["onnx"], ["int8-dynamic"], allow_batch_dependent=True)
    ] == ["int8-dynamic"]


@pytest.mark.parametrize(
    ("backend", "module", "extra"),
    [
        ("onnx", "onnxscript", "convert"),
        ("openvino", "nncf", "convert-openvino"),
        ("tflite", "litert_torch", "convert-tflite"),
    ],
)
def test_a_missing_package_comes_with_its_pip_line(
    monkeypatch: pytest.MonkeyPatch, backend: str, module: str, extra: str
) -> None:
    monkeypatch.setattr(catalogue, "missing_module", lambda name: "not there" if name == module else None)
    (form,) = chosen_forms([backend], ["int8"])
    with pytest.raises(MissingExtraError, match=rf'pip install "edgewise\[{extra}\]"'):
        form.demand_installed()


def two_products(inputs: int, outputs: int) -> onnx.ModelProto:
    rng = np.random.default_rng(3)
    first = rng.normal(size=(inputs, outputs)).astype(np.float32)
    second = rng.normal(size=(5, outputs)).astype(np.float32)  # small: it stays
    third = rng.normal(size=(inputs, outputs)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "first"], ["hidden"]),
            helper.make_node("Gemm", ["hidden", "third"], ["back"], transB=1),
            helper.make_node("MatMul", ["back", "first"], ["again"]),
            helper.make_node("Gemm", ["again", "second"], ["y"], transB=1),
        ],
        "two",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", inputs])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 5])],
        [numpy_helper.from_array(v, k) for k, v in (("first", first), ("second", second), ("third", third))],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize(("inputs", "outputs"), [(96, 128), (67, 64), (130, 50)])
def test_int8_matrices_are_a_quarter_and_answer_alike(inputs: int, outputs: int) -> None:
    before = two_products(inputs, outputs)
    after = quantize_matrices(onnx.ModelProto.FromString(before.SerializeToString()))
    onnx.checker.check_model(after, full_check=True)
    assert after.ByteSize() < 0.31 * before.ByteSize() + 1500
    x = np.random.default_rng(4).normal(size=(7, inputs)).astype(np.float32)
    wanted, found = (
        onnxruntime.InferenceSession(m.SerializeToString(), providers=["CPUExecutionProvider"]).run(
            None, {"x": x}
        )[0]
        for m in (before, after)
    )
    assert np.corrcoef(wanted.ravel(), found.ravel())[0, 1] > 0.9998
    assert not np.array_equal(wanted, found)
