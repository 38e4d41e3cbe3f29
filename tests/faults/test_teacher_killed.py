"""A teacher's training is killed with SIGKILL at several moments; run again, it ends with the same heads."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="teachers need the extra 'train'")
pytest.importorskip("transformers", reason="teachers need the extra 'train'")
pytest.importorskip("accelerate", reason="teachers need the extra 'train'")

from tests.support.teachers import same_weights, tiny_recipe, train_in
from tests.support.tiny_encoders import make_encoder
from tests.support.training_data import make_training_data

_LONGEST = 300  # seconds, on a machine that does much else


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Makes processes that have the libraries imported already: each import costs seconds."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["accelerate", "transformers", "edgewise_cloud.teacher.pipeline"])
    return context


@pytest.fixture(scope="module")
def start(
    processes: ForkServerContext, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Path], multiprocessing.process.BaseProcess]:
    """Starts a training in a process of its own."""
    root = tmp_path_factory.mktemp("killed")
    data = make_training_data(root / "data")
    recipe = tiny_recipe(make_encoder(root / "bert", "bert"), **{"training.checkpoint_every": 1}).to_dict()

    def begin(work: Path) -> multiprocessing.process.BaseProcess:
        process = processes.Process(target=train_in, args=(work, recipe, data))
        process.start()
        return process

    return begin


def finish(process: multiprocessing.process.BaseProcess) -> None:
    process.join(_LONGEST)
    assert process.exitcode == 0


def kill_when(process: multiprocessing.process.BaseProcess, reached: Callable[[], bool]) -> bool:
    """Kill a process as soon as something is reached; tells whether it was still running."""
    until = time.monotonic() + _LONGEST
    while process.is_alive() and not reached() and time.monotonic() < until:
        time.sleep(0.002)
    process.kill()
    process.join(_LONGEST)
    return process.exitcode == -signal.SIGKILL


def written(path: Path, times: int) -> Callable[[], bool]:
    """Return what tells whether a file was written so many times."""
    seen: set[int] = set()

    def reached() -> bool:
        try:
            seen.add(path.stat().st_mtime_ns)
        except FileNotFoundError:
            return False
        return len(seen) >= times

    return reached


def test_killed_runs_end_with_the_same_heads(
    start: Callable[[Path], multiprocessing.process.BaseProcess], tmp_path: Path
) -> None:
    finish(start(tmp_path / "unbroken"))
    work = tmp_path / "killed"
    moments = [
        written(work / "run.json", 1),
        written(work / "train.parquet", 1),
        written(work / "checkpoint.pt", 2),
        written(work / "checkpoint.pt", 4),
        written(work / "best.pt", 2),
        written(work / "teacher.part", 1),
    ]
    killed = [kill_when(start(work), moment) for moment in moments]
    assert sum(killed) >= 4  # the last moments are so short that a run may get past them
    finish(start(work))
    assert same_weights(work / "teacher", tmp_path / "unbroken/teacher")
    for name in ("teacher.json", "heads.safetensors"):
        assert (work / "teacher" / name).read_bytes() == (tmp_path / "unbroken/teacher" / name).read_bytes()
    assert {path.name for path in work.iterdir()} >= {path.name for path in (tmp_path / "unbroken").iterdir()}
