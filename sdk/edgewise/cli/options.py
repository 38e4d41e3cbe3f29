"""What `edgewise analyze` can be told."""

from __future__ import annotations

import atexit
import gc
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from edgewise.cli.tables.encoding import check_encoding
from edgewise.cli.tables.formats import FORMATS

if TYPE_CHECKING:
    from edgewise.analyzer import Analyzer

_Command = TypeVar("_Command", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path)


@dataclass(frozen=True)
class Options:
    """The options as given, checked as far as that can be done without a model."""

    as_json: bool
    tasks: tuple[str, ...] | None
    languages: tuple[str, ...] | None
    thresholds: Mapping[str, Any] | None
    toxic_share: float | None
    explain: bool
    model: str | None
    backend: str
    threads: int | None
    file: Path | None
    output: Path | None
    format: str | None
    column: str
    delimiter: str | None
    encoding: str
    batch_size: int
    on_bad_row: str
    overwrite: bool
    resume: bool | None
    progress: bool | None

    @property
    def stop(self) -> bool:
        """Whether to stop at the first bad row."""
        return self.on_bad_row == "stop"

    def ready_analyzer(self) -> Analyzer:
        """Make the analyzer that the options ask for, with its models loaded.

        Raises:
            EdgewiseError: It has something against the options, or a model cannot be loaded.
        """
        _tune_process()
        from edgewise.analyzer import Analyzer

        analyzer = Analyzer(
            self.model,
            tasks=self.tasks,
            languages=self.languages,
            backend=self.backend,
            threads=self.threads,
            toxic_share=self.toxic_share,
        )
        analyzer.warm_up()
        analyzer.analyze("", thresholds=self.thresholds)
        return analyzer


def _tune_process() -> None:
    """Save some hundredths of a second; the process is ours, so it may be told how to behave."""
    # numpy has no linear algebra to do here: its helper threads would only start and spin for a while.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # At the end the system takes the memory back; the collector need not look through it first.
    atexit.register(gc.freeze)


def _names(ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...] | None:
    """Split `a,b` and repeated options into names."""
    names = [name.strip() for value in given for name in value.split(",")]
    return tuple(dict.fromkeys(name for name in names if name)) or None


def _thresholds(
    ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> Mapping[str, Any] | None:
    """Turn `toxicity=0.8` and `toxicity.insult=0.9` into what `Analyzer.analyze` takes."""
    found: dict[str, Any] = {}
    for text in given:
        name, sign, value = text.rpartition("=")
        task, _, label = name.strip().partition(".")
        number = _number(value)
        if not sign or not task or number is None:
            raise click.BadParameter(f"{text!r} is not TASK=NUMBER or TASK.LABEL=NUMBER.", ctx, parameter)
        earlier = found.get(task)
        if label and not isinstance(earlier, float):
            found[task] = {**(earlier or {}), label: number}
        elif earlier is None and not label:
            found[task] = number
        else:
            raise click.BadParameter(
                f"{task!r} has a threshold for the whole task and for a label.", ctx, parameter
            )
    return found or None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _delimiter(ctx: click.Context, parameter: click.Parameter, given: str | None) -> str | None:
    named = {"tab": "\t", r"\t": "\t"}.get(given or "", given)
    if named is not None and named != "auto" and (len(named) != 1 or named in '"\r\n'):
        raise click.BadParameter("Give one character, 'tab' or 'auto'.", ctx, parameter)
    return named


def _encoding(ctx: click.Context, parameter: click.Parameter, given: str) -> str:
    try:
        return check_encoding(given)
    except LookupError as error:
        raise click.BadParameter(f"There is no encoding {given!r}.", ctx, parameter) from error


_OPTIONS = [
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object a text."),
    click.option("--tasks", multiple=True, callback=_names, metavar="A,B", help="Only these tasks."),
    click.option(
        "--languages",
        multiple=True,
        callback=_names,
        metavar="A,B",
        help="Choose only among these languages.",
    ),
    click.option(
        "--threshold",
        "thresholds",
        multiple=True,
        callback=_thresholds,
        metavar="TASK[.LABEL]=NUMBER",
        help="A threshold of your own, for example toxicity=0.8 or toxicity.insult=0.9.",
    ),
    click.option(
        "--toxic-share",
        type=click.FloatRange(0.0, 1.0, min_open=True, max_open=True),
        metavar="SHARE",
        help="Which share of these texts is toxic, for example 0.05; moves the thresholds of toxicity.",
    ),
    click.option("--explain", is_flag=True, help="Say which words made it so (slower)."),
    click.option("--model", metavar="NAME|FOLDER", help="A bundle's name or folder; see `edgewise models`."),
    click.option("--backend", default="auto", show_default=True, help="See `edgewise doctor`."),
    click.option("--threads", type=click.IntRange(min=1), help="Threads that the model may use."),
    click.option("--file", type=_FILE, help="Analyse every row of this CSV, JSONL or Parquet file."),
    click.option("--output", type=_FILE, help="Write the rows and their answers here; any of the formats."),
    click.option("--format", type=click.Choice(FORMATS), help="Of a file whose name does not say."),
    click.option("--column", default="text", show_default=True, help="The column that holds the texts."),
    click.option("--delimiter", callback=_delimiter, help="Of CSV: a character, 'tab', or 'auto' to guess."),
    click.option(
        "--encoding", default="utf-8", callback=_encoding, show_default=True, help="Of CSV and JSONL."
    ),
    click.option(
        "--batch-size", type=click.IntRange(1, 4096), default=64, show_default=True, help="Texts in a run."
    ),
    click.option(
        "--on-bad-row",
        type=click.Choice(["carry", "stop"]),
        default="carry",
        show_default=True,
        help="What to do with a row that cannot be analysed.",
    ),
    click.option("--overwrite", is_flag=True, help="Replace an output that is already there."),
    click.option(
        "--resume/--no-resume",
        default=None,
        help="Continue earlier work on this output, or throw it away. [default: continue if there is some]",
    ),
    click.option(
        "--progress/--no-progress", default=None, help="Show how far it is. [default: on a terminal]"
    ),
]


def analyse_options(command: _Command) -> _Command:
    """Add all options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
