"""A group of commands that are imported only when one of them is run.

Our own commands are in a table. The heavier ones, and those of other packages, are found by entry points of
the group `edgewise.commands`; listing them reads metadata only.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from edgewise.cli.errors import CommandError
from edgewise.errors import MissingExtraError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "edgewise.commands"

_OWN = {
    "analyze": ("edgewise.cli.analyze", "Analyse texts, lines from stdin, or a CSV, JSONL or Parquet file."),
    "bench": ("edgewise.cli.bench", "Measure a model's files on every backend: speed, memory, loading."),
    "doctor": ("edgewise.cli.doctor", "Check this machine, the backends and the models."),
    "keys": ("edgewise.cli.publish", "Make and change the keys that sign models."),
    "models": ("edgewise.cli.models", "Show the models; pull, pin and roll back versions of them."),
    "publish": ("edgewise.cli.publish", "Publish a gated, signed model for devices to pull."),
}

_KNOWN = {
    "convert": "Convert a model for each backend, with proof.",
    "data": "List, check and prepare the labelled data.",
    "evaluate": "Measure a model on labelled data.",
    "experiment": "Compare models on devices, promote the better one, go back.",
    "gate": "Judge a model by thresholds and against the champion.",
    "registry": "Show, compare, promote and fetch registered models.",
    "teacher": "Train, adapt and measure teachers.",
    "train": "Train the models.",
    "tune": "Search for the best parameters of a recipe.",
}


class CommandLoadError(CommandError, ImportError):
    """A command of another package cannot be imported.

    Attributes:
        command: The command.
        reason: What its import said.
    """

    def __init__(self, command: str, reason: str) -> None:
        self.command = command
        self.reason = reason
        super().__init__(
            f"The command {command!r} cannot be loaded: {reason.rstrip('.')}. "
            "Install its package again, or remove it."
        )


class LazyGroup(click.Group):
    """Lists commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted({*super().list_commands(ctx), *_OWN, *_found()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command.

        Raises:
            MissingExtraError: It needs an extra that is not installed.
            CommandLoadError: Its import fails for another reason.
        """
        if cmd_name in _OWN:
            own: click.Command = getattr(import_module(_OWN[cmd_name][0]), cmd_name)
            return own
        entry = _found().get(cmd_name)
        return super().get_command(ctx, cmd_name) if entry is None else _load(entry)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands for the help."""
        found = _found()
        rows = [(name, _help(name, found)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@cache
def _found() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=GROUP) if entry.name not in _OWN}


def _help(name: str, found: dict[str, EntryPoint]) -> str:
    if name in _OWN:
        return _OWN[name][1]
    return _KNOWN.get(name) or f"From the package {found[name].module.partition('.')[0]}."


def _load(entry: EntryPoint) -> click.Command:
    from edgewise.cli.extras import extra_for

    try:
        command: Any = entry.load()
    except MissingExtraError:
        raise
    except ImportError as error:
        if extra := extra_for(entry, error):
            raise MissingExtraError(extra, f"The command {entry.name!r}") from error
        raise CommandLoadError(entry.name, str(error)) from error
    except AttributeError as error:
        raise CommandLoadError(entry.name, str(error)) from error
    if not isinstance(command, click.Command):
        raise CommandLoadError(entry.name, f"{entry.value} is no command")
    return command
