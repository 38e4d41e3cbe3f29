"""A phone has builtin operators only: a file with another one is refused by its name."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.tiny_tflite import tiny_tflite

from edgewise_converters.errors import UnsupportedOperatorError

pytest.importorskip("torch", reason="TFLite files are made with the extra 'convert-tflite'")
pytest.importorskip("ai_edge_litert", reason="TFLite files are read with the extra 'tflite'")

POINTS = np.ones((8, 2), np.float32)
HEADS = {"sentiment": (np.ones((2, 3), np.float32), np.zeros(3, np.float32))}


def test_a_custom_operator_is_named() -> None:
    from edgewise_converters.forms.tflite_forms import demand_builtin

    demand_builtin(tiny_tflite(POINTS, HEADS, (4,)))
    with pytest.raises(UnsupportedOperatorError, match=r"it needs Erfinv9, not builtin"):
        demand_builtin(tiny_tflite(POINTS, HEADS, (4,), custom="Erfinv9"))
