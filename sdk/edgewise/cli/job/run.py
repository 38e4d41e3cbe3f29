"""The run itself: scan the input, analyse what is not done yet, write the output.

Rows are analysed in chunks that always begin at the same rows, and only whole chunks are kept. A run that was
stopped and continued therefore makes the very same batches, and its output is the same to the byte.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewise.cli.errors import (
    BadRowError,
    ColumnClashError,
    ColumnMissingError,
    InputFileError,
    Interrupted,
    OutputExistsError,
    OutputFileError,
)
from edgewise.cli.job.partial import Partial, folder_of, is_left_over
from edgewise.cli.job.publish import publish
from edgewise.cli.tables.formats import Layout, make_sink
from edgewise.cli.tables.model import Answer, Column, Scan, Source, Text

_CHECKPOINT_SECONDS = 1.0

Analyse = Callable[[Sequence[str]], Sequence[Answer]]
"""Analyses texts, one answer for each."""


@dataclass(frozen=True)
class Job:
    """What is to be done.

    Attributes:
        source: The table to read.
        column: The column that holds the texts.
        output: Where the output belongs.
        layout: How the output is laid out.
        delimiter: Of a CSV output, None for the usual one.
        new: The columns to add, the error column last.
        analyse: Analyses the texts of one chunk.
        facts: What the answers depend on besides the input; earlier work with other facts is not continued.
        chunk: Rows in a chunk.
        stop: Whether to stop at the first bad row.
        overwrite: Whether the output may be replaced.
        resume: Whether to continue earlier work; None does so when there is some.
    """

    source: Source
    column: str
    output: Path
    layout: Layout
    delimiter: str | None
    new: tuple[Column, ...]
    analyse: Analyse
    facts: Mapping[str, Any]
    chunk: int = 512
    stop: bool = False
    overwrite: bool = False
    resume: bool | None = None


@dataclass(frozen=True)
class Summary:
    """What became of it.

    Attributes:
        rows: Rows of the input, every one of which is in the output.
        bad: Rows that could not be analysed.
        first_bad: Number and problem of the first of them, or None.
        resumed: Rows that were done by an earlier run.
        seconds: What this run took.
    """

    rows: int
    bad: int
    first_bad: tuple[int, str] | None
    resumed: int
    seconds: float


Progress = Callable[[int, int], Callable[[int], None]]
"""Given all rows and the rows already done, returns what to call with each number of further rows."""


def run(job: Job, say: Callable[[str], None], progress: Progress) -> Summary:
    """Do a job from wherever it stands.

    Args:
        job: What is to be done.
        say: Called with a line for people, for example that earlier work is continued.
        progress: Called once, when analysis begins.

    Raises:
        CommandError: Something about the files or the earlier work; its children say what.
        Interrupted: Ctrl-C; the work so far is kept.
    """
    began = time.monotonic()
    _check_output(job)
    before = _stamp(job.source.path)
    scan = job.source.scan()
    _check_columns(job, scan)
    facts = {"input": {"size": scan.size, "sha256": scan.sha256}, "column": job.column, **job.facts}
    with Partial(job.output, facts, job.resume) as partial:
        if partial.finished is None:
            _check_free(job)
        resumed = partial.rows_done
        _tell(job, partial, scan, say)
        try:
            _analyse(job, scan, partial, progress(scan.rows, resumed))
            counts = _count(partial.answers())
            _publish(job, scan, partial, before)
        except KeyboardInterrupt:
            partial.checkpoint()
            raise Interrupted(
                f"Stopped; {partial.rows_done:,} of {scan.rows:,} rows are done and kept "
                f"in {partial.folder}. Run the same command again to continue."
            ) from None
        except Exception:
            with contextlib.suppress(OutputFileError):
                partial.checkpoint()
            raise
    return Summary(scan.rows, *counts, resumed, time.monotonic() - began)


def is_complete(job: Job) -> bool:
    """Whether the output is there and only the tidying up after it was cut short."""
    return job.output.exists() and not job.overwrite and is_left_over(job.output)


def _check_output(job: Job) -> None:
    output = job.output
    if output.is_dir():
        raise OutputFileError(output, "it is a folder")
    if not output.parent.is_dir():
        raise OutputFileError(output, f"there is no folder {output.parent}")
    if not folder_of(output).is_dir():
        _check_free(job)


def _check_free(job: Job) -> None:
    if job.output.exists() and not job.overwrite:
        raise OutputExistsError(job.output)


def _check_columns(job: Job, scan: Scan) -> None:
    path, names = job.source.path, [column.name for column in scan.columns]
    if clash := [column.name for column in job.new if column.name in names]:
        raise ColumnClashError(path, clash, "which are the names of the columns to be added")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice and (job.column in twice or job.layout.kind != "csv"):
        raise ColumnClashError(path, twice, "each more than once")
    if names and job.column not in names:
        raise ColumnMissingError(path, job.column, names)


def _tell(job: Job, partial: Partial, scan: Scan, say: Callable[[str], None]) -> None:
    if partial.resumed:
        say(
            f"Continuing earlier work in {partial.folder}: "
            f"{partial.rows_done:,} of {scan.rows:,} rows are done."
        )
    elif job.resume:
        say("There is no earlier work on this output to continue; starting from the first row.")


def _analyse(job: Job, scan: Scan, partial: Partial, advance: Callable[[int], None]) -> None:
    """Analyse all rows that are not done, a chunk at a time."""
    saved = time.monotonic()
    texts = itertools.islice(job.source.texts(job.column), partial.rows_done, None) if scan.rows else iter(())
    while chunk := list(itertools.islice(texts, job.chunk)):
        partial.add([[problem, *values] for problem, values in _answers(job, chunk, partial.rows_done)])
        advance(len(chunk))
        if time.monotonic() - saved >= _CHECKPOINT_SECONDS:
            partial.checkpoint()
            saved = time.monotonic()
    partial.checkpoint()


def _answers(job: Job, chunk: Sequence[Text], done: int) -> list[Answer]:
    """Answer one chunk; the rows that are bad from the start never reach the model."""
    found = iter(job.analyse([text.value for text in chunk if text.problem is None]))
    nothing = [None] * (len(job.new) - 1)
    answers = [next(found) if text.problem is None else (text.problem, nothing) for text in chunk]
    for number, (problem, _) in enumerate(answers, start=done + 1):
        if problem is not None and job.stop:
            raise BadRowError(
                number, problem, "Mend it, or use --on-bad-row carry to have such rows carried through."
            )
    return answers


def _count(answers: Iterator[list[Any]]) -> tuple[int, tuple[int, str] | None]:
    bad, first = 0, None
    for number, (problem, *_) in enumerate(answers, start=1):
        if problem is not None:
            bad += 1
            first = first or (number, problem)
    return bad, first


def _publish(job: Job, scan: Scan, partial: Partial, before: tuple[int, int]) -> None:
    """Write the output and give it its name."""

    def write(path: Path) -> None:
        sink = make_sink(path, job.layout, job.new, job.delimiter)
        answers = ((problem, values) for problem, *values in partial.answers())
        try:
            sink.write(job.source, scan.columns, answers)
        except ValueError:
            _check_unchanged(job, before)
            raise

    _check_unchanged(job, before)
    publish(partial, job.output, job.overwrite, write)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise InputFileError(path, error.strerror or str(error)) from error
    return found.st_size, found.st_mtime_ns


def _check_unchanged(job: Job, before: tuple[int, int]) -> None:
    if _stamp(job.source.path) != before:
        raise InputFileError(job.source.path, "it changed while it was read")
