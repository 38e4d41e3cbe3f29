"""Which matrices of a TFLite file are stored in half precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import ModelProto

from edgewise_converters.forms import tflite_forms
from edgewise_converters.forms.material import Made, Material
from edgewise_converters.forms.tflite_file import Product

pytest.importorskip("ai_edge_quantizer", reason="TFLite files are made with the extra 'convert-tflite'")

FULL = 2_000_000


def uneven(spread: float) -> NDArray[np.float32]:
    """A matrix of whose columns int8 takes the more, the smaller most of them are."""
    weights = np.random.default_rng(5).normal(size=(64, 128)).astype(np.float32)
    weights[:, 40:] *= spread
    return weights


@pytest.mark.parametrize(("room", "kept"), [(3, 3), (2, 2), (1, 1), (0, 0), (-1, 0)])
def test_those_where_a_byte_saves_least_give_way_until_the_file_fits(
    monkeypatch: pytest.MonkeyPatch, room: int, kept: int
) -> None:
    matrices = [uneven(spread) for spread in (0.05, 0.01, 0.03)]
    # In two signatures, whose products have names of their own.
    each = [Product(f"out {number}", matrix) for number, matrix in enumerate([*matrices, *matrices])]
    asked: list[list[str]] = []

    def quantized(material: Any, precision: str, recipe: list[dict[str, Any]], **_: Any) -> Made:
        halves = [entry["regex"] for entry in recipe if entry["algorithm_key"].value == "float_casting"]
        asked.append(halves)
        return Made(bytes(int(0.27 * FULL) + (len(halves) // 2 - room) * 1000))

    monkeypatch.setattr(tflite_forms, "_converted", lambda material, int8_tables=False: b"")
    monkeypatch.setattr(tflite_forms, "products", lambda data: each)
    monkeypatch.setattr(tflite_forms, "_quantized", quantized)
    model = ModelProto(doc_string="x" * FULL)
    monkeypatch.setattr(Material, "onnx", model)
    tflite_forms.int8_weights(Material(source=None))  # type: ignore[arg-type]
    worst_first = ["1", "4", "2", "5", "0", "3"]
    assert [name.removeprefix("^out\\ ")[:1] for name in asked[-1]] == worst_first[: 2 * kept]
