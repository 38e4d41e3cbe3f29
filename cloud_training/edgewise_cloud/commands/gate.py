"""`edgewise gate`: whether a model may be promoted."""

from __future__ import annotations

import importlib.util
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgewise.cli.errors import OutputFileError

if TYPE_CHECKING:
    from edgewise_cloud.gates import Gates
    from edgewise_cloud.predictions import Predictions

for _needed in ("numpy", "pyarrow", "scipy", "sklearn"):
    if importlib.util.find_spec(_needed) is None:
        # The group of commands turns this into the pip line; importing them here would cost a second.
        raise ModuleNotFoundError(f"No module named {_needed!r}", name=_needed)

DATA = Path("../shared/data")
_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command(short_help="Judge a model by thresholds and against the champion.")
@click.argument("challenger", type=click.Path(path_type=Path), required=False)
@click.option("--champion", type=_FILE, help="Predictions of the model that it would replace.")
@click.option("--gates", default="default", show_default=True, metavar="NAME|FILE", help="The thresholds.")
@click.option("--json", "json_file", type=_FILE, help="Write the report here.")
@click.option("--model", metavar="NAME|FOLDER", help="Make the predictions of this bundle first.")
@click.option("--save", type=_FILE, help="Write the predictions of --model here.")
@click.option(
    "--data",
    type=_FOLDER,
    envvar="EDGEWISE_DATA",
    default=DATA,
    show_default=True,
    help="Folder that holds catalogue.json, for --model; the variable EDGEWISE_DATA says it, too.",
)
@click.option("--limit", type=click.IntRange(min=1), help="For --model, at most so many rows a set.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads that --model may use.")
@click.option(
    "--suites", is_flag=True, help="Only the gates about suites of slices: seconds, no data needed."
)
@click.pass_context
def gate(
    ctx: click.Context,
    challenger: Path | None,
    champion: Path | None,
    gates: str,
    json_file: Path | None,
    model: str | None,
    save: Path | None,
    data: Path,
    limit: int | None,
    threads: int | None,
    suites: bool,
) -> None:
    """Judge a model by thresholds and against the champion.

    CHALLENGER is a file of predictions, what the model says of labelled texts, or a bundle as for --model.

    \b
      edgewise gate new.parquet --champion old.parquet --gates english_teacher --json report.json
      edgewise gate build/edgewise-base --gates student --data ../shared/data --save base.parquet
      edgewise gate edgewise-base --gates student --suites

    Exits with 0 if all gates passed, 1 if one failed, 2 for bad input. docs/gates.md tells the form of files.
    """  # noqa: D301 - click wants the character that \b stands for
    from edgewise_cloud.gates import evaluate_gates, load_gates, suite_gates
    from edgewise_cloud.predictions import read_predictions

    if (challenger is None) == (model is None):
        raise click.UsageError("Give either a file of predictions or a bundle.")
    if challenger is not None and _is_bundle(challenger):
        challenger, model = None, str(challenger)
    if save is not None and model is None:
        raise click.UsageError("--save belongs to a bundle: predictions from a file are there already.")
    demands = suite_gates(load_gates(gates)) if suites else load_gates(gates)
    if not demands.gates:
        raise click.UsageError(f"The gates {gates!r} have none about suites: leave --suites out.")
    other = read_predictions(champion) if champion is not None else None
    if challenger is not None:
        own = read_predictions(challenger)
    else:
        own = _predictions(demands, model, None if suites else data, limit, threads)
        _save(own, save)
    report = evaluate_gates(own, other, demands)
    click.echo(str(report))
    if json_file is not None:
        _write(json_file, json.dumps(report.to_dict(), indent=1, ensure_ascii=False, allow_nan=False))
        click.echo(f"Report: {json_file}", err=True)
    ctx.exit(0 if report.passed else 1)


def _is_bundle(challenger: Path) -> bool:
    """Whether the challenger is the folder or the name of a bundle, not a file of predictions."""
    from edgewise.bundle import bundled

    return challenger.is_dir() or (not challenger.exists() and str(challenger) in bundled())


def _predictions(
    gates: Gates, model: str | None, data: Path | None, limit: int | None, threads: int | None
) -> Predictions:
    """Ask a bundle; without data about suites alone."""
    from edgewise_cloud.catalogue import load_catalogue
    from edgewise_cloud.evaluate.product import Product
    from edgewise_cloud.gates.needed import needed_sets, needed_suites
    from edgewise_cloud.predictions import predict_bundle

    product = Product(model, threads)
    try:
        notice = partial(click.echo, err=True)
        sets = (
            needed_sets(gates, load_catalogue(data), product.tasks, limit, notice)
            if data is not None
            else needed_suites(gates, product.tasks, notice)
        )
        return predict_bundle(product(tasks=product.tasks, languages=None), sets, model=product.name)
    finally:
        product.close()


def _save(predictions: Predictions, path: Path | None) -> None:
    from edgewise_cloud.predictions import write_predictions

    if path is None:
        return
    try:
        write_predictions(path, predictions)
    except OSError as error:
        raise OutputFileError(error.filename or str(path), error.strerror or str(error)) from error
    click.echo(f"Predictions: {path}", err=True)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputFileError(error.filename or str(path), error.strerror or str(error)) from error
