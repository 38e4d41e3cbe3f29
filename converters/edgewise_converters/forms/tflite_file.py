"""TFLite files as data: which matrices they hold, which operators they need, and what can be left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise_converters.errors import UnsupportedOperatorError

_IDENTIFIER = b"TFL3"
_ALIGNED = 16


@dataclass(frozen=True)
class Product:
    """A matrix product by constant weights.

    Attributes:
        output: Name of its output: what a recipe of the quantizer calls it by.
        weights: The matrix [outputs, inputs].
    """

    output: str
    weights: NDArray[np.float32]

    @property
    def lost(self) -> float:
        """What int8 with a scale an output takes from the typical column of inputs, as a share of it.

        A column of small weights between large ones is rounded coarsely, and its input may be large.
        """
        scale = np.abs(self.weights).max(axis=1, keepdims=True) / 127.0
        scale[scale == 0.0] = 1.0
        error = np.round(self.weights / scale) * scale - self.weights
        whole = np.linalg.norm(self.weights, axis=0)
        return float(np.median(np.linalg.norm(error, axis=0) / np.maximum(whole, 1e-12)))


def products(data: bytes) -> Iterator[Product]:
    """Yield every product by constant float weights, in all signatures."""
    schema, model = _read(data)
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    for graph in model.subgraphs:
        for operator in graph.operators:
            if codes[operator.opcodeIndex] != schema.BuiltinOperator.FULLY_CONNECTED:
                continue
            weights, output = graph.tensors[operator.inputs[1]], graph.tensors[operator.outputs[0]]
            content = _content(data, model.buffers[weights.buffer])
            if weights.type == schema.TensorType.FLOAT32 and len(content):
                matrix = np.frombuffer(content, np.float32).reshape([int(size) for size in weights.shape])
                yield Product(output.name.decode("utf-8", "replace"), matrix)


def demand_builtin(data: bytes) -> None:
    """See that a model uses builtin operators only: a phone has no others.

    Raises:
        UnsupportedOperatorError: It has others; they are named.
    """
    schema, model = _read(data)
    custom = schema.BuiltinOperator.CUSTOM
    names = {
        (code.customCode or b"?").decode("utf-8", "replace")
        for code in model.operatorCodes
        if max(code.builtinCode, code.deprecatedBuiltinCode) == custom
    }
    if names:
        raise UnsupportedOperatorError(
            "A model for tflite", f"it needs {', '.join(sorted(names))}, not builtin"
        )


def nameless(data: bytes) -> bytes:
    """Return a model without the names of its tensors, which nothing needs: signatures have their own.

    They are a tenth of a megabyte, once in each signature, and say where in whose source a tensor came from.
    The weights stay where the format has them: after the graph, aligned.
    """
    import flatbuffers  # type: ignore[import-untyped]

    _, model = _read(data)
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            tensor.name = None
    large = [(buffer, _content(data, buffer)) for buffer in model.buffers if buffer.offset > 1]
    for buffer, content in large:
        buffer.data, buffer.offset, buffer.size = None, 2, len(content)
    end = len(_packed(flatbuffers, model))  # the offsets are as long as the numbers that stand in for them
    parts: list[bytes] = []
    for buffer, content in large:
        gap = -end % _ALIGNED
        buffer.offset = end + gap
        parts += [bytes(gap), content]
        end += gap + len(content)
    return b"".join([_packed(flatbuffers, model), *parts])


def _packed(flatbuffers: Any, model: Any) -> bytes:
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), _IDENTIFIER)
    return bytes(builder.Output())


def _content(data: bytes, buffer: Any) -> bytes:
    """Return the bytes of a buffer, wherever the file keeps them."""
    if buffer.offset > 1:
        return data[buffer.offset : buffer.offset + buffer.size]
    return b"" if buffer.data is None else bytes(bytearray(buffer.data))


def _read(data: bytes) -> tuple[Any, Any]:
    from ai_edge_litert import schema_py_generated as schema

    return schema, schema.ModelT.InitFromPackedBuf(data, 0)
