"""`edgewise teacher`: from a recipe to a validated, tracked, registered teacher."""

from __future__ import annotations

import importlib.util
import json
import logging
import warnings
from pathlib import Path
from typing import Any

import click

for _needed in ("numpy", "pyarrow", "sklearn", "torch", "transformers", "accelerate"):
    if importlib.util.find_spec(_needed) is None:
        # The group of commands turns this into the pip line; importing them here would cost seconds.
        raise ModuleNotFoundError(f"No module named {_needed!r}", name=_needed)

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
_FOLDER = click.Path(path_type=Path, file_okay=False)
_data = click.option(
    "--data",
    type=_FOLDER,
    envvar="EDGEWISE_DATA",
    default=Path("../shared/data"),
    show_default=True,
    help="Folder that holds catalogue.json; the variable EDGEWISE_DATA says it, too.",
)
_tracking = click.option(
    "--tracking",
    metavar="URL",
    envvar="EDGEWISE_TRACKING",
    default="off",
    show_default=True,
    help='MLflow: "local" for ./edgewise-mlflow.db, the URL of a server or a database, or "off".',
)


@click.group(short_help="Train, measure and register teachers.")
@click.option("--quiet", is_flag=True, help="Say nothing while training.")
def teacher(quiet: bool) -> None:
    """Train, measure and register teachers: the large models that the students learn from.

    \b
      edgewise teacher recipes
      edgewise teacher train minilm_english --data ../shared/data --work runs/english
      edgewise teacher evaluate runs/english/teacher --out runs/english/figures
      edgewise teacher adapt runs/english/teacher --file mine.csv --task sentiment --work runs/mine
    """  # noqa: D301 - click wants the character that \b stands for
    logging.basicConfig(level=logging.WARNING if quiet else logging.INFO, format="%(asctime)s %(message)s")
    for name in ("transformers", "accelerate", "alembic", "mlflow"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"torch\.|transformers\.|accelerate\.")


@teacher.command(short_help="The recipes that come with the package.")
def recipes() -> None:
    """List the recipes that come with the package."""
    from edgewise_cloud.teacher.recipe import load_recipe, recipe_names

    for name in recipe_names():
        recipe = load_recipe(name)
        where = ", ".join(recipe.languages) if recipe.languages else "all languages"
        begins = recipe.encoder or "an encoder of its own, made from nothing"
        click.echo(f"{name:<22}{', '.join(recipe.tasks)}; {where}; from {begins}")


@teacher.command(short_help="Train a teacher; goes on where a killed run ended.")
@click.argument("recipe")
@_data
@click.option("--work", type=_FOLDER, required=True, help="Folder for checkpoints and results of this run.")
@click.option("--licences", metavar="A,B", help="Licence classes to train on; the default is what may ship.")
@click.option("--set", "changes", multiple=True, metavar="NAME=JSON", help="Change a value of the recipe.")
@click.option("--overrides", type=_FILE, help="JSON file of changes, as `edgewise tune` writes it.")
@click.option("--rows", type=click.IntRange(min=10), help="A quick try: so many rows of each set.")
@click.option("--validate/--no-validate", "measured", default=True, help="Measure on the test splits.")
@click.option("--gates", metavar="NAME|FILE", help="Gates to pass; the default is the recipe's own.")
@click.option("--champion", type=_FILE, help="Predictions of the champion that gates compare with.")
@click.option("--register/--no-register", default=None, help="Register it; the default: when it is tracked.")
@_tracking
def train(
    recipe: str,
    data: Path,
    work: Path,
    licences: str | None,
    changes: tuple[str, ...],
    overrides: Path | None,
    rows: int | None,
    measured: bool,
    gates: str | None,
    champion: Path | None,
    register: bool | None,
    tracking: str,
) -> None:
    """Train a teacher by a RECIPE: the name of one, or a JSON file.

    The work folder holds prepared rows, checkpoints and the log; the same command goes on from there after a
    kill and ends with the same weights. Then the teacher is measured on the test splits, judged by its gates,
    tracked and registered. Ends with exit code 1 when a gate failed.
    """
    from edgewise_cloud.catalogue import load_catalogue
    from edgewise_cloud.commands.train import licence_classes
    from edgewise_cloud.teacher.devices import is_first_process
    from edgewise_cloud.teacher.recipe import load_overrides, load_recipe, tiny
    from edgewise_cloud.teacher.session import Session, run_session

    _hush()
    chosen = load_recipe(recipe)
    chosen = chosen if overrides is None else chosen.changed(load_overrides(overrides))
    chosen = chosen.changed(dict(_change(text) for text in changes))
    chosen = chosen if rows is None else tiny(chosen, rows)
    session = Session(
        recipe=chosen,
        catalogue=load_catalogue(data),
        work=work,
        licences=licence_classes(licences),
        validate=measured,
        gates=gates or chosen.gates,
        champion=champion,
        tracking=tracking,
        register=tracking != "off" if register is None else register,
    )
    done = run_session(session)
    if not is_first_process():
        return
    click.echo(f"Saved {done.outcome.folder}.")
    if done.validated is not None:
        _tell(done.validated)
    if done.version is not None:
        click.echo(f"Registered as {chosen.name} version {done.version}.")
    for missing in filter(None, (done.unsent, done.unregistered)):
        click.echo(missing, err=True)
    if done.unregistered:
        raise SystemExit(2)
    if done.validated is not None and done.validated.gates is not None and not done.validated.gates.passed:
        raise SystemExit(1)


@teacher.command(short_help="Train a teacher of n-grams: minutes, all languages.")
@_data
@click.option("--work", type=_FOLDER, required=True, help="Folder for rows and results of this run.")
@click.option("--licences", metavar="A,B", help="Licence classes to train on; the default is what may ship.")
@click.option("--rows", type=click.IntRange(min=10), help="A quick try: so many rows of each set.")
@click.option("--prepared", type=_FOLDER, help="Folder with rows to learn from instead, of another run.")
def ngrams(data: Path, work: Path, licences: str | None, rows: int | None, prepared: Path | None) -> None:
    """Train linear models over words and n-grams of characters, one for each language that has labelled rows.

    What a language's few thousand rows can teach, they learn better than an encoder that begins with nothing.
    Writes --work/teacher, which `teacher evaluate`, `registry add` and `train student --teacher` read.
    """
    from edgewise_cloud.catalogue import load_catalogue
    from edgewise_cloud.commands.train import licence_classes
    from edgewise_cloud.ngrams.train import train_ngrams

    classes = licence_classes(licences)
    made = train_ngrams(load_catalogue(data), work, None, classes, rows, prepared)
    click.echo(f"Saved {work / 'teacher'}: {len(made.models) - 1} languages, and all of them pooled.")


@teacher.command(short_help="Measure one teacher, or several as an ensemble.")
@click.argument("folders", nargs=-1, required=True, type=_FOLDER)
@_data
@click.option("--out", type=_FOLDER, required=True, help="Folder for report.json and predictions.parquet.")
@click.option("--languages", metavar="A,B", help="Only rows in these.")
@click.option("--gates", metavar="NAME|FILE", help="Judge by these gates.")
@click.option("--champion", type=_FILE, help="Predictions of the champion that gates compare with.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many rows a set.")
def evaluate(
    folders: tuple[Path, ...],
    data: Path,
    out: Path,
    languages: str | None,
    gates: str | None,
    champion: Path | None,
    limit: int | None,
) -> None:
    """Measure teachers on the published test splits; of several the probabilities are averaged."""
    from edgewise_cloud.catalogue import load_catalogue
    from edgewise_cloud.teacher.answers import Ensemble
    from edgewise_cloud.teacher.opening import open_teacher
    from edgewise_cloud.teacher.validate import validate

    _hush()
    ensemble = Ensemble([open_teacher(folder) for folder in folders])
    codes = [code.strip() for code in languages.split(",") if code.strip()] if languages else None
    found = validate(ensemble, load_catalogue(data), out, codes, gates, champion, limit)
    _tell(found)
    if found.gates is not None and not found.gates.passed:
        raise SystemExit(1)


@teacher.command(short_help="Copy a teacher with its weights in half precision.")
@click.argument("folder", type=_FOLDER)
@click.argument("out", type=_FOLDER)
def shrink(folder: Path, out: Path) -> None:
    """Copy the teacher in FOLDER to OUT, in half precision and in files of 24 MB at most."""
    from edgewise_cloud.teacher.saved import Teacher

    _hush()
    Teacher.load(folder).save(out, half=True)
    click.echo(f"Saved {out}.")


@teacher.command(short_help="Go on training a teacher on a labelled file of one's own.")
@click.argument("folder", type=_FOLDER)
@click.option("--file", type=_FILE, required=True, help="CSV, TSV, JSONL or Parquet.")
@click.option("--task", type=click.Choice(["sentiment", "toxicity", "emotion"]), required=True)
@click.option("--work", type=_FOLDER, required=True, help="Folder for checkpoints and the new teacher.")
@click.option("--text", metavar="COLUMN", default="text", show_default=True, help="Column of the texts.")
@click.option("--label", metavar="COLUMN", default="label", show_default=True, help="Column of the labels.")
@click.option("--language-column", metavar="COLUMN", help="Column of language codes.")
@click.option(
    "--language", metavar="CODE", default="und", help="Language of all rows, without such a column."
)
@click.option("--split-column", metavar="COLUMN", help="Column that says train or dev; else one in 8 is dev.")
@click.option("--data", type=_FOLDER, envvar="EDGEWISE_DATA", help="Drop rows that stand in its test splits.")
@click.option("--set", "changes", multiple=True, metavar="NAME=JSON", help="Change a value of the training.")
def adapt(
    folder: Path,
    file: Path,
    task: str,
    work: Path,
    text: str,
    label: str,
    language_column: str | None,
    language: str,
    split_column: str | None,
    data: Path | None,
    changes: tuple[str, ...],
) -> None:
    """Adapt the teacher in FOLDER to a file of one's own; its other tasks are held to what they said.

    Labels are those of the task; for toxicity also yes and no, 1 and 0, and kinds of abuse. The old folder
    stays as it is. The same command goes on after a kill.
    """
    from edgewise_cloud.catalogue import Columns, load_catalogue
    from edgewise_cloud.teacher.adapt import adapt_teacher
    from edgewise_cloud.teacher.devices import is_first_process
    from edgewise_cloud.teacher.own_rows import OwnFile

    _hush()
    own = OwnFile(file, task, Columns(text, label, language_column, split_column), language)
    catalogue = None if data is None else load_catalogue(data)
    made = adapt_teacher(folder, own, work, dict(_change(change) for change in changes), catalogue)
    if not is_first_process():
        return
    click.echo(f"Saved {made.folder}, trained on {made.rows} rows.")
    for name in ("loss", "macro_f1"):
        click.echo(f"{name} on {made.dev_rows} dev rows: {made.before[name]:.4f}, now {made.after[name]:.4f}")
    if not made.calibrated:
        click.echo("Too few dev rows to choose thresholds from: they are the old ones.")


def _hush() -> None:
    """Leave out the progress bars of a library that reads and writes weights in an instant."""
    from transformers.utils import logging as theirs

    disable: Any = theirs.disable_progress_bar
    disable()


def _tell(found: Any) -> None:
    from edgewise_cloud.evaluate.table import show

    click.echo(show(found.report))
    if found.gates is not None:
        click.echo(str(found.gates))


def _change(text: str) -> tuple[str, Any]:
    """Read NAME=JSON; what is no JSON is taken as a string."""
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise click.BadParameter(
            f"{text!r} is not NAME=VALUE, such as training.rate=1e-4.", param_hint="--set"
        )
    try:
        return name.strip(), json.loads(value)
    except ValueError:
        return name.strip(), value
