"""`edgewise tune`: the best parameters of a recipe."""

from __future__ import annotations

import importlib.util
import json
import logging
from pathlib import Path

import click

from edgewise.cli.show import show, show_json, tell
from edgewise.errors import MissingExtraError

if importlib.util.find_spec("optuna") is None:
    # Importing it here would cost a second.
    raise MissingExtraError("track", "The command 'tune'")

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)
_PRUNERS = ("median", "asha", "none")


@click.command(short_help="Search for the best parameters of a recipe.")
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--space", type=_FILE, required=True, help="JSON file that says what may be tried.")
@click.option("--trials", type=click.IntRange(min=1), required=True, help="Trials, all workers together.")
@click.option("--work", type=_FOLDER, required=True, help="Folder for the trials and the result.")
@click.option(
    "--storage",
    metavar="URL",
    help="Database that workers share; the default is the SQLite file tune.db in --work.",
)
@click.option("--study", help="Name of the study; the default is the recipe's name.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--pruner", type=click.Choice(_PRUNERS), default="median", show_default=True)
@click.option(
    "--data",
    type=_FOLDER,
    envvar="EDGEWISE_DATA",
    default=Path("../shared/data"),
    show_default=True,
    help="Folder that holds catalogue.json; the variable EDGEWISE_DATA says it, too.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def tune(
    recipe: Path,
    space: Path,
    trials: int,
    work: Path,
    storage: str | None,
    study: str | None,
    seed: int,
    pruner: str,
    data: Path,
    as_json: bool,
) -> None:
    """Search for the best parameters of a teacher's recipe.

    \b
      edgewise tune english --space space.json --trials 30 --work runs/tune

    Run the same command several times at once, here or with a --storage on a server, and the workers share
    the trials. Killed, it goes on when it is run again. The best values go to best.json in --work.
    """  # noqa: D301 - click wants the character that \b stands for
    from edgewise_cloud.catalogue import load_catalogue
    from edgewise_cloud.tune import load_space, objective, search, write_overrides

    logging.basicConfig(level=logging.WARNING)
    logging.getLogger("optuna").setLevel(logging.WARNING)
    found = search(
        objective.teacher_objective(recipe, load_catalogue(data)),
        load_space(space),
        study or recipe.stem,
        storage or f"sqlite:///{(work / 'tune.db').resolve()}",
        trials,
        seed,
        pruner,
        work=work,
        tell=tell,
    )
    best = work / "best.json"
    write_overrides(found.params, best)
    if as_json:
        show_json({**found.to_dict(), "overrides": str(best)})
        return
    counts = f"{found.finished} finished, {found.pruned} pruned, {found.failed} failed"
    show(f"Best of {found.study}: {found.best:.4f}, trial {found.trial} ({counts}).")
    show(json.dumps(dict(found.params), ensure_ascii=False, indent=1))
    show(f"Overrides for the recipe: {best}")
