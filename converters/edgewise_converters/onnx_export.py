"""A torch student becomes one ONNX file.

Its inputs are `input_ids` and `attention_mask`, its outputs one array of logits a task.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
import torch
from onnx import ModelProto, TensorProto, helper, numpy_helper
from torch import nn

from edgewise.errors import EdgewiseError


class ExportError(EdgewiseError, RuntimeError):
    """A model could not be exported."""

    def __init__(self, reason: str) -> None:
        """Say why."""
        super().__init__(f"The model was not exported: {reason}")


def to_onnx(module: nn.Module, outputs: Sequence[str], *, opset: int = 18) -> ModelProto:
    """Export a module that takes int32 ids and mask [batch, length], both dimensions dynamic.

    Args:
        module: In evaluation mode; returns one tensor a name in `outputs`.
        outputs: Names of the outputs, the tasks.
        opset: ONNX operator set.

    Returns:
        The model with its weights inside.

    Raises:
        ExportError: torch refused it.
    """
    ids = torch.ones(2, 7, dtype=torch.int32)
    batch, length = torch.export.Dim("batch", min=1), torch.export.Dim("length", min=1)
    shape = {0: batch, 1: length}
    try:
        program = torch.onnx.export(
            module,
            (ids, torch.ones_like(ids)),
            input_names=["input_ids", "attention_mask"],
            output_names=list(outputs),
            dynamic_shapes=(shape, shape),
            opset_version=opset,
            dynamo=True,
            verbose=False,
        )
    except Exception as error:  # torch raises what it likes
        raise ExportError(_reason(error)) from error
    if program is None:
        raise ExportError("torch returned nothing")
    return without_notes(program.model_proto)


def without_notes(model: ModelProto) -> ModelProto:
    """Drop what torch notes beside every node: lines of source with paths of this machine, and shapes.

    Args:
        model: It is changed.
    """
    graph = model.graph
    for item in (model, graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        del item.metadata_props[:]
        item.doc_string = ""
    del graph.value_info[:]
    return model


def _reason(error: BaseException) -> str:
    """Return the first line of what began it: torch wraps that in pages of advice."""
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"


def int8_rows(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Round each row to int8 with a scale of its own.

    Args:
        weights: float32 [rows, width].

    Returns:
        int8 [rows, width] and float32 [rows, 1]; their product is within half a step of the weights.
    """
    scale = np.abs(weights).max(axis=1, keepdims=True) / 127.0
    scale[scale == 0.0] = 1.0
    return np.round(weights / scale).astype(np.int8), scale.astype(np.float32)


def quantize_embeddings(model: ModelProto, *, least_rows: int = 1000) -> ModelProto:
    """Store embedding tables as int8 rows with a scale each; only the rows that a text needs are restored.

    Activations stay float32, so an answer can't depend on its neighbours in a batch.

    Args:
        model: A model whose embeddings are `Gather` nodes on an initializer.
        least_rows: Smaller tables are left alone.

    Returns:
        A new model.

    Raises:
        ExportError: there is no embedding table to quantize.
    """
    result = ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    tables = {item.name: item for item in graph.initializer}
    found: dict[str, TensorProto] = {}
    for place, node in reversed(list(enumerate(graph.node))):
        table = tables.get(node.input[0]) if node.op_type == "Gather" else None
        if table is None or len(table.dims) != 2 or table.dims[0] < least_rows:
            continue
        name, ids, out = table.name, node.input[1], node.output[0]
        found[name] = table
        new = [
            helper.make_node("Gather", [f"{name}.int8", ids], [f"{out}.int8"], axis=0),
            helper.make_node("Cast", [f"{out}.int8"], [f"{out}.float"], to=TensorProto.FLOAT),
            helper.make_node("Gather", [f"{name}.scale", ids], [f"{out}.scale"], axis=0),
            helper.make_node("Mul", [f"{out}.float", f"{out}.scale"], [out]),
        ]
        graph.node.remove(node)
        for offset, item in enumerate(new):
            graph.node.insert(place + offset, item)
    if not found:
        raise ExportError("it has no embedding table of a Gather node to quantize")
    for name, table in found.items():
        rows, scale = int8_rows(numpy_helper.to_array(table).astype(np.float32))
        graph.initializer.append(numpy_helper.from_array(rows, f"{name}.int8"))
        graph.initializer.append(numpy_helper.from_array(scale, f"{name}.scale"))
        graph.initializer.remove(table)
    del graph.value_info[:]
    onnx.checker.check_model(result)
    return result
