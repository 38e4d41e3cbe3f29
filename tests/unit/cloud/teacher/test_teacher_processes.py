"""Two processes on one machine learn what one learns that takes twice as much a step, dropout included."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tests.support.teachers import weights_of

CHANGES = (
    "training.precision=no",
    "training.tokens_per_batch=100",
    "max_tokens=16",
    "training.rate=0.001",
    "training.head_rate=0.01",
)


def train(
    processes: int, mini: Path, encoder: Path, work: Path, accumulate: int
) -> subprocess.CompletedProcess[str]:
    """Run the command in so many processes, each with one thread."""
    launch = ["-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"]
    command = [sys.executable, *(launch if processes > 1 else []), "-m", "edgewise", "teacher", "train"]
    command += ["bert_sentiment", "--data", str(mini), "--work", str(work), "--rows", "60", "--no-validate"]
    for change in (*CHANGES, f"encoder={encoder}", f"training.accumulate={accumulate}"):
        command += ["--set", change]
    environment = {
        **os.environ,
        "ACCELERATE_USE_CPU": "true",
        "OMP_NUM_THREADS": "1",
        "GLOO_SOCKET_IFNAME": "lo",
    }
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=1500)


@pytest.mark.slow
def test_two_processes_end_with_the_weights_of_one(
    mini: Path, encoder: Callable[[str], Path], tmp_path: Path
) -> None:
    two = train(2, mini, encoder("bert"), tmp_path / "two", 1)
    assert two.returncode == 0, two.stderr[-3000:]
    assert two.stdout.count("Saved") == 1
    one = train(1, mini, encoder("bert"), tmp_path / "one", 2)
    assert one.returncode == 0, one.stderr[-3000:]
    first, second = weights_of(tmp_path / "one/teacher"), weights_of(tmp_path / "two/teacher")
    start = load_file(encoder("bert") / "model.safetensors")
    assert first.keys() == second.keys()
    for name, value in first.items():
        torch.testing.assert_close(value, second[name], atol=2e-5, rtol=1e-3)
    learned = [name for name, value in start.items() if not torch.equal(value, first[name])]
    assert len(learned) > len(start) / 2
    told = [json.loads(torch.load(tmp_path / name / "checkpoint.pt")["progress"]) for name in ("one", "two")]
    assert told[0]["step"] == told[1]["step"] > 2
