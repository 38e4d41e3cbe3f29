"""A whole file: from the options to a `Job`, and its closing words."""

from __future__ import annotations

from pathlib import Path

from edgewise import __version__
from edgewise.cli.answers import Answers, identity, new_columns
from edgewise.cli.errors import OutputFileError
from edgewise.cli.job.partial import remove_left_over
from edgewise.cli.job.progress import progress
from edgewise.cli.job.run import Job, Summary, is_complete, run
from edgewise.cli.options import Options
from edgewise.cli.show import tell
from edgewise.cli.tables.encoding import same_file
from edgewise.cli.tables.formats import layout_of, open_source

_CHUNK_BATCHES = 8
"""Batches in a chunk: enough to put texts of like length together, few enough to lose little."""


def analyse_file(options: Options, file: Path, output: Path) -> int:
    """Analyse a file.

    Args:
        options: As given on the command line.
        file: The table to read.
        output: The table to write.

    Returns:
        The exit code.

    Raises:
        EdgewiseError: It cannot be done; nothing is lost, and nothing is overwritten.
    """
    if same_file(file, output):
        raise OutputFileError(output, "it is the input", "Name another file.")
    # A link stays a link: what it leads to is replaced.
    job = _job(options, file, output.resolve() if output.is_symlink() else output)
    if is_complete(job):
        remove_left_over(job.output)
        tell(f"{output} is complete; only the tidying up was cut short.")
        return 0
    with progress(options.progress) as begin:
        summary = run(job, tell, begin)
    _close(summary, output)
    return int(summary.bad == summary.rows > 0)


def _job(options: Options, file: Path, output: Path) -> Job:
    layout = layout_of(output, options.format)
    source = open_source(file, layout_of(file, options.format), options.delimiter, options.encoding)
    analyzer = options.ready_analyzer()
    tasks = options.tasks or tuple(analyzer.labels)
    columns = new_columns(tasks, options.explain)
    answers = Answers(analyzer, tasks, options.thresholds, options.batch_size, options.explain)
    return Job(
        source=source,
        column=options.column,
        output=output,
        layout=layout,
        delimiter=getattr(source, "delimiter", None),
        new=columns,
        analyse=answers,
        facts={
            "edgewise": __version__,
            "model": identity(analyzer.bundle.manifest),
            "tasks": list(tasks),
            "languages": list(options.languages) if options.languages else None,
            "thresholds": options.thresholds,
            "toxic share": options.toxic_share,
            "explain": options.explain,
            "batch size": options.batch_size,
            "backend": options.backend,
            "threads": options.threads,
            "delimiter": options.delimiter,
            "encoding": options.encoding,
        },
        chunk=options.batch_size * _CHUNK_BATCHES,
        stop=options.stop,
        overwrite=options.overwrite,
        resume=options.resume,
    )


def _close(summary: Summary, output: Path) -> None:
    """Say what became of it."""
    fresh = summary.rows - summary.resumed
    speed = f", {fresh / summary.seconds:,.0f} rows/s" if fresh and summary.seconds > 0 else ""
    tell(f"{output}: {summary.rows:,} rows in {summary.seconds:.1f} s{speed}.")
    if summary.first_bad:
        number, problem = summary.first_bad
        which = "It is" if summary.bad == 1 else "The first is"
        tell(
            f"{summary.bad:,} of them could not be analysed and "
            f"{'is' if summary.bad == 1 else 'are'} carried through, with the reason in edgewise_error. "
            f"{which} row {number:,}: {problem.rstrip('.')}."
        )
