"""What forms are made from: the model, its one ONNX export, and rows to calibrate with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edgewise_converters.errors import FormError, InputNamesError
from edgewise_converters.sources.model import Source

if TYPE_CHECKING:
    from onnx import ModelProto

Feeds = dict[str, NDArray[np.int32]]
INPUTS = ("input_ids", "attention_mask")


@dataclass(frozen=True)
class Made:
    """The files of a converted model.

    Attributes:
        data: The model.
        weights: Its weights where they are a file of their own.
    """

    data: bytes = field(repr=False)
    weights: bytes | None = field(default=None, repr=False)

    @property
    def size(self) -> int:
        """Bytes of both files."""
        return len(self.data) + len(self.weights or b"")


@dataclass
class Material:
    """A model on its way into its forms; what is made once is kept.

    Attributes:
        source: The model.
        rows: Token ids of texts to calibrate with and to train on; they are no test texts.
        buckets: Lengths of the signatures where a backend has fixed lengths.
    """

    source: Source
    rows: Sequence[Sequence[int]] = ()
    buckets: tuple[int, ...] = (16, 32, 64, 128)
    kept: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the outputs."""
        return tuple(self.source.tasks)

    @cached_property
    def onnx(self) -> ModelProto:
        """The model as ONNX: exported from torch, or the file that it came as.

        Raises:
            UnsupportedOperatorError: It cannot be exported.
            InputNamesError: The file has other inputs or outputs.
        """
        if self.source.export is not None:
            return checked(self.source.export(), self.tasks)
        if self.source.module is not None:
            return _exported(self.source, self.tasks)
        import onnx

        if self.source.onnx is None:
            raise FormError(self.source.name, "it has neither a torch module nor an ONNX file.")
        return checked(onnx.load_from_string(self.source.onnx), self.tasks)

    def calibration(self, form: str, most: int = 300) -> Iterator[Feeds]:
        """Yield one row after the other as a model reads it.

        Raises:
            FormError: There are no texts.
        """
        if not self.rows:
            raise FormError(
                form, "it is calibrated with texts and there are none. Give some with --dev FILE."
            )
        for row in self.rows[:most]:
            yield feeds_of([row])


def feeds_of(rows: Sequence[Sequence[int]], pad_id: int = 0) -> Feeds:
    """Return ids and mask [rows, longest], shorter rows filled at their end."""
    width = max(map(len, rows))
    ids = np.full((len(rows), width), pad_id, np.int32)
    mask = np.zeros((len(rows), width), np.int32)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = row
        mask[place, : len(row)] = 1
    return {"input_ids": ids, "attention_mask": mask}


def checked(model: ModelProto, tasks: Sequence[str]) -> ModelProto:
    """Return an ONNX model whose inputs and outputs have the names that runtimes know.

    Raises:
        InputNamesError: They have others.
    """
    inputs = [item.name for item in model.graph.input]
    outputs = [item.name for item in model.graph.output]
    if set(inputs) != set(INPUTS):
        raise InputNamesError("The ONNX model", inputs, INPUTS)
    if not set(tasks) <= set(outputs):
        raise InputNamesError("The ONNX model", outputs, tasks)
    return model


def _exported(source: Source, tasks: Sequence[str]) -> ModelProto:
    from edgewise_converters.errors import UnsupportedOperatorError
    from edgewise_converters.onnx_export import ExportError, to_onnx
    from edgewise_converters.quiet import quiet

    if source.module is None:
        raise FormError(source.name, "it has no torch module.")
    try:
        with quiet():
            return checked(to_onnx(source.module, tasks), tasks)
    except ExportError as error:
        raise UnsupportedOperatorError("The ONNX export", str(error).partition(": ")[2]) from error
