"""Promotion and the way back: the registry's champion and a channel move together, or not at all.

The registry moves first, as no device looks there. If the channel then cannot move, the registry is put
back; if that fails, too, or the process is killed in between, a journal says what is left to do, and
`resume` does it.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from edgewise.bundle.strict_json import parse_object
from edgewise.errors import BundleError, EdgewiseError
from edgewise.updates.channels_document import STOPPED, Channels
from edgewise.updates.files import write_atomically
from edgewise_cloud.experiment.edit import next_version, set_channel, stop
from edgewise_cloud.experiment.errors import (
    ExperimentStoppedError,
    MoveUndoneError,
    MoveUnfinishedError,
    WrongBundleError,
)
from edgewise_cloud.experiment.place import Place, check_published, locked, read_channels
from edgewise_cloud.registry import (
    CHALLENGER,
    CHAMPION,
    GateNotPassedError,
    NoFormerChampionError,
    UnknownVersionError,
    Version,
)

_FORMAT = 1


class Registry(Protocol):
    """What is asked of the registry; `edgewise_cloud.registry.Registry` does it."""

    def version(self, name: str, which: str | int) -> Version: ...  # noqa: D102
    def list(self, name: str | None = None) -> tuple[Version, ...]: ...  # noqa: D102
    def history(self, name: str) -> tuple[int, ...]: ...  # noqa: D102
    def promote(self, name: str, version: str | int) -> Version: ...  # noqa: D102
    def rollback(self, name: str) -> Version: ...  # noqa: D102
    def challenge(self, name: str, version: str | int) -> Version: ...  # noqa: D102
    def fetch(self, name: str, which: str | int, to: Path) -> Path: ...  # noqa: D102


@dataclass(frozen=True)
class Move:
    """A move of registry and channel.

    Attributes:
        operation: `"promote"` or `"rollback"`.
        registered: The model's name in the registry.
        before: The champion before, None for none.
        after: The champion after.
        challenger: The challenger before, None for none.
        channel: The channel that moves.
        model: What it moves to, `name@version`.
        experiment: The experiment that ends with it; empty for none.
        arm: The arm that wins; empty for none.
        format: Version of the journal.
    """

    operation: str
    registered: str
    before: int | None
    after: int
    challenger: int | None
    channel: str
    model: str
    experiment: str = ""
    arm: str = ""
    format: int = _FORMAT

    def __str__(self) -> str:
        """Say what is done."""
        verb = "The promotion" if self.operation == "promote" else "The way back"
        return f"{verb} of {self.registered} to version {self.after} and of {self.channel!r} to {self.model}"


class Mover:
    """Moves registry and channel together.

    Args:
        registry: The registry.
        place: Where the channels are.
        now: Tells the time; None for the clock.
    """

    def __init__(
        self, registry: Registry, place: Place, now: Callable[[], datetime | None] = lambda: None
    ) -> None:
        self._registry, self._place, self._now = registry, place, now

    def promote(self, experiment: str, arm: str, registered: str, which: str | int = CHALLENGER) -> Move:
        """Make an arm's model the champion and its channel's version, and end the experiment.

        Args:
            experiment: The experiment.
            arm: The arm that wins.
            registered: The model's name in the registry.
            which: Number or alias of the version there; it has to hold the very bundle that the arm uses.

        Raises:
            GateNotPassedError: That version has not passed its gates.
            WrongBundleError: That version is not the arm's model.
            ChannelTargetError: The arm's model is not published.
            UnknownExperimentError: There is no such experiment.
            UnknownArmError: It has no such arm.
            ExperimentStoppedError: The experiment or the arm was stopped.
            MoveUndoneError: The channel could not move; all is as before.
            MoveUnfinishedError: A move is half done, this one or an earlier one.
        """
        with locked(self._place):
            self._none_pending()
            channels = read_channels(self._place)
            found = channels.experiment(experiment)
            winner = found.arm(arm)
            for name, state, why in (
                (experiment, found.state, found.reason),
                (f"{experiment}/{arm}", winner.state, winner.reason),
            ):
                if state == STOPPED:
                    raise ExperimentStoppedError(name, why)
            version = self._registry.version(registered, which)
            if version.gate != "passed":
                raise GateNotPassedError(registered, version.version, version.gate)
            self._check_bundle(version, winner.model)
            move = self._move("promote", registered, version.version, found.channel, winner.model)
            return self._do(replace(move, experiment=experiment, arm=arm))

    def rollback(self, registered: str, channel: str) -> Move:
        """Make the former champion champion and the channel's version again; running experiments there end.

        Devices with the newer version go back at their next pull: the channel says so, signed.

        Args:
            registered: The model's name in the registry.
            channel: The channel.

        Raises:
            NoFormerChampionError: There is none to go back to.
            WrongBundleError: The former champion is no version of the model that the channel has.
            ChannelTargetError: The former champion is not published.
            MoveUndoneError: The channel could not move; all is as before.
            MoveUnfinishedError: A move is half done, this one or an earlier one.
        """
        with locked(self._place):
            self._none_pending()
            channels = read_channels(self._place)
            version = self._registry.version(registered, self._former(registered))
            model = self.bundle_of(version)
            channels.target(channel, model.partition("@")[0])
            return self._do(self._move("rollback", registered, version.version, channel, model))

    def resume(self) -> Move | None:
        """Finish a move that was begun; return it, or None when there is none.

        Raises:
            MoveUnfinishedError: It cannot be finished yet.
        """
        with locked(self._place):
            move = self._pending()
            if move is None:
                return None
            try:
                self._registry_forward(move)
                self._channel_forward(move)
            except (EdgewiseError, OSError) as error:
                raise MoveUnfinishedError(str(move), str(error)) from error
            self._place.journal.unlink(missing_ok=True)
            return move

    def undo(self) -> Move | None:
        """Put back what an interrupted move has moved; return it, or None when there is none.

        Raises:
            MoveUnfinishedError: The channel has moved already, or the registry refuses: `resume` is the way.
        """
        with locked(self._place):
            move = self._pending()
            if move is None:
                return None
            try:
                if self._is_applied(read_channels(self._place), move):
                    raise MoveUnfinishedError(str(move), "the channel has moved, which devices may have seen")
                self._registry_back(move)
            except MoveUnfinishedError:
                raise
            except (EdgewiseError, OSError) as error:
                raise MoveUnfinishedError(str(move), str(error)) from error
            self._place.journal.unlink(missing_ok=True)
            return move

    def bundle_of(self, version: Version) -> str:
        """Return the bundle that a registered version holds, `name@version`.

        Raises:
            WrongBundleError: It holds no bundle.
        """
        title = f"{version.name} version {version.version}"
        with tempfile.TemporaryDirectory(prefix="edgewise-") as folder:
            home = self._registry.fetch(version.name, version.version, Path(folder) / "model")
            manifest = home / "manifest.json"
            try:
                facts = parse_object(manifest.read_bytes(), manifest)
            except (OSError, BundleError):
                raise WrongBundleError(title, "no bundle", "a folder with manifest.json") from None
        return f"{facts.get('name')}@{facts.get('version')}"

    def _do(self, move: Move) -> Move:
        """Move both, or neither."""
        check_published(self._place, [move.model], move.channel)
        self._applied(
            read_channels(self._place), move
        )  # what a device would refuse fails before anything moves
        write_atomically(self._place.journal, json.dumps(asdict(move), indent=1).encode())
        try:
            self._registry_forward(move)
        except (EdgewiseError, OSError) as error:
            self._put_back(move, error)
        try:
            self._channel_forward(move)
        except (EdgewiseError, OSError) as error:
            self._put_back(move, error)
        self._place.journal.unlink(missing_ok=True)
        return move

    def _registry_forward(self, move: Move) -> None:
        if self._champion(move.registered) == move.after:
            return
        if move.operation == "promote":
            self._registry.promote(move.registered, move.after)
        else:
            self._registry.rollback(move.registered)

    def _channel_forward(self, move: Move) -> None:
        channels = read_channels(self._place)
        if not self._is_applied(channels, move):
            self._place.write(self._applied(channels, move).to_bytes())

    def _is_applied(self, channels: Channels, move: Move) -> bool:
        target = channels.target(move.channel, move.model.partition("@")[0])
        return target.model == move.model and not self._ending(channels, move)

    def _applied(self, channels: Channels, move: Move) -> Channels:
        """Return the channels after a move: one version on, with the channel moved and experiments ended."""
        moved = set_channel(channels, move.channel, move.model, now=self._now())
        reason = f"promoted {move.arm}" if move.operation == "promote" else f"rolled back to {move.model}"
        for name in self._ending(channels, move):
            moved = stop(moved, name, reason=reason, now=self._now())
        return next_version(channels, self._now(), channels=moved.channels, experiments=moved.experiments)

    def _ending(self, channels: Channels, move: Move) -> list[str]:
        """Name the running experiments that end with a move: those on the same model and channel."""
        subject = (move.channel, move.model.partition("@")[0])
        return [
            each.name
            for each in channels.experiments
            if each.state != STOPPED and (each.channel, each.model) == subject
        ]

    def _put_back(self, move: Move, why: Exception) -> None:
        """Undo the registry's part after a failure.

        Raises:
            MoveUndoneError: Both are as they were.
            MoveUnfinishedError: That could not be reached.
        """
        try:
            if self._is_applied(read_channels(self._place), move):
                # It was written although it said otherwise: forward is the way.
                raise MoveUnfinishedError(str(move), str(why))
            self._registry_back(move)
        except MoveUnfinishedError:
            raise
        except (EdgewiseError, OSError) as error:
            raise MoveUnfinishedError(str(move), f"{why} Nor could it be undone: {error}") from why
        self._place.journal.unlink(missing_ok=True)
        raise MoveUndoneError(str(move), str(why)) from why

    def _registry_back(self, move: Move) -> None:
        if move.before == move.after or self._champion(move.registered) == move.before:
            return
        if move.operation == "promote":
            self._registry.rollback(move.registered)
        else:
            self._registry.promote(move.registered, move.before or 0)
        if move.challenger is not None:
            self._registry.challenge(move.registered, move.challenger)

    def _move(self, operation: str, registered: str, after: int, channel: str, model: str) -> Move:
        return Move(
            operation=operation,
            registered=registered,
            before=self._champion(registered),
            after=after,
            challenger=self._number(registered, CHALLENGER),
            channel=channel,
            model=model,
        )

    def _champion(self, registered: str) -> int | None:
        return self._number(registered, CHAMPION)

    def _number(self, registered: str, alias: str) -> int | None:
        try:
            return self._registry.version(registered, alias).version
        except UnknownVersionError:
            return None

    def _former(self, registered: str) -> int:
        """Return where the registry's own rollback leads."""
        there = {each.version for each in self._registry.list(registered)}
        now = self._champion(registered)
        for version in reversed(self._registry.history(registered)):
            if version != now and version in there:
                return version
        raise NoFormerChampionError(registered)

    def _check_bundle(self, version: Version, wanted: str) -> None:
        found = self.bundle_of(version)
        if found != wanted:
            raise WrongBundleError(f"{version.name} version {version.version}", found, wanted)

    def _none_pending(self) -> None:
        if (move := self._pending()) is not None:
            raise MoveUnfinishedError(str(move), "an earlier command was interrupted")

    def _pending(self) -> Move | None:
        journal = self._place.journal
        try:
            facts: dict[str, Any] = parse_object(journal.read_bytes(), journal)
            if facts.get("format") != _FORMAT:
                raise MoveUnfinishedError("A move", f"{journal} is of another version of edgewise")
            return Move(**facts)
        except FileNotFoundError:
            return None
        except (BundleError, TypeError) as error:
            raise MoveUnfinishedError("A move", f"its journal {journal} is damaged ({error})") from error
