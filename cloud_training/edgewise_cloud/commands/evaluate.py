"""`edgewise evaluate`: how good a model is, on the catalogue's test splits or on a file of one's own."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgewise.cli.errors import OutputFileError
from edgewise.errors import MissingExtraError
from edgewise.labels import TASKS

if TYPE_CHECKING:
    from edgewise_cloud.evaluate import Report
    from edgewise_cloud.evaluate.product import Product

for _needed in ("numpy", "pyarrow", "sklearn"):
    if importlib.util.find_spec(_needed) is None:
        # The group of commands turns this into the pip line; importing them here would cost a second.
        raise ModuleNotFoundError(f"No module named {_needed!r}", name=_needed)

DATA = Path("../shared/data")
_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)


def _names(ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    """Split `a,b` and repeated options into names."""
    return tuple(dict.fromkeys(part.strip() for text in given for part in text.split(",") if part.strip()))


def _tasks(ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    names = _names(ctx, parameter, given)
    unknown = [name for name in names if name not in TASKS]
    if unknown:
        raise click.BadParameter(f"{unknown[0]!r} is none of {', '.join(TASKS)}.", ctx, parameter)
    return tuple(task for task in TASKS if task in names)


@click.command(short_help="Measure a model on labelled data.")
@click.option(
    "--data",
    type=_FOLDER,
    envvar="EDGEWISE_DATA",
    default=DATA,
    show_default=True,
    help="Folder that holds catalogue.json; the variable EDGEWISE_DATA says it, too.",
)
@click.option("--model", metavar="NAME|FOLDER", help="A bundle's name or folder; see `edgewise models`.")
@click.option("--tasks", multiple=True, callback=_tasks, metavar="A,B", help="Only these tasks.")
@click.option("--datasets", multiple=True, callback=_names, metavar="A,B", help="Only these sets, by name.")
@click.option("--languages", multiple=True, callback=_names, metavar="A,B", help="Only rows in these.")
@click.option("--split", type=click.Choice(["test", "dev"]), default="test", show_default=True)
@click.option("--limit", type=click.IntRange(min=1), help="At most so many rows a set, chosen by --seed.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--file", type=_FILE, help="A labelled CSV, TSV, JSONL or Parquet file of your own instead.")
@click.option("--task", type=click.Choice(TASKS), help="The task that the labels of --file are of.")
@click.option("--column", default="text", show_default=True, help="Column of texts of --file.")
@click.option("--label", default="label", show_default=True, help="Column of right answers of --file.")
@click.option("--language-column", help="Column of language codes of --file, if it has one.")
@click.option(
    "--suites/--no-suites",
    default=None,
    help="Measure the suites of slices, too: by default unless --datasets, --file or --split dev is given.",
)
@click.option("--json", "json_file", type=_FILE, help="Write the figures here.")
@click.option("--plots", type=_FOLDER, help="Write confusion and reliability plots into this folder.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads that the model may use.")
def evaluate(data: Path, model: str | None, file: Path | None, threads: int | None, **given: Any) -> None:
    """Measure a model on labelled data.

    Accuracy, F1, AUC and calibration error per task, data set and language.

    \b
      edgewise evaluate --data ../shared/data
      edgewise evaluate --tasks sentiment --datasets en_sst --json figures.json --plots plots
      edgewise evaluate --file mine.csv --column comment --label verdict --task toxicity

    The suites of slices tell what the model can do, functionality by functionality: negation, names, dialect
    and more, beside what is promised of each.

    Without --datasets, all sets of tier main with rows in the split count, whatever their licence: nothing is
    trained here. Weak sets and sets with definitions of their own are measured when they are named.
    """  # noqa: D301 - click wants the character that \b stands for
    from edgewise_cloud.evaluate.product import Product
    from edgewise_cloud.evaluate.table import show

    if given["plots"] is not None and importlib.util.find_spec("matplotlib") is None:
        raise MissingExtraError("cloud", "--plots")
    product = Product(model, threads)
    try:
        report = _of_catalogue(product, data, given) if file is None else _of_file(product, file, given)
        if _wants_suites(file, given):
            report = _with_suites(report, product, given)
    finally:
        product.close()
    click.echo(show(report))
    _write(report, given["json_file"], given["plots"])


def _of_catalogue(product: Product, data: Path, given: dict[str, Any]) -> Report:
    from edgewise_cloud.catalogue import load_catalogue
    from edgewise_cloud.evaluate import Selection, evaluate_catalogue

    if given["task"] is not None:
        raise click.UsageError("--task belongs to --file; --tasks says which tasks of the catalogue.")
    selection = Selection(
        tasks=given["tasks"] or product.tasks,
        datasets=given["datasets"],
        languages=given["languages"],
        split=given["split"],
        limit=given["limit"],
        seed=given["seed"],
    )
    catalogue = load_catalogue(data)
    return evaluate_catalogue(
        catalogue, selection, product, product.name, lambda line: click.echo(line, err=True)
    )


def _wants_suites(file: Path | None, given: dict[str, Any]) -> bool:
    if given["suites"] is not None:
        return bool(given["suites"])
    return file is None and not given["datasets"] and given["split"] == "test"


def _with_suites(report: Report, product: Product, given: dict[str, Any]) -> Report:
    """Return the report with a record for each functionality."""
    from edgewise_cloud.gates import suite_records

    tasks = given["tasks"] or product.tasks
    click.echo("suites of slices", err=True)
    analyzer = product(tasks=tasks, languages=None)
    found = suite_records(analyzer, product.name, tasks=tasks, languages=given["languages"])
    return replace(report, records=[*report.records, *found])


def _of_file(product: Product, file: Path, given: dict[str, Any]) -> Report:
    from edgewise_cloud.evaluate import UserFile, evaluate_file

    if given["task"] is None:
        raise click.UsageError("--file needs --task: say what its labels are of.")
    own = UserFile(file, given["task"], given["column"], given["label"], given["language_column"])
    return evaluate_file(own, product, product.name)


def _write(report: Report, json_file: Path | None, plots: Path | None) -> None:
    """Write the files asked for, and say where they are."""
    try:
        if json_file is not None:
            text = json.dumps(report.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
            json_file.parent.mkdir(parents=True, exist_ok=True)
            json_file.write_text(text + "\n", encoding="utf-8")
            click.echo(f"Figures: {json_file}", err=True)
        if plots is not None:
            from edgewise_cloud.evaluate.plots import write_plots

            for path in write_plots(report, plots):
                click.echo(f"Plot: {path}", err=True)
    except OSError as error:
        raise OutputFileError(
            error.filename or str(json_file or plots), error.strerror or str(error)
        ) from error
