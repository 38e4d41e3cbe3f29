"""Measures every artifact of an encoder: each in a process of its own, one after the other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from edgewise.bundle import Bundle
from edgewise.engine.encoder import read_artifact
from edgewise.engine.tokens import TextTokenizer
from edgewise.engine.trial_texts import trial_texts
from edgewise.errors import BackendUnavailableError, UnknownBackendError
from edgewise_runtimes import runtime
from edgewise_runtimes.registry import missing
from edgewise_runtimes.selection.candidate import Candidate, parse_wanted
from edgewise_runtimes.selection.trials import Bench, Task, TrialFailed, bench, possible


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes:
        lengths: Tokens of a row; those above what the model reads are left out.
        batches: Rows of a run.
        threads: Threads that a run may use.
        runs: The most runs of each length and batch.
        seconds: How long to run each at most.
        backends: Only these, `backend` or `backend:device`; empty for every artifact, on the processor.
    """

    lengths: Sequence[int] = (8, 32, 128)
    batches: Sequence[int] = (1, 16)
    threads: int = 1
    runs: int = 300
    seconds: float = 1.0
    backends: Sequence[str] = ()


@dataclass(frozen=True)
class Row:
    """What was measured of one artifact at one length and batch.

    Attributes:
        backend: The backend, with its device if that is not the processor.
        precision: The artifact's precision.
        length: Tokens of a row.
        batch: Rows of a run.
        p50_ms: Median of a run, in milliseconds.
        p99_ms: 99th percentile of a run, in milliseconds, by the nearest rank.
        rows_per_second: Rows of a run by its median.
        memory_mb: Megabytes of the process with this one model, all lengths and batches done.
        load_ms: Milliseconds to import the backend and load the model.
        runs: Runs that were measured.
    """

    backend: str
    precision: str
    length: int
    batch: int
    p50_ms: float
    p99_ms: float
    rows_per_second: float
    memory_mb: float | None
    load_ms: float
    runs: int

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True)
class Measured:
    """Everything that was measured, and what could not be.

    Attributes:
        model: Name of the encoder.
        rows: The figures.
        failed: Pairs of what could not be measured and why.
    """

    model: str
    rows: tuple[Row, ...]
    failed: tuple[tuple[str, str], ...]


def measure(
    bundle: Bundle, plan: Plan, model: str | None = None, tell: Callable[[str], None] | None = None
) -> Measured:
    """Measure an encoder's artifacts.

    Args:
        bundle: The bundle.
        plan: What to measure.
        model: Name of the encoder; None for the default one.
        tell: Called with what is measured next.

    Raises:
        BackendUnavailableError: No process can be started here.
        BundleError: A file is missing, too large or not the one that was packed.
    """
    if problem := possible():
        raise BackendUnavailableError("auto", f"a measurement needs a process of its own, and {problem}")
    manifest = bundle.manifest
    spec = manifest.models[model or manifest.routes.default]
    if spec.tokenizer is None:
        raise BackendUnavailableError("auto", f"the model {spec.name!r} is no encoder")
    tokenizer = TextTokenizer(bundle.read(spec.tokenizer.file), spec.tokenizer, 1)
    rows = [list(row) for text in trial_texts() for row in tokenizer.read(text).rows[:1]] or [[0]]
    task = Task(rows, plan.threads)
    lengths = [length for length in plan.lengths if length <= spec.tokenizer.max_tokens]
    shapes = [(length, batch) for batch in plan.batches for length in lengths]
    found: list[Row] = []
    failed: list[tuple[str, str]] = []
    for candidate in _candidates(spec.artifacts, plan.backends):
        if tell is not None:
            tell(str(candidate))
        try:
            _check(candidate)
            artifact = read_artifact(bundle, spec, candidate.backend, candidate.precision)
            result = bench(candidate, artifact, task, shapes, runs=plan.runs, seconds=plan.seconds)
        except (TrialFailed, BackendUnavailableError, UnknownBackendError) as error:
            failed.append((str(candidate), str(getattr(error, "reason", "") or error)))
            continue
        found += _rows(candidate, result)
        if result.problem:
            failed.append((str(candidate), result.problem))
    return Measured(spec.name, tuple(found), tuple(failed))


def _candidates(artifacts: Sequence[Any], backends: Sequence[str]) -> Iterator[Candidate]:
    wanted = [parse_wanted(name) for name in backends] or [
        (name, "") for name in dict.fromkeys(each.backend for each in artifacts)
    ]
    for backend, device in wanted:
        mine = [each for each in artifacts if each.backend == backend]
        if not mine:
            yield Candidate(backend, "", device)
        for each in mine:
            yield Candidate(backend, each.precision, device)


def _check(candidate: Candidate) -> None:
    """Refuse what need not be tried."""
    if not candidate.precision:
        raise BackendUnavailableError(candidate.backend, "the model has no artifact for it")
    found = runtime(candidate.backend)
    if problem := missing(found):
        raise BackendUnavailableError(candidate.backend, f"{problem}. {found.hint}".rstrip(". "))


def _rows(candidate: Candidate, result: Bench) -> Iterator[Row]:
    device = f":{candidate.device}" if candidate.device else ""
    for cell in result.cells:
        times = sorted(cell.times)
        middle = _rank(times, 0.5)
        yield Row(
            backend=candidate.backend + device,
            precision=candidate.precision,
            length=cell.length,
            batch=cell.batch,
            p50_ms=middle,
            p99_ms=_rank(times, 0.99),
            rows_per_second=1000 * cell.batch / middle,
            memory_mb=result.memory,
            load_ms=result.load_ms,
            runs=len(times),
        )


def _rank(ordered: Sequence[float], share: float) -> float:
    """Return a percentile by the nearest rank.

    >>> _rank([1.0, 2.0, 3.0, 4.0], 0.5), _rank([1.0, 2.0, 3.0, 4.0], 0.99)
    (2.0, 4.0)
    """
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
