"""A backend that does what a test tells it to: `use(monkeypatch)` registers it, an artifact of it names it.

It computes logits from the first token id alone, keeps a record of its runs, and can be told to fail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgewise.labels import LABELS
from edgewise_runtimes import Artifact, Probe, SessionOptions

NAME = "scripted"
Run = Callable[[Mapping[str, NDArray[Any]]], dict[str, NDArray[Any]]]


def by_first_token(feeds: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    first = feeds["input_ids"][:, :1].astype(np.float32)
    slopes = {task: np.linspace(-1, 1, len(labels), dtype=np.float32) for task, labels in LABELS.items()}
    return {task: first * slope for task, slope in slopes.items()}


@dataclass
class Script:
    """What the backend does, and what it has done."""

    run: Run = by_first_token
    outputs: tuple[str, ...] = tuple(LABELS)
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    loaded: list[Artifact] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    closed: int = 0


@dataclass
class ScriptedSession:
    script: Script
    inputs: tuple[str, ...] = ("input_ids", "attention_mask")

    @property
    def outputs(self) -> tuple[str, ...]:
        return self.script.outputs

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        self.script.shapes.append(feeds["input_ids"].shape)
        return self.script.run(feeds)

    def close(self) -> None:
        self.script.closed += 1


class Scripted:
    name = NAME
    hint = ""
    script = Script()

    def probe(self) -> Probe:
        return Probe(ok=True, reason="scripted", devices=("cpu",))

    def load(self, artifact: Artifact, options: SessionOptions) -> ScriptedSession:
        self.script.loaded.append(artifact)
        self.script.threads.append(options.threads)
        return ScriptedSession(self.script)


def use(patch: pytest.MonkeyPatch) -> Script:
    """Register the backend for the time of a test, as an installed package would, and return its script."""
    entry = EntryPoint(NAME, f"{__name__}:Scripted", "edgewise.runtimes")
    patch.setattr("importlib.metadata.entry_points", lambda **_: [entry])
    script = Script()
    patch.setattr(Scripted, "script", script)
    return script


def scripted(spec: dict[str, Any]) -> None:
    """Make every encoder of a manifest run on this backend."""
    for model in spec["models"].values():
        if model["kind"] == "encoder":
            model["artifacts"][0]["backend"] = NAME
