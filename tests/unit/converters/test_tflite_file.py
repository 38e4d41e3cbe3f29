"""TFLite files as data: operators that a phone has, matrices that int8 spoils, files without names."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.tiny_tflite import tiny_tflite

from edgewise_converters.errors import UnsupportedOperatorError
from edgewise_runtimes import Artifact, SessionOptions, runtime

pytest.importorskip("ai_edge_litert", reason="TFLite files are read with the extra 'tflite'")

from edgewise_converters.forms.tflite_file import Product, demand_builtin, nameless, products

POINTS = np.random.default_rng(3).normal(size=(8, 2)).astype(np.float32)
HEADS = {"sentiment": (np.float32([[1, 2, 3], [4, 5, -6]]), np.zeros(3, np.float32))}


def answers(data: bytes) -> dict[str, np.ndarray]:
    session = runtime("tflite").load(Artifact("a", "tflite", "fp32", data), SessionOptions())
    ids = np.array([[1, 5, 7]], np.int32)
    return session.run({"input_ids": ids, "attention_mask": np.ones_like(ids)})


def test_a_custom_operator_is_named() -> None:
    demand_builtin(tiny_tflite(POINTS, HEADS, (4,)))
    with pytest.raises(UnsupportedOperatorError, match=r"it needs Erfinv9, not builtin"):
        demand_builtin(tiny_tflite(POINTS, HEADS, (4,), custom="Erfinv9"))


def test_every_product_is_found_with_its_weights() -> None:
    found = list(products(tiny_tflite(POINTS, HEADS, (4, 16))))
    heads = [each for each in found if each.weights.shape == (3, 2)]
    assert len(heads) == 2, "one in each signature"
    for each in heads:
        np.testing.assert_array_equal(each.weights, HEADS["sentiment"][0].T)


def test_a_file_without_names_answers_the_same() -> None:
    from ai_edge_litert import schema_py_generated as schema

    data = tiny_tflite(POINTS, HEADS, (4, 16))
    made = nameless(data)
    assert len(made) < len(data)
    model = schema.ModelT.InitFromPackedBuf(made, 0)
    assert not any(tensor.name for graph in model.subgraphs for tensor in graph.tensors)
    for task, values in answers(data).items():
        np.testing.assert_array_equal(answers(made)[task], values)


def test_weights_behind_the_graph_stay_there_aligned() -> None:
    """Large models keep them outside of what flatbuffers hold, and say where."""
    from ai_edge_litert import schema_py_generated as schema

    data = outside(tiny_tflite(POINTS, HEADS, (4,)))
    made = nameless(data)
    buffers = [each for each in schema.ModelT.InitFromPackedBuf(made, 0).buffers if each.offset > 1]
    assert buffers and all(each.offset % 16 == 0 for each in buffers)
    assert POINTS.tobytes() in made
    for task, values in answers(data).items():
        np.testing.assert_array_equal(answers(made)[task], values)


def outside(data: bytes) -> bytes:
    """Move the embedding of a file behind its graph."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(data, 0)
    (table,) = [
        b for b in model.buffers if b.data is not None and bytes(bytearray(b.data)) == POINTS.tobytes()
    ]
    table.data, table.offset, table.size = None, 2, POINTS.nbytes

    def packed() -> bytes:
        builder = flatbuffers.Builder(1 << 16)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    table.offset = -(-len(packed()) // 16) * 16
    graph = packed()
    return graph + bytes(table.offset - len(graph)) + POINTS.tobytes()


def test_what_int8_takes_shows_columns_of_small_weights() -> None:
    rng = np.random.default_rng(5)
    even = rng.normal(size=(64, 128)).astype(np.float32)
    uneven = even.copy()
    uneven[:, 40:] *= 0.05
    assert Product("even", even).lost < 0.01 < 0.03 < Product("uneven", uneven).lost
    assert Product("none", np.zeros((4, 4), np.float32)).lost == 0.0
