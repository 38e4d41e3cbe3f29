"""A checkpoint of transformers becomes ONNX by `optimum`, with the inputs and outputs of every other form.

Its exporter needs an older transformers than the rest of this project: it has an environment of its own.
"""

from __future__ import annotations

import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, compose, helper, numpy_helper

from edgewise_converters.errors import ExporterError, InputNamesError, UnsupportedOperatorError
from edgewise_converters.forms.material import INPUTS
from edgewise_converters.onnx_export import without_notes
from edgewise_converters.quiet import quiet

NAME = "optimum"
OPSET = 18
"""That of the export by torch."""

_FILLED = "token_type_ids"
"""An input that a text of one part has zeros in, as transformers itself puts there."""

_INNER = "optimum/"
_TASK = "text-classification"


def demand_optimum() -> None:
    """Find out whether optimum can be used here.

    Raises:
        ExporterError: It cannot; the message says why and what to install where.
    """
    _import_optimum()


def by_optimum(where: str, task: str) -> ModelProto:
    """Export a sequence classifier.

    Args:
        where: Folder or hub name of the checkpoint; code that it brings is never run.
        task: Name of the output.

    Returns:
        A model that takes int32 `input_ids` and `attention_mask` [batch, length] and returns the logits.

    Raises:
        ExporterError: optimum cannot be used here.
        UnsupportedOperatorError: optimum refuses the checkpoint.
        InputNamesError: What it made takes something that a text does not tell.
    """
    main_export = _import_optimum()
    with tempfile.TemporaryDirectory() as folder, quiet():
        try:
            main_export(
                where,
                folder,
                task=_TASK,
                opset=OPSET,
                library_name="transformers",
                trust_remote_code=False,
                do_validation=False,  # the gate does that
            )
        except Exception as error:  # it raises what it likes
            reason = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
            raise UnsupportedOperatorError("The ONNX export by optimum", reason) from error
        made = onnx.load(Path(folder) / "model.onnx")
    return with_our_names(made, task)


def with_our_names(model: ModelProto, task: str) -> ModelProto:
    """Put a model between our two int32 inputs and an output named by its task.

    Args:
        model: It takes int64 `input_ids` and `attention_mask`, and may take `token_type_ids`, which become
            zeros; its one output is [batch, labels].
        task: Name of the output.

    Raises:
        InputNamesError: It takes or returns something else.
    """
    inputs = [item.name for item in model.graph.input]
    outputs = [item.name for item in model.graph.output]
    if not set(INPUTS) <= set(inputs) <= {*INPUTS, _FILLED}:
        raise InputNamesError("The ONNX model of optimum", inputs, INPUTS)
    if len(outputs) != 1:
        raise InputNamesError("The ONNX model of optimum", outputs, (task,))
    inner = compose.add_prefix(model, _INNER)
    before, after = _before(inner, set(inputs)), _after(inner, outputs[0], task)
    told = [(f"{_INNER}{name}:in", f"{_INNER}{name}") for name in inputs]
    whole = compose.merge_models(before, inner, io_map=told)
    whole = compose.merge_models(
        whole, after, io_map=[(f"{_INNER}{outputs[0]}", f"{_INNER}{outputs[0]}:out")]
    )
    whole.producer_name = NAME
    onnx.checker.check_model(whole)
    return without_notes(whole)


def _before(inner: ModelProto, inputs: set[str]) -> ModelProto:
    """Return a model that makes the inputs of `inner` from ours."""
    nodes = [
        helper.make_node("Cast", [name], [f"{_INNER}{name}:in"], to=TensorProto.INT64) for name in INPUTS
    ]
    if _FILLED in inputs:
        zero = numpy_helper.from_array(np.zeros(1, np.int64))
        nodes += [
            helper.make_node("Shape", [INPUTS[0]], [f"{_INNER}shape"]),
            helper.make_node("ConstantOfShape", [f"{_INNER}shape"], [f"{_INNER}{_FILLED}:in"], value=zero),
        ]
    taken = [_rows(name, TensorProto.INT32) for name in INPUTS]
    given = [_rows(f"{_INNER}{name}:in", TensorProto.INT64) for name in sorted(inputs)]
    return _like(inner, helper.make_graph(nodes, "before", taken, given))


def _after(inner: ModelProto, output: str, task: str) -> ModelProto:
    """Return a model that gives the output of `inner` the name of the task."""
    kind = inner.graph.output[0].type.tensor_type
    labels = kind.shape.dim[1].dim_value or "labels"
    shape = ["batch", labels]
    name = f"{_INNER}{output}:out"
    return _like(
        inner,
        helper.make_graph(
            [helper.make_node("Identity", [name], [task])],
            "after",
            [helper.make_tensor_value_info(name, kind.elem_type, shape)],
            [helper.make_tensor_value_info(task, kind.elem_type, shape)],
        ),
    )


def _rows(name: str, kind: int) -> Any:
    return helper.make_tensor_value_info(name, kind, ["batch", "length"])


def _like(inner: ModelProto, graph: Any) -> ModelProto:
    """Return a model of the versions of `inner`: only such can be merged with it."""
    return helper.make_model(graph, opset_imports=list(inner.opset_import), ir_version=inner.ir_version)


def _import_optimum() -> Any:
    try:
        with quiet():
            from optimum.exporters.onnx import main_export
    except (ImportError, RuntimeError) as error:
        raise ExporterError(NAME, _why(error)) from error
    return main_export


def _why(error: Exception) -> str:
    """Say which packages are there: optimum itself only says what it cannot import."""
    found = []
    for package in ("optimum", "optimum-onnx", "transformers"):
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"no {package}")
    return f"here are {', '.join(found)} ({str(error).strip().partition(chr(10))[0]})"
