"""A model to convert, wherever it came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from edgewise.bundle.manifest import TaskSpec, Threshold

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch import nn

    from edgewise.engine.second import Second

EXPORTERS = ("torch", "optimum")
"""Who can write a torch module as ONNX; all but the first only checkpoints of transformers."""


def _every(language: str) -> bool:
    return True


@dataclass(frozen=True)
class Source:
    """An encoder: token ids and mask in, the logits of every task out.

    Attributes:
        name: Its name in the bundle.
        tasks: By task what the manifest says of it, at least `labels` and `activation`.
        tokenizer: A tokenizer.json.
        max_tokens: Tokens of a window, special ones included.
        stride: Tokens by which windows overlap.
        pad_id: The id that fills rows.
        module: In evaluation mode; takes int32 ids and mask [batch, length] and returns one tensor a task, in
            the order of `tasks`. None where there is only `onnx`.
        onnx: An ONNX file of it; None where there is only `module`.
        precision: What its weights are stored as where they come from.
        export: Makes its ONNX model where torch's exporter shall not.
        speaks: Which languages a bundle routes to it.
        second: What answers beside it in its bundle, None for nothing.
    """

    name: str
    tasks: Mapping[str, Mapping[str, Any]]
    tokenizer: bytes = field(repr=False)
    max_tokens: int = 128
    stride: int = 32
    pad_id: int = 0
    module: nn.Module | None = field(default=None, repr=False)
    onnx: bytes | None = field(default=None, repr=False)
    precision: str = "fp32"
    export: Callable[[], ModelProto] | None = field(default=None, repr=False)
    speaks: Callable[[str], bool] = field(default=_every, repr=False)
    second: Second | None = field(default=None, repr=False)

    @property
    def specs(self) -> dict[str, TaskSpec]:
        """How to read the outputs, by task."""
        return {task: _task_spec(raw) for task, raw in self.tasks.items()}


@dataclass(frozen=True)
class Package:
    """What a conversion starts from.

    Attributes:
        spec: A manifest; the artifacts that are made are added to it.
        files: The files it names already.
        models: The encoders to convert.
    """

    spec: Mapping[str, Any]
    files: Mapping[str, bytes] = field(repr=False)
    models: tuple[Source, ...]


@dataclass(frozen=True)
class SourceOptions:
    """What a user may say about a model that does not say it itself.

    Attributes:
        task: The task that the only output stands for.
        labels: Its labels in order.
        name: Of the bundle.
        licence: SPDX expression.
        max_tokens: Tokens of a window, at most.
        exporter: One of `EXPORTERS`.
    """

    task: str | None = None
    labels: tuple[str, ...] | None = None
    name: str | None = None
    licence: str | None = None
    max_tokens: int = 128
    exporter: str = EXPORTERS[0]


class Loader(Protocol):
    """Reads one kind of models. `edgewise.sources` entry points are objects like this."""

    @property
    def order(self) -> int:
        """Loaders with less are asked first."""
        ...

    def matches(self, where: str) -> bool:
        """Whether this is the loader for it; cheap."""
        ...

    def load(self, where: str, options: SourceOptions) -> Package:
        """Read the model.

        Raises:
            SourceError: It is broken or does not say enough.
        """
        ...


def _task_spec(raw: Mapping[str, Any]) -> TaskSpec:
    return TaskSpec(
        labels=tuple(raw["labels"]),
        activation=str(raw["activation"]),
        temperature=float(raw.get("temperature", 1.0)),
        temperature_by_language=dict(raw.get("temperature_by_language") or {}),
        thresholds={label: _threshold(found) for label, found in (raw.get("thresholds") or {}).items()},
    )


def _threshold(raw: Mapping[str, Any]) -> Threshold:
    languages = {
        name: Threshold(float(found["value"])) for name, found in (raw.get("by_language") or {}).items()
    }
    return Threshold(float(raw["value"]), by_language=languages)
