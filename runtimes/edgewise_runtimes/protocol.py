"""The runtime contract: what a backend must offer, and the values that cross the line.

A backend is any object that satisfies `Runtime`, registered under the entry-point group `edgewise.runtimes`.
This module imports nothing heavy: numpy is named in annotations only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from edgewise_runtimes.errors import ThreadCountError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Probe:
    """What a backend found out about itself on this machine.

    Attributes:
        ok: Whether it can load models here.
        reason: Why not, or its version when it can; one short phrase for people.
        devices: What it can run on, best first, for example `("cpu",)`; empty when not ok.
    """

    ok: bool
    reason: str
    devices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Artifact:
    """A model file, already read and verified.

    Attributes:
        name: What to call it in messages, for example its file name.
        backend: The backend it was made for.
        precision: How its weights are stored, for example `"fp32"` or `"int8-weights"`.
        data: The bytes; the bundle reader has checked their size and sha256.
        weights: The bytes of a second file, checked likewise, where the format keeps weights apart.
    """

    name: str
    backend: str
    precision: str
    data: bytes = field(repr=False)
    weights: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class SessionOptions:
    """How a model is to be run.

    Attributes:
        threads: Threads that one `run` may use, at least 1. See `edgewise_runtimes.available_threads`.
        device: What to run on, as the backend's probe names it, in any case; empty for the processor.
        cache: A folder in which the backend may keep what it compiled, None for no such files. It need not
            be there, or be writable.

    Raises:
        ThreadCountError: `threads` is not a whole number of at least 1.
    """

    threads: int = 1
    device: str = ""
    cache: Path | None = None

    def __post_init__(self) -> None:
        """Refuse a thread count that backends would read as "as many as you like"."""
        if not _is_count(self.threads):
            raise ThreadCountError(self.threads)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


class Session(Protocol):
    """A loaded model. `run` may be called from many threads at once."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs, in the model's order."""
        ...

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs, in the model's order."""
        ...

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """Run the model once.

        Args:
            feeds: One array for each input. For a text encoder `input_ids` and `attention_mask`, both int32
                of shape [batch, length].

        Returns:
            One float32 array for each output. For a text encoder the logits of a task, [batch, labels].

        Raises:
            BackendRunError: The feeds do not fit the model, the session is closed, or the backend failed.
        """
        ...

    def close(self) -> None:
        """Free the model. May be called again; runs that are under way finish."""
        ...


@runtime_checkable
class Runtime(Protocol):
    """A backend: probes the machine and loads models."""

    @property
    def name(self) -> str:
        """The name artifacts use for this backend, for example `"onnxruntime"`."""
        ...

    @property
    def hint(self) -> str:
        """What to do when the probe fails, for example a pip line; may be empty."""
        ...

    def probe(self) -> Probe:
        """Find out whether models can be loaded here. Never raises."""
        ...

    def load(self, artifact: Artifact, options: SessionOptions) -> Session:
        """Load a model.

        Raises:
            BackendUnavailableError: The backend is not usable on this machine.
            BackendLoadError: The artifact is not a model this backend can run.
        """
        ...


@dataclass(frozen=True)
class BackendChoice:
    """Which backend was chosen, and why not the others.

    Attributes:
        chosen: Name of the backend in use.
        rejected: Pairs (name, reason) of what was not taken: a backend, or `backend:device/precision`.
        measured: What was measured, by `backend:device/precision`; empty when nothing was. Milliseconds of
            one run for the objective `"latency"`, milliseconds a row for `"throughput"`, megabytes for
            `"memory"`: always the less the better.
        precision: The precision in use; empty when any will do.
        device: The device in use; empty for the processor.
        objective: What was looked for.
        how: How it came about, for people: asked for, the only one, measured, remembered.
        profile: The class of device this machine was taken for; empty when that played no part.
    """

    chosen: str
    rejected: tuple[tuple[str, str], ...] = ()
    measured: Mapping[str, float] = field(default_factory=dict)
    precision: str = ""
    device: str = ""
    objective: str = "latency"
    how: str = ""
    profile: str = ""

    @property
    def label(self) -> str:
        """The choice as `measured` and `rejected` name it: `backend:device/precision`."""
        device = f":{self.device}" if self.device else ""
        return f"{self.chosen}{device}" + (f"/{self.precision}" if self.precision else "")

    def __str__(self) -> str:
        """Say the choice in a few words.

        >>> print(BackendChoice("onnxruntime", (("openvino", "not installed"),), {"onnxruntime": 0.81}))
        onnxruntime (0.81 ms); not openvino: not installed
        """
        unit = {"latency": "ms", "throughput": "ms a row", "memory": "MB"}.get(self.objective, "")
        figure = f" ({self.measured[self.label]:.2f} {unit})" if self.label in self.measured else ""
        return "; ".join([self.label + figure, *(f"not {name}: {reason}" for name, reason in self.rejected)])
