"""`edgewise experiment`: channels, experiments on devices, promotion and the way back."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgewise.cli.show import show, show_json, tell

if TYPE_CHECKING:
    from edgewise.updates.channels_document import Channels, Guardrail
    from edgewise_cloud.experiment import Place
    from edgewise_cloud.experiment.moves import Move, Mover

_PATH = click.Path(path_type=Path)
_FOLDER = click.Path(path_type=Path, file_okay=False)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@dataclass(frozen=True)
class _Where:
    """Where the channels are."""

    file: Path
    repository: Path | None
    keys: Path | None

    def place(self) -> Place:
        from edgewise_cloud.experiment import FilePlace, RepositoryPlace

        if self.repository is None:
            return FilePlace(self.file)
        if self.keys is None:
            raise click.UsageError("--repository needs --keys, the folder of the keys that sign it.")
        return RepositoryPlace(self.repository, self.keys)


def _placed(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say where the channels are, and the place they make."""

    @click.option(
        "--channels",
        "file",
        type=_PATH,
        default=Path("channels.json"),
        show_default=True,
        help="The file of channels, when something else signs and publishes it.",
    )
    @click.option("--repository", type=_FOLDER, help="A signed repository of updates, in place of a file.")
    @click.option("--keys", type=_FOLDER, help="The folder of the keys that sign the repository.")
    @wraps(command)
    def with_place(file: Path, repository: Path | None, keys: Path | None, **others: Any) -> None:
        command(place=_Where(file, repository, keys).place(), **others)

    return with_place


@click.group(short_help="Compare models on devices, promote the better one, go back.")
def experiment() -> None:
    """Compare models on shares of the devices, promote the better one, and go back.

    \b
      edgewise experiment channel stable edgewise-base@1.0.0
      edgewise experiment create tone --arm control=edgewise-base@1.0.0:0.1 \\
          --arm challenger=edgewise-base@1.1.0:0.1 --metric accuracy.toxicity \\
          --guardrail "change error_rate at_most 0.01"
      edgewise experiment status tone --records records/
      edgewise experiment promote tone challenger --registered edgewise-base
      edgewise experiment rollback --registered edgewise-base

    docs/experiments.md tells what is in the files.
    """  # noqa: D301 - click wants the character that \b stands for


@experiment.command(short_help="Set the version that a channel's devices use.")
@click.argument("name")
@click.argument("model")
@click.option(
    "--downgrade/--no-downgrade",
    default=None,
    help="Whether devices with a newer version go back; if not given: when the version is older than before.",
)
@_placed
def channel(place: Place, name: str, model: str, downgrade: bool | None) -> None:
    """Set the version MODEL (name@version) that devices of the channel NAME use. Makes channel and file."""
    from edgewise_cloud.experiment import first_channels, read_channels, set_channel
    from edgewise_cloud.experiment.errors import ChannelsMissingError
    from edgewise_cloud.experiment.place import check_published, locked, write_channels

    with locked(place):
        check_published(place, [model], name)
        try:
            changed = set_channel(read_channels(place), name, model, downgrade=downgrade)
        except ChannelsMissingError:
            if name != "stable":
                raise
            changed = first_channels(model)
        write_channels(place, changed)
    target = changed.target(name, model.partition("@")[0])
    back = ", a downgrade" if target.downgrade else ""
    show(f"{name} is {target.model}{back} (version {changed.version}).")


@experiment.command(short_help="Begin an experiment.")
@click.argument("name")
@click.option("--channel", "on", default="stable", show_default=True, help="Whose devices take part.")
@click.option(
    "--arm", "arms", multiple=True, required=True, help="NAME=MODEL@VERSION:SHARE; the first is the control."
)
@click.option("--metric", default="accuracy", show_default=True, help="What decides.")
@click.option("--alpha", type=float, default=0.05, show_default=True, help="False alarms that are allowed.")
@click.option("--effect", "effects", multiple=True, help="METRIC=DIFFERENCE that matters.")
@click.option("--guardrail", "guardrails", multiple=True, help="'arm|change METRIC at_least|at_most BOUND'.")
@click.option("--start", type=click.DateTime(), help="From when on, in UTC; now if not given.")
@_placed
def create(
    place: Place,
    name: str,
    on: str,
    arms: tuple[str, ...],
    metric: str,
    alpha: float,
    effects: tuple[str, ...],
    guardrails: tuple[str, ...],
    start: datetime | None,
) -> None:
    """Begin the experiment NAME."""
    from edgewise_cloud.experiment import Plan
    from edgewise_cloud.experiment import create as created
    from edgewise_cloud.experiment.place import check_published

    plan = Plan(
        name=name,
        channel=on,
        arms=dict(map(_arm, arms)),
        metric=metric,
        alpha=alpha,
        effects=dict(_pair(each, "an effect", "METRIC=DIFFERENCE") for each in effects),
        guardrails=[_guardrail(each) for each in guardrails],
        start=start.replace(tzinfo=UTC) if start else None,
    )
    if len(plan.arms) < len(arms):
        raise click.BadParameter("two arms have the same name", param_hint="--arm")
    check_published(place, [model for model, _ in plan.arms.values()], name)
    found = _change(place, lambda channels: created(channels, plan)).experiment(name)
    shares = ", ".join(f"{arm.name} {arm.share:.2%} {arm.model}" for arm in found.arms)
    show(f"{name} runs on {on}: {shares}.")


@experiment.command(short_help="Change the shares of arms.")
@click.argument("name")
@click.argument("shares", nargs=-1, required=True)
@_placed
def shares(place: Place, name: str, shares: tuple[str, ...]) -> None:
    """Set SHARES (ARM=SHARE) of the experiment NAME; only the devices move that must."""
    from edgewise_cloud.experiment import set_shares

    wanted = dict(_pair(each, "a share", "ARM=SHARE") for each in shares)
    found = _change(place, lambda channels: set_shares(channels, name, wanted)).experiment(name)
    show(f"{name}: {', '.join(f'{arm.name} {arm.share:.2%}' for arm in found.arms)}.")


@experiment.command(short_help="Show how an experiment stands; stops arms that cross a guardrail.")
@click.argument("name", required=False)
@click.option("--records", multiple=True, type=_PATH, help="Files or folders: JSONL, CSV, Parquet.")
@click.option("--look-only", is_flag=True, help="Do not stop an arm that crosses a guardrail.")
@_as_json
@_placed
def status(place: Place, name: str | None, records: tuple[Path, ...], look_only: bool, as_json: bool) -> None:
    """Show how NAME stands, or list all experiments. An arm that crosses a guardrail is stopped.

    May be run as often as you like: looking does not make false alarms more frequent.
    """
    from edgewise_cloud.experiment import judge, read_channels, read_rows
    from edgewise_cloud.experiment.report import as_text

    channels = read_channels(place)
    if name is None:
        _list(channels, as_json)
        return
    found = judge(channels.experiment(name), read_rows(records))
    if found.crossed and found.experiment.state == "running" and not look_only:
        changed = _change(place, lambda now: _stopped(now, name, found.crossed))
        stopped, found = found.crossed, replace(found, experiment=changed.experiment(name))
        for arm, reason in stopped.items():
            tell(f"{name}/{arm} is stopped: {reason}.")
    if as_json:
        show_json(found.to_dict())
    else:
        show(as_text(found))


@experiment.command(short_help="Stop an experiment, or one arm.")
@click.argument("name")
@click.option("--arm", help="Stop this arm only.")
@click.option("--reason", default="stopped by hand", show_default=True)
@_placed
def stop(place: Place, name: str, arm: str | None, reason: str) -> None:
    """Stop the experiment NAME, or one arm; its devices go back to their channel at their next pull."""
    from edgewise_cloud.experiment import stop as stopped

    _change(place, lambda channels: stopped(channels, name, arm, reason))
    show(f"{name}{f'/{arm}' if arm else ''} is stopped.")


def _moving(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command a mover of registry and channels."""

    @click.option(
        "--url",
        envvar=["EDGEWISE_TRACKING", "MLFLOW_TRACKING_URI"],
        show_envvar=True,
        help="MLflow server or database; the default is the file edgewise-mlflow.db in the current folder.",
    )
    @_as_json
    @_placed
    @wraps(command)
    def with_mover(place: Place, url: str | None, as_json: bool, **others: Any) -> None:
        from edgewise_cloud.experiment.moves import Mover
        from edgewise_cloud.registry import Registry

        command(mover=Mover(Registry(url), place), as_json=as_json, **others)

    return with_mover


@experiment.command(short_help="Make an arm's model champion and its channel's version.")
@click.argument("name")
@click.argument("arm")
@click.option("--registered", required=True, help="The model's name in the registry.")
@click.option(
    "--version", default="challenger", show_default=True, help="Its version there: number or alias."
)
@_moving
def promote(mover: Mover, as_json: bool, name: str, arm: str, registered: str, version: str) -> None:
    """Make the model of ARM champion of the registry and version of its channel; the experiment NAME ends.

    Both move or neither does. The version in the registry must have passed its gates and hold that very
    bundle.
    """
    _moved(mover.promote(name, arm, registered, version), as_json)


@experiment.command(short_help="Go back to the former champion, on the devices, too.")
@click.option("--registered", required=True, help="The model's name in the registry.")
@click.option("--channel", "on", default="stable", show_default=True, help="The channel that goes back.")
@_moving
def rollback(mover: Mover, as_json: bool, registered: str, on: str) -> None:
    """Make the former champion champion and the channel's version again; devices follow at the next pull."""
    _moved(mover.rollback(registered, on), as_json)


@experiment.command(short_help="Finish a promotion or rollback that was interrupted.")
@click.option("--undo", is_flag=True, help="Put back what was moved, in place of finishing.")
@_moving
def resume(mover: Mover, as_json: bool, undo: bool) -> None:
    """Finish a promotion or a rollback that was interrupted half way."""
    move = mover.undo() if undo else mover.resume()
    if move is None:
        tell("Nothing is half done.")
    elif undo:
        show(f"{move} is undone.")
    else:
        _moved(move, as_json)


def _moved(move: Move, as_json: bool) -> None:
    from dataclasses import asdict

    if as_json:
        show_json(asdict(move))
    else:
        show(f"{move.registered} version {move.after} is the champion, and {move.channel} is {move.model}.")


def _change(place: Place, change: Callable[[Channels], Channels]) -> Channels:
    from edgewise_cloud.experiment import read_channels
    from edgewise_cloud.experiment.place import locked, write_channels

    with locked(place):
        before = read_channels(place)
        after = change(before)
        if after != before:
            write_channels(place, after)
    return after


def _stopped(channels: Channels, name: str, reasons: dict[str, str]) -> Channels:
    from edgewise_cloud.experiment import stop as stopped

    for arm, reason in reasons.items():
        channels = stopped(channels, name, arm, reason)
    return channels


def _list(channels: Channels, as_json: bool) -> None:
    if as_json:
        show_json(channels.to_dict())
        return
    for name, targets in channels.channels.items():
        for target in targets:
            show(f"{name}: {target.model}{', a downgrade' if target.downgrade else ''}")
    for each in channels.experiments:
        arms = ", ".join(f"{arm.name} {arm.share:.2%} {arm.model}" for arm in each.arms)
        show(f"experiment {each.name} on {each.channel}, {each.state}: {arms}")


def _arm(text: str) -> tuple[str, tuple[str, float]]:
    match = re.fullmatch(r"([^=:]+)=([^=:]+):([^=:]+)", text)
    if match is None:
        raise click.BadParameter(f"{text!r} is not NAME=MODEL@VERSION:SHARE", param_hint="--arm")
    return match[1], (match[2], _number(match[3], "a share", "NAME=MODEL@VERSION:SHARE"))


def _pair(text: str, what: str, form: str) -> tuple[str, float]:
    name, equals, number = text.partition("=")
    if not (name and equals):
        raise click.BadParameter(f"{text!r} as {what} is not {form}")
    return name, _number(number, what, form)


def _number(text: str, what: str, form: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} as {what} is no number ({form})") from None


def _guardrail(text: str) -> Guardrail:
    from edgewise.updates.channels_document import Guardrail

    parts = text.split()
    if len(parts) != 4:
        raise click.BadParameter(f"{text!r} is not 'arm|change METRIC at_least|at_most BOUND'")
    of, metric, direction, bound = parts
    return Guardrail(metric, of, direction, _number(bound, "a bound", "a number"))
