"""`edgewise analyze`: texts, lines or whole files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from edgewise.cli.options import Options, analyse_options
from edgewise.cli.show import tell


@click.command(short_help="Analyse texts, lines from stdin, or a CSV, JSONL or Parquet file.")
@click.argument("texts", nargs=-1)
@analyse_options
@click.pass_context
def analyze(ctx: click.Context, /, texts: tuple[str, ...], **given: Any) -> None:
    """Tell language, sentiment, toxicity and emotion.

    Of TEXTS, of each line of standard input when there are none, or of every row of a file.

    \b
      edgewise analyze "You absolute legend, this made my day!"
      cat comments.txt | edgewise analyze --json
      edgewise analyze --file comments.csv --output answers.parquet

    A run over a file can be stopped at any moment; the same command continues it. Rows that cannot be
    analysed are carried through with the reason in the column edgewise_error.

    Exit codes: 0 done, 1 done but not one text could be analysed, 2 an error, 130 stopped by Ctrl-C.
    """  # noqa: D301 - click wants the sign itself, not its escape
    options = Options(**given)
    if options.file is not None:
        if texts:
            raise click.UsageError("Give texts or --file, not both.")
        ctx.exit(_of_file(options, options.file))
    if options.output is not None:
        raise click.UsageError("--output needs --file; texts and lines are answered on standard output.")
    if not texts and sys.stdin.isatty():
        raise click.UsageError("Give a text, pipe lines in, or name a --file.")
    ctx.exit(_of_texts(options, texts))


def _of_texts(options: Options, texts: tuple[str, ...]) -> int:
    from edgewise.cli.lines import Given, answer_each, lines_of

    analyzer = options.ready_analyzer()
    given = [Given(text, number) for number, text in enumerate(texts, start=1)]
    count, bad = answer_each(
        given or lines_of(sys.stdin.buffer),
        lambda text: analyzer.analyze(text, explain=options.explain, thresholds=options.thresholds),
        as_json=options.as_json,
        titled=len(given) != 1,
        stop=options.stop,
    )
    if bad:
        tell(f"{bad:,} of {count:,} texts could not be analysed; each is reported in its place.")
    return int(bad == count > 0)


def _of_file(options: Options, file: Path) -> int:
    if options.output is None:
        raise click.UsageError("--file needs --output.")
    from edgewise.cli.files import analyse_file

    return analyse_file(options, file, options.output)
