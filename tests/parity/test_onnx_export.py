"""The exported student answers as the torch one does, row by row."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

pytest.importorskip("torch", reason="students are exported with the extra 'convert'")
pytest.importorskip("onnx", reason="students are exported with the extra 'convert'")
pytest.importorskip("onnxscript", reason="students are exported with the extra 'convert'")

import torch
from onnx import ModelProto, TensorProto, helper, numpy_helper
from tests.support.tiny_student import TASKS, tiny_student

from edgewise.labels import LABELS
from edgewise_converters.onnx_export import ExportError, int8_rows, quantize_embeddings, to_onnx
from edgewise_distill.student.model import Student
from edgewise_runtimes.onnxruntime_backend import OnnxRuntime
from edgewise_runtimes.protocol import Artifact, SessionOptions

# What torch says of itself while it exports.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")

VOCABULARY = 1500
Feeds = dict[str, NDArray[np.int32]]
Answer = Callable[[Feeds], dict[str, NDArray[np.float32]]]


@pytest.fixture(scope="module", params=[0, 16], ids=["", "narrow embeddings"])
def student(request: pytest.FixtureRequest) -> Student:
    """A student whose logits are as large as those of a trained one."""
    made = tiny_student(vocabulary=VOCABULARY, width=32, embedding=request.param)
    with torch.no_grad():
        made.embed.weight *= 8.0
        for head in made.heads.values():
            head.weight *= 3.0
    return made


@pytest.fixture(scope="module")
def exported(student: Student) -> ModelProto:
    return to_onnx(student, TASKS)


@pytest.fixture(scope="module")
def quantized(exported: ModelProto) -> ModelProto:
    return quantize_embeddings(exported)


def session(model: ModelProto) -> Answer:
    artifact = Artifact("student.onnx", "onnxruntime", "int8-weights", model.SerializeToString())
    return OnnxRuntime().load(artifact, SessionOptions(threads=1)).run


@pytest.fixture(scope="module")
def answer(quantized: ModelProto) -> Answer:
    return session(quantized)


def rows(batch: int, length: int, *, padded: bool = False) -> Feeds:
    rng = np.random.default_rng((batch, length))
    mask = np.ones((batch, length), np.int32)
    if padded:
        for row, size in zip(mask, rng.integers(1, length + 1, batch), strict=True):
            row[size:] = 0
    ids = rng.integers(1, VOCABULARY, (batch, length)).astype(np.int32) * mask
    return {"input_ids": ids, "attention_mask": mask}


def by_torch(student: Student, feeds: Feeds) -> dict[str, NDArray[np.float32]]:
    with torch.no_grad():
        found = student(torch.from_numpy(feeds["input_ids"]), torch.from_numpy(feeds["attention_mask"]))
    return {task: values.numpy() for task, values in zip(TASKS, found, strict=True)}


def furthest(one: dict[str, NDArray[np.float32]], two: dict[str, NDArray[np.float32]]) -> float:
    assert one.keys() == two.keys() == set(TASKS)
    return max(float(np.abs(one[task] - two[task]).max()) for task in TASKS)


@pytest.mark.parametrize("batch", [1, 2, 5])
@pytest.mark.parametrize("length", [1, 2, 3, 17, 128])
def test_int8_rows_answer_as_torch_does(student: Student, answer: Answer, batch: int, length: int) -> None:
    feeds = rows(batch, length)
    expected = by_torch(student, feeds)
    assert furthest(answer(feeds), expected) <= 2e-2
    assert max(np.ptp(values) for values in expected.values()) > 0.5, "or the bound would say nothing"


@pytest.mark.parametrize("padded", [False, True])
def test_floats_answer_as_torch_does(student: Student, exported: ModelProto, padded: bool) -> None:
    run = session(exported)
    for batch, length in ((1, 1), (3, 9), (4, 40)):
        feeds = rows(batch, length, padded=padded)
        assert furthest(run(feeds), by_torch(student, feeds)) <= 1e-4


@pytest.mark.parametrize("length", [1, 8, 64])
def test_a_row_does_not_depend_on_rows_of_its_length(answer: Answer, length: int) -> None:
    feeds = rows(7, length)
    together = answer(feeds)
    for row in range(7):
        alone = answer({name: values[row : row + 1] for name, values in feeds.items()})
        assert furthest(alone, {task: values[row : row + 1] for task, values in together.items()}) <= 1e-5


def test_a_row_does_not_depend_on_its_padding(answer: Answer) -> None:
    feeds = rows(6, 30, padded=True)
    together = answer(feeds)
    for row in range(6):
        size = int(feeds["attention_mask"][row].sum())
        alone = answer({name: values[row : row + 1, :size] for name, values in feeds.items()})
        assert furthest(alone, {task: values[row : row + 1] for task, values in together.items()}) <= 1e-4


def test_inputs_and_outputs_are_those_of_the_contract(quantized: ModelProto) -> None:
    graph = quantized.graph
    assert [item.name for item in graph.input] == ["input_ids", "attention_mask"]
    assert [item.name for item in graph.output] == list(TASKS)
    for item in graph.input:
        kind = item.type.tensor_type
        assert kind.elem_type == TensorProto.INT32
        assert [bool(side.dim_param) for side in kind.shape.dim] == [True, True]
    for item in graph.output:
        kind = item.type.tensor_type
        assert kind.elem_type == TensorProto.FLOAT
        assert kind.shape.dim[0].dim_param
        assert kind.shape.dim[1].dim_value == len(LABELS[item.name])


def test_the_weights_are_inside_the_file(
    student: Student, exported: ModelProto, quantized: ModelProto
) -> None:
    for model in (exported, quantized):
        assert model.graph.initializer
        for item in model.graph.initializer:
            assert item.data_location == TensorProto.DEFAULT
            assert not item.external_data
    table = student.embed.weight.numel()
    assert len(exported.SerializeToString()) > 4 * table
    assert len(quantized.SerializeToString()) < len(exported.SerializeToString()) - 2.5 * table


def test_only_int8_rows_of_the_table_are_left(
    student: Student, exported: ModelProto, quantized: ModelProto
) -> None:
    shape = list(student.embed.weight.shape)

    def tables(model: ModelProto) -> list[int]:
        return [item.data_type for item in model.graph.initializer if list(item.dims) == shape]

    assert tables(exported) == [TensorProto.FLOAT]
    assert tables(quantized) == [TensorProto.INT8]


@given(st.integers(1, 6), st.integers(1, 9), st.floats(1e-3, 1e3), st.integers(0, 99))
def test_int8_rows_are_within_half_a_step(count: int, width: int, scale: float, seed: int) -> None:
    weights = (np.random.default_rng(seed).normal(size=(count, width)) * scale).astype(np.float32)
    weights[0] = 0.0
    found, step = int8_rows(weights)
    assert found.dtype == np.int8
    assert step.shape == (count, 1)
    assert (np.abs(found * step - weights) <= step * 0.5001).all()
    assert (found[0] == 0).all()


def gathers(nodes: int, count: int = 2000) -> ModelProto:
    """A model that looks up one table in several places."""
    table = np.random.default_rng(0).normal(size=(count, 4)).astype(np.float32)
    ids = helper.make_tensor_value_info("ids", TensorProto.INT32, [None])
    outputs = [helper.make_tensor_value_info(f"out{n}", TensorProto.FLOAT, [None, 4]) for n in range(nodes)]
    made = [helper.make_node("Gather", ["table", "ids"], [f"out{n}"], axis=0) for n in range(nodes)]
    graph = helper.make_graph(made, "g", [ids], outputs, [numpy_helper.from_array(table, "table")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def test_a_table_used_twice_is_stored_once() -> None:
    model = gathers(2)
    table = numpy_helper.to_array(model.graph.initializer[0])
    found = quantize_embeddings(model)
    assert sorted(item.name for item in found.graph.initializer) == ["table.int8", "table.scale"]
    assert [item.name for item in model.graph.initializer] == ["table"], "the model given stays as it is"
    run = session(found)
    values = run({"ids": np.array([3, 1999], np.int32)})
    for rows_ in values.values():
        assert np.abs(rows_ - table[[3, 1999]]).max() < 0.02


def test_a_model_without_a_table_is_refused() -> None:
    with pytest.raises(ExportError, match="no embedding table"):
        quantize_embeddings(gathers(1, count=999))
    assert quantize_embeddings(gathers(1, count=999), least_rows=999).graph.initializer


def test_what_torch_cannot_export_is_told() -> None:
    class Odd(torch.nn.Module):
        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("an odd module\nwith a long story")

    with pytest.raises(ExportError, match="an odd module") as caught:
        to_onnx(Odd().eval(), ["sentiment"])
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
