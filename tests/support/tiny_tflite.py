"""The tiny encoder as a TFLite file, made by hand: litert-torch takes half a minute for each signature.

The same computation as `tiny_bundle.tiny_encoder`: masked mean of an embedding, one linear head a task. One
subgraph and one signature a length; the weights are shared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

INPUTS = ("input_ids", "attention_mask")


def tiny_tflite(
    points: NDArray[np.float32],
    heads: dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]],
    lengths: Sequence[int] = (4, 16, 64, 128),
    *,
    names: Sequence[str] = INPUTS,
    custom: str = "",
) -> bytes:
    """Return the file.

    Args:
        points: The embedding, [tokens, columns].
        heads: By task its weight [columns, labels] and bias [labels].
        lengths: The lengths to make signatures for.
        names: What the inputs are called.
        custom: An operator that nobody knows, put at the end of every graph.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    made = _Model(schema, custom)
    shared = {
        "points": made.constant(points),
        "axis": made.constant(np.array([1], np.int32)),
        "last": made.constant(np.array([2], np.int32)),
        "one": made.constant(np.ones((1, 1), np.float32)),
        **{f"{task}.weight": made.constant(np.ascontiguousarray(w.T)) for task, (w, _) in heads.items()},
        **{f"{task}.bias": made.constant(bias) for task, (_, bias) in heads.items()},
    }
    for length in lengths:
        made.add_graph(length, points, heads, shared, names)
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(made.model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


class _Model:
    def __init__(self, schema: Any, custom: str) -> None:
        self.s = schema
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.buffers = [schema.BufferT()]
        self.model.operatorCodes, self.model.subgraphs, self.model.signatureDefs = [], [], []
        self._codes: dict[int, int] = {}
        self._custom = custom

    def constant(self, value: NDArray[Any]) -> tuple[int, NDArray[Any]]:
        buffer = self.s.BufferT()
        buffer.data = np.frombuffer(value.tobytes(), dtype=np.uint8)
        self.model.buffers.append(buffer)
        return len(self.model.buffers) - 1, value

    def add_graph(self, length: int, points: Any, heads: Any, shared: Any, names: Sequence[str]) -> None:
        s, ops = self.s, self.s.BuiltinOperator
        graph = s.SubGraphT()
        graph.tensors, graph.operators, graph.name = [], [], f"graph_{length}"

        def tensor(shape: Sequence[int], kind: int, buffer: int = 0, name: str = "") -> int:
            made = s.TensorT()
            made.shape, made.type, made.buffer = list(shape), kind, buffer
            made.name = name or f"t{len(graph.tensors)}"
            graph.tensors.append(made)
            return len(graph.tensors) - 1

        def known(key: str) -> int:
            buffer, value = shared[key]
            kind = s.TensorType.FLOAT32 if value.dtype == np.float32 else s.TensorType.INT32
            return tensor(value.shape, kind, buffer, key)

        def op(code: int, inputs: list[int], shape: Sequence[int], kind: str = "", **options: Any) -> int:
            made = s.OperatorT()
            made.opcodeIndex, made.inputs = self._code(code), inputs
            if kind:
                made.builtinOptionsType = getattr(s.BuiltinOptions, kind)
                made.builtinOptions = getattr(s, f"{kind}T")()
                for key, value in options.items():
                    setattr(made.builtinOptions, key, value)
            made.outputs = [tensor(shape, s.TensorType.FLOAT32)]
            graph.operators.append(made)
            return int(made.outputs[0])

        columns = points.shape[1]
        ids = tensor([1, length], s.TensorType.INT32, name=f"ids_{length}")
        mask = tensor([1, length], s.TensorType.INT32, name=f"mask_{length}")
        tokens = op(ops.GATHER, [known("points"), ids], [1, length, columns], "GatherOptions", axis=0)
        real = op(ops.CAST, [mask], [1, length], "CastOptions", inDataType=2, outDataType=0)
        real3 = op(ops.EXPAND_DIMS, [real, known("last")], [1, length, 1], "ExpandDimsOptions")
        kept = op(ops.MUL, [tokens, real3], [1, length, columns], "MulOptions")
        total = op(ops.SUM, [kept, known("axis")], [1, columns], "ReducerOptions")
        count = op(ops.SUM, [real, known("axis")], [1, 1], "ReducerOptions", keepDims=True)
        least = op(ops.MAXIMUM, [count, known("one")], [1, 1], "MaximumMinimumOptions")
        mean = op(ops.DIV, [total, least], [1, columns], "DivOptions")
        outputs = {}
        for task, (weight, _) in heads.items():
            inputs = [mean, known(f"{task}.weight"), known(f"{task}.bias")]
            out = op(ops.FULLY_CONNECTED, inputs, [1, weight.shape[1]], "FullyConnectedOptions")
            outputs[task] = op(ops.CUSTOM, [out], [1, weight.shape[1]]) if self._custom else out
        graph.inputs, graph.outputs = [ids, mask], list(outputs.values())
        self.model.subgraphs.append(graph)
        self._sign(length, dict(zip(names, (ids, mask), strict=True)), outputs)

    def _sign(self, length: int, inputs: dict[str, int], outputs: dict[str, int]) -> None:
        signature = self.s.SignatureDefT()
        signature.signatureKey = f"len_{length}"
        signature.subgraphIndex = len(self.model.subgraphs) - 1
        signature.inputs, signature.outputs = self._maps(inputs), self._maps(outputs)
        self.model.signatureDefs.append(signature)

    def _maps(self, tensors: dict[str, int]) -> list[Any]:
        found = []
        for name, index in tensors.items():
            each = self.s.TensorMapT()
            each.name, each.tensorIndex = name, index
            found.append(each)
        return found

    def _code(self, code: int) -> int:
        if code not in self._codes:
            made = self.s.OperatorCodeT()
            made.builtinCode, made.deprecatedBuiltinCode, made.version = code, min(code, 127), 1
            made.customCode = self._custom if code == self.s.BuiltinOperator.CUSTOM else None
            self._codes[code] = len(self.model.operatorCodes)
            self.model.operatorCodes.append(made)
        return self._codes[code]
