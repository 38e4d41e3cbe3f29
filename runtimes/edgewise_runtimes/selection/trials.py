"""Trying candidates, each in a process of its own, and measuring those that work in turns."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median
from threading import Timer
from typing import IO, Any

from edgewise_runtimes.protocol import Artifact
from edgewise_runtimes.selection.candidate import Candidate

ROUNDS = 3
"""Each candidate is measured so often at least, in turns, so that a passing load hits all alike."""

MOST_ROUNDS, LONG_ENOUGH = 30, 0.25
"""Small models are measured more often, as long as all of it takes no more seconds than this: three short
rounds do not tell apart what is 5 % apart."""

SECONDS = 20.0
"""How long a candidate may take to load and answer."""

_START = (
    "import json, sys; sys.path[:] = json.loads(sys.stdin.buffer.readline()); "
    "from edgewise_runtimes.selection.trial import main; main()"
)


class TrialFailed(Exception):
    """A candidate does not work here; the message says why."""


@dataclass(frozen=True)
class Task:
    """What candidates are tried on.

    Attributes:
        rows: Token ids of texts.
        threads: Threads that a run may use.
        objective: What to measure, see `OBJECTIVES`.
        cache: Where a backend may keep what it compiled, None for nowhere.
        seconds: How long a candidate may take to load and answer.
    """

    rows: Sequence[Sequence[int]]
    threads: int = 1
    objective: str = "latency"
    cache: Path | None = None
    seconds: float = SECONDS


@dataclass(frozen=True)
class Results:
    """How trials went.

    Attributes:
        failed: By candidate why it does not work here.
        measured: By candidate the figure of the objective: milliseconds a text, or megabytes.
        logits: By candidate the first answer to each text, by output.
        memory: By candidate the megabytes of its process before its last round, where the system says.
    """

    failed: Mapping[Candidate, str] = field(default_factory=dict)
    measured: Mapping[Candidate, float] = field(default_factory=dict)
    logits: Mapping[Candidate, list[dict[str, list[float]]]] = field(default_factory=dict)
    memory: Mapping[Candidate, float] = field(default_factory=dict)


def possible() -> str | None:
    """Say why no child process can be had here, None when one can."""
    if getattr(sys, "frozen", False):
        return "this is a frozen app, which cannot start Python"
    if not sys.executable or sys.platform in ("emscripten", "wasi", "ios", "android"):
        return "this system starts no processes"
    return None


def run_trials(artifacts: Mapping[Candidate, Callable[[], Artifact]], task: Task) -> Results:
    """Try candidates: they load side by side, and are then measured in turns.

    Args:
        artifacts: By candidate what returns its artifact, or raises.
        task: What to try them on.
    """
    failed: dict[Candidate, str] = {}
    trials: dict[Candidate, _Trial] = {}
    logits: dict[Candidate, list[dict[str, list[float]]]] = {}
    # Read here, not by the threads: what a thread frees of these megabytes glibc keeps for that thread.
    messages: dict[Candidate, bytes] = {}
    for candidate, read in artifacts.items():
        try:
            messages[candidate] = _message(candidate, read(), task)
        except Exception as error:  # of a broken bundle, or of a backend of others
            failed[candidate] = f"{type(error).__name__}: {error}"
    with ThreadPoolExecutor(max_workers=max(1, len(messages))) as pool:
        waiting = {each: pool.submit(_begin, sent, task.seconds) for each, sent in messages.items()}
        messages.clear()
        for candidate, future in waiting.items():
            try:
                trials[candidate], logits[candidate] = future.result()
            except TrialFailed as problem:
                failed[candidate] = str(problem)
    try:
        rounds = _in_turns(trials, task, failed) if len(trials) > 1 else {}
    finally:
        for trial in trials.values():
            trial.end()
    rounds = {each: found for each, found in rounds.items() if each not in failed and found}
    memory = {
        each: float(held) for each, found in rounds.items() if (held := found[-1]["memory"]) is not None
    }
    if task.objective == "memory":
        measured = memory
    else:
        measured = {each: _time(found) for each, found in rounds.items()}
    kept = {each: logits[each] for each in trials if each not in failed}
    return Results(failed, measured, kept, memory)


def _in_turns(
    trials: Mapping[Candidate, _Trial], task: Task, failed: dict[Candidate, str]
) -> dict[Candidate, list[dict[str, Any]]]:
    """Measure round after round; what no longer works is added to `failed`."""
    rounds: dict[Candidate, list[dict[str, Any]]] = {each: [] for each in trials}
    end = time.perf_counter() + LONG_ENOUGH
    for number in range(MOST_ROUNDS):
        if number >= ROUNDS and time.perf_counter() > end:
            break
        for candidate in [each for each in trials if each not in failed]:
            try:
                rounds[candidate].append(trials[candidate].go(task.seconds))
            except TrialFailed as problem:
                failed[candidate] = str(problem)
    return rounds


@dataclass(frozen=True)
class Cell:
    """What was measured of one candidate at one length and batch.

    Attributes:
        length: Tokens of a row.
        batch: Rows of a run.
        times: Milliseconds of each run.
    """

    length: int
    batch: int
    times: tuple[float, ...]


@dataclass(frozen=True)
class Bench:
    """What was measured of one candidate, in a process of its own.

    Attributes:
        load_ms: Milliseconds to import the backend and load the model.
        memory: Megabytes of the process at the end, None where the system does not say.
        cells: The lengths and batches that it could do.
        problem: Why the rest is missing; empty when nothing is.
    """

    load_ms: float
    memory: float | None
    cells: tuple[Cell, ...]
    problem: str = ""


def bench(
    candidate: Candidate,
    artifact: Artifact,
    task: Task,
    shapes: Sequence[tuple[int, int]],
    *,
    runs: int,
    seconds: float,
) -> Bench:
    """Measure a candidate at several lengths and batches.

    Args:
        candidate: The candidate.
        artifact: Its artifact.
        task: What to run it on.
        shapes: Pairs of length and batch.
        runs: The most runs of each.
        seconds: How long to run each at most; at least 5 runs are done.

    Raises:
        TrialFailed: It does not load.
    """
    trial, _ = _begin(_message(candidate, artifact, task), task.seconds)
    cells: list[Cell] = []
    memory, problem = trial.loaded["memory"], ""
    try:
        for length, batch in shapes:
            asked = {
                "length": length,
                "batch": batch,
                "runs": runs,
                "seconds": seconds,
                "warm": 3,
                "least": 5,
            }
            found = trial.cell(asked, task.seconds + seconds)
            cells.append(Cell(length, batch, tuple(found["times"])))
            memory = found["memory"]
    except TrialFailed as error:
        problem = str(error)
    finally:
        trial.end()
    return Bench(trial.loaded["load_ms"], memory, tuple(cells), problem)


def _time(rounds: Sequence[Mapping[str, Any]]) -> float:
    """Make one figure of all rounds: the median time of each text, averaged."""
    texts = zip(*(each["times"] for each in rounds), strict=True)
    return float(mean(median(time for times in text for time in times) for text in texts))


def _begin(message: bytes, seconds: float) -> tuple[_Trial, list[dict[str, list[float]]]]:
    """Start a trial and wait until its model has answered once."""
    try:
        trial = _Trial()
    except Exception as error:
        raise TrialFailed(f"{type(error).__name__}: {error}") from error
    try:
        return trial, trial.load(message, seconds)
    except BaseException:
        trial.end()
        raise


def _message(candidate: Candidate, artifact: Artifact, task: Task) -> bytes:
    """Return what a child process is told first: how to run what, and the model itself."""
    header = {
        "name": artifact.name,
        "backend": candidate.backend,
        "precision": artifact.precision,
        "device": candidate.device,
        "threads": task.threads,
        "objective": task.objective,
        "cache": str(task.cache) if task.cache else None,
        "rows": [list(row) for row in task.rows],
        "sizes": [len(artifact.data), None if artifact.weights is None else len(artifact.weights)],
    }
    lines = [json.dumps(sys.path).encode(), json.dumps(header).encode()]
    return b"\n".join(lines) + b"\n" + artifact.data + (artifact.weights or b"")


class _Trial:
    """A child process that has one model."""

    def __init__(self) -> None:
        self.loaded: dict[str, Any] = {}
        self._child = subprocess.Popen(
            [sys.executable, "-c", _START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def load(self, message: bytes, seconds: float) -> list[dict[str, list[float]]]:
        """Hand over the model; return the logits of the first answers.

        Raises:
            TrialFailed: It does not load or answer.
        """
        self.loaded = self._ask(message, seconds)
        logits: list[dict[str, list[float]]] = self.loaded["logits"]
        return logits

    def cell(self, asked: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """Measure runs of one length and batch, see `trial`.

        Raises:
            TrialFailed: It cannot do that, or no longer works.
        """
        return self._ask(json.dumps(asked).encode() + b"\n", seconds)

    def go(self, seconds: float) -> dict[str, Any]:
        """Measure one round.

        Raises:
            TrialFailed: It no longer works.
        """
        return self._ask(b"go\n", seconds)

    def end(self) -> None:
        """End the child process at once: it holds nothing that would have to be put away."""
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            with suppress(OSError):
                _pipe(pipe).close()

    def _ask(self, message: bytes, seconds: float) -> dict[str, Any]:
        timer = Timer(seconds, self._child.kill)
        timer.daemon = True
        timer.start()
        try:
            with suppress(OSError):  # it is gone already: the empty answer says so
                _pipe(self._child.stdin).write(message)
                _pipe(self._child.stdin).flush()
            line = _pipe(self._child.stdout).readline()
        finally:
            in_time = timer.is_alive()
            timer.cancel()
        if not line.endswith(b"\n"):
            raise TrialFailed(
                self._death() if in_time else f"it did not answer within {seconds:g} seconds and was stopped"
            )
        answer: dict[str, Any] = json.loads(line)
        if "failed" in answer:
            raise TrialFailed(answer["failed"])
        return answer

    def _death(self) -> str:
        """Say how the child ended."""
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(1.0)
        code = self._child.returncode
        if code is not None and code < 0:
            try:
                return f"it crashed its process: {signal.Signals(-code).name}"
            except ValueError:
                pass
        return f"it ended its process with the exit code {code}"


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:  # never: both were asked for
        raise TrialFailed("its process has no pipes")
    return pipe
