"""What a conversion must keep to; the figures are those of the project's promise."""

from __future__ import annotations

from dataclasses import dataclass

MOST_BYTES = 2**31 - 1
"""The largest file read while converting: what ONNX itself can hold in one file."""


@dataclass(frozen=True)
class Limits:
    """Bounds of the gate.

    Attributes:
        agreement: Least share of equal verdicts in each task and language.
        least_texts: Languages with fewer texts are judged together.
        metric: Most points of macro-F1, 0 to 100, that a task may lose on dev.
        exact: Most that a probability may differ in forms that keep full precision.
        half: The same for forms of half precision.
        neighbours: Most that a probability may differ by what shares its batch.
        share: Most that an int8 or int4 file may have of the fp32 file's size.
        share_from: Bytes of the fp32 file from which on `share` is asked for: in less, the graph weighs more
            than the weights.
    """

    agreement: float = 0.99
    least_texts: int = 100
    metric: float = 0.5
    exact: float = 1e-3
    half: float = 2e-2
    neighbours: float = 1e-3
    share: float = 0.27
    share_from: int = 1_000_000
