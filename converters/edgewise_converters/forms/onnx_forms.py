"""The forms of ONNX Runtime.

Those that keep activations in full precision, or calibrate them once, answer a text the same whatever shares
its batch. Dynamic int8 takes one scale of the whole call, so there it does not.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, load, numpy_helper

from edgewise_converters.errors import FormError, UnsupportedOperatorError
from edgewise_converters.forms.material import Feeds, Made, Material
from edgewise_converters.onnx_export import ExportError, int8_rows, quantize_embeddings
from edgewise_converters.quiet import quiet
from edgewise_runtimes.onnxruntime_import import import_onnxruntime

LEAST_WEIGHTS = 4096
"""Smaller matrices stay as they are: they are the heads, whose roundings nothing evens out."""

_BLOCK = 32


def fp32(material: Material) -> Made:
    """Return torch's export."""
    return Made(material.onnx.SerializeToString())


def fp16(material: Material) -> Made:
    """Return the export with weights and arithmetic in half precision, inputs and outputs as they were."""
    import_onnxruntime()
    from onnxruntime.transformers.float16 import convert_float_to_float16

    with quiet():
        model = convert_float_to_float16(_copy(material.onnx), keep_io_types=True)
    return Made(model.SerializeToString())


def int8_weights(material: Material) -> Made:
    """Return the export with weights as int8 and a scale for each row, arithmetic in full precision."""
    return Made(quantize_matrices(_embeddings(material.onnx)).SerializeToString())


def int8_static(material: Material) -> Made:
    """Return the export with int8 matrix products between scales measured on texts (MinMax).

    Entropy and percentile calibration take the -10000 of masks for a value and lose everything else.
    """
    import_onnxruntime()
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    def make(source: Path, target: Path) -> None:
        quantize_static(
            source,
            target,
            _Reader(material),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["MatMul", "Gemm"],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )

    return Made(_embeddings(_by_files(material.onnx, make)).SerializeToString())


def int8_dynamic(material: Material) -> Made:
    """Return the export with int8 matrix products, activations scaled anew in each call."""
    import_onnxruntime()
    from onnxruntime.quantization import QuantType, quantize_dynamic

    def make(source: Path, target: Path) -> None:
        quantize_dynamic(
            source,
            target,
            op_types_to_quantize=["MatMul", "Gemm"],
            per_channel=True,
            weight_type=QuantType.QInt8,
        )

    return Made(_embeddings(_by_files(material.onnx, make)).SerializeToString())


def int4_weights(material: Material) -> Made:
    """Return the export with weights as int4 in blocks of 32, arithmetic in full precision."""
    import_onnxruntime()
    from onnxruntime.quantization.matmul_nbits_quantizer import (
        DefaultWeightOnlyQuantConfig,
        MatMulNBitsQuantizer,
    )

    config = DefaultWeightOnlyQuantConfig(
        block_size=_BLOCK,
        is_symmetric=True,
        accuracy_level=1,
        op_types_to_quantize=("MatMul", "Gather"),
        quant_axes=(("MatMul", 0), ("Gather", 1)),
    )
    with quiet():
        quantizer = MatMulNBitsQuantizer(_copy(material.onnx), algo_config=config)
        quantizer.process()
    return Made(quantizer.model.model.SerializeToString())


def quantize_matrices(model: ModelProto) -> ModelProto:
    """Store matrices of MatMul and Gemm as int8, a scale for each output and block of inputs.

    ONNX Runtime multiplies them out once when it loads the model, so runs are as fast and as exact in their
    arithmetic as before; only the file is smaller.

    Args:
        model: It is changed.
    """
    graph = model.graph
    tensors = {item.name: item for item in graph.initializer}
    found: dict[str, bool] = {}
    for node in graph.node:
        if node.op_type in ("MatMul", "Gemm") and (table := tensors.get(node.input[1])) is not None:
            turned = any(item.name == "transB" and item.i for item in node.attribute)
            if _is_large(table):
                found[table.name] = turned
    for name, turned in found.items():
        _quantize_matrix(graph, tensors[name], turned)
    return model


def _is_large(table: TensorProto) -> bool:
    floats = table.data_type == TensorProto.FLOAT and len(table.dims) == 2
    return floats and int(np.prod(table.dims)) >= LEAST_WEIGHTS


def _quantize_matrix(graph: Any, table: TensorProto, turned: bool) -> None:
    """Put int8 blocks and their scales in a matrix's place; `turned`: it is [outputs, inputs]."""
    name, weights = table.name, numpy_helper.to_array(table)
    outputs_first = weights if turned else weights.T
    block = block_of(outputs_first.shape[1])
    rows, scale = int8_rows(outputs_first.reshape(-1, block))
    shape = (len(outputs_first), -1, block)
    values, scales = rows.reshape(shape), scale.reshape(len(outputs_first), -1, 1)
    if not turned:
        values, scales = (np.ascontiguousarray(part.transpose(1, 2, 0)) for part in (values, scales))
    size = np.array(weights.shape, np.int64)
    for part, kind in ((values, "int8"), (scales.astype(np.float16), "scale"), (size, "shape")):
        graph.initializer.append(numpy_helper.from_array(part, f"{name}.{kind}"))
    graph.initializer.remove(table)
    floats = TensorProto.FLOAT
    new = [
        helper.make_node("Cast", [f"{name}.int8"], [f"{name}.values"], to=floats),
        helper.make_node("Cast", [f"{name}.scale"], [f"{name}.scales"], to=floats),
        helper.make_node("Mul", [f"{name}.values", f"{name}.scales"], [f"{name}.blocks"]),
        helper.make_node("Reshape", [f"{name}.blocks", f"{name}.shape"], [name]),
    ]
    for node in reversed(new):
        graph.node.insert(0, node)


def block_of(inputs: int) -> int:
    """Return how many inputs share a scale: the largest divisor from 16 to 64, or all where there is none.

    >>> block_of(384), block_of(96), block_of(127)
    (64, 48, 127)
    """
    return next((size for size in range(64, 15, -1) if inputs % size == 0), inputs)


class _Reader:
    """Rows as ONNX Runtime's calibration asks for them."""

    def __init__(self, material: Material) -> None:
        self._rows = material.calibration("onnxruntime int8-static")

    def get_next(self) -> Feeds | None:
        """Return the next row."""
        return next(self._rows, None)


def _embeddings(model: ModelProto) -> ModelProto:
    """Store embedding tables as int8; a model that has them so already stays as it is."""
    try:
        return quantize_embeddings(model)
    except ExportError:
        return _copy(model)


def _copy(model: ModelProto) -> ModelProto:
    result = ModelProto()
    result.CopyFrom(model)
    return result


def _by_files(model: ModelProto, make: Callable[[Path, Path], Any]) -> ModelProto:
    """Let a library that works on files change a model."""
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder, quiet():
        source, ready, target = (Path(folder) / name for name in ("a.onnx", "b.onnx", "c.onnx"))
        source.write_bytes(model.SerializeToString())
        try:
            # Symbolic shapes are beyond it for most of these models; plain ones are enough.
            quant_pre_process(source, ready, skip_symbolic_shape=True)
            make(ready, target)
        except (FormError, OSError):
            raise
        except Exception as error:
            raise UnsupportedOperatorError("An int8 ONNX file", f"{type(error).__name__}: {error}") from error
        return load(target)
