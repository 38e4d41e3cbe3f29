"""Backends of a third party that behave as a test needs, really installed: child processes find them, too."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from edgewise_runtimes import Artifact
from edgewise_runtimes.selection.candidate import Candidate
from edgewise_runtimes.selection.select import Offer

Install = Callable[..., None]

BACKEND = """
import os, signal, time
import numpy as np
from edgewise_runtimes import BackendLoadError, BackendRunError, Probe

class Session:
    inputs, outputs = ("input_ids", "attention_mask"), ("sentiment",)

    def run(self, feeds):
        ids = feeds["input_ids"]
        time.sleep({seconds} * len(ids))
        return {{"sentiment": {answer}}}

    def close(self):
        pass

class Backend:
    name, hint = "{name}", "Run: pip install {name}"

    def probe(self):
        return Probe(ok=True, reason="version 1", devices=("cpu",))

    def load(self, artifact, options):
        with open({log!r}, "a") as log:
            log.write("{name} " + str(os.getpid()) + "\\n")
        {load}
        return Session()
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where backends write when they load: a line `name process` each time."""
    file = tmp_path / "loads.txt"
    file.write_text("")
    return file


@pytest.fixture
def install(tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a backend for the time of a test: `install("abacus", seconds=0.001, load="...")`."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def add(
        name: str,
        seconds: float = 0.0005,
        load: str = "pass",
        answer: str = "np.float32([[1, 0, 2]]) + ids[:, :1] * np.float32([[-1, 0, 1]])",
    ) -> None:
        text = textwrap.dedent(BACKEND).format(
            name=name, seconds=seconds, load=load, answer=answer, log=str(log)
        )
        (site / f"backend_{name}.py").write_text(text)
        metadata = site / f"backend_{name}-1.0.dist-info"
        metadata.mkdir(exist_ok=True)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: backend-{name}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[edgewise.runtimes]\n{name} = backend_{name}:Backend\n")
        sys.modules.pop(f"backend_{name}", None)

    return add


@pytest.fixture
def offer() -> Callable[[Sequence[str]], Offer]:
    """Makes an offer of a model for these backends."""

    def make(names: Sequence[str]) -> Offer:
        def read(candidate: Candidate) -> Artifact:
            return Artifact("model", candidate.backend, candidate.precision, b"model")

        candidates = [
            Candidate(*name.split("/")) if "/" in name else Candidate(name, "fp32") for name in names
        ]
        return Offer(candidates, read, lambda: [[1, 2, 3], [4, 5]], "model@1")

    return make
