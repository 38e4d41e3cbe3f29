"""`edgewise models`: which models there are, and everything known about one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from edgewise.cli import model_updates
from edgewise.cli.show import show, show_json, table

if TYPE_CHECKING:
    from edgewise.cli.inventory import Found


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a model.")
@click.pass_context
def models(ctx: click.Context, /, as_json: bool) -> None:
    """Show the models inside the package and those installed beside it; fetch newer ones.

    The last columns are means over the measured test sets: accuracy for the language, macro-F1 for the rest.
    """
    if ctx.invoked_subcommand is not None:
        return
    from edgewise.cli.inventory import inventory

    found = inventory()
    if as_json:
        for each in found:
            show_json(each.to_dict())
        return
    show(_listing(found) if found else "There are no models here; `edgewise doctor` says more.")
    for each in found:
        if each.problem:
            show(f"\n{each.name} cannot be used: {each.problem}")


@models.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print the manifest as JSON.")
def show_one(name: str, as_json: bool) -> None:
    """Show everything about one model: NAME is a bundle's name or folder."""
    from edgewise.bundle import Bundle, resolve
    from edgewise.cli.card import card

    bundle = Bundle.open(resolve(name))
    if as_json:
        show_json(bundle.manifest.raw)
    else:
        show(card(bundle))


for _command in model_updates.COMMANDS:
    models.add_command(_command)


def _listing(found: list[Found]) -> str:
    tasks = sorted({task for each in found for task in each.summary}, key=_place)
    head = ["name", "version", "licence", "size", "languages", "where", *(_measure(task) for task in tasks)]
    rows = [_row(each, tasks) for each in found]
    return table(head, rows, right=["size", "languages", *(_measure(task) for task in tasks)])


def _row(found: Found, tasks: list[str]) -> list[str]:
    figures = [f"{found.summary[task]:.3f}" if task in found.summary else "" for task in tasks]
    if found.manifest is None:
        return [found.name, "broken", "", "", "", found.where, *figures]
    manifest: Any = found.manifest
    size = f"{found.size / 1e6:.1f} MB"
    languages = str(len(found.languages) or "")
    return [found.name, manifest.version, manifest.licence, size, languages, found.where, *figures]


def _place(task: str) -> int:
    from edgewise.labels import TASKS

    return TASKS.index(task) if task in TASKS else len(TASKS)


def _measure(task: str) -> str:
    return f"{task} {'acc.' if task == 'language' else 'F1'}"
