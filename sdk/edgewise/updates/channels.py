"""Which version of a model a device takes at a pull: what its channel says, or the arm it is in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from edgewise.bundle.versions import version_key
from edgewise.updates.arms import assign, split_arm
from edgewise.updates.channels_document import STABLE
from edgewise.updates.channels_errors import ChannelTargetError, UnknownChannelError
from edgewise.updates.channels_parse import parse_channels
from edgewise.updates.device_id import device_id


@dataclass(frozen=True)
class Choice:
    """The version to take.

    Attributes:
        version: The version.
        downgrade: Whether it is taken although the device has a newer one: somebody with the keys said so.
        arm: The arm that the device is in, or None.
        experiment: The experiment that the arm belongs to, or None.
    """

    version: str
    downgrade: bool = False
    arm: str | None = None
    experiment: str | None = None


class _State(Protocol):
    """What a store remembers of the model in use."""

    @property
    def arm(self) -> str | None: ...
    @property
    def experiment(self) -> str | None: ...


class _Store(Protocol):
    """The part of a store that is needed here."""

    @property
    def folder(self) -> Path: ...
    def state(self, name: str) -> _State: ...


def choose(
    document: bytes | None,
    name: str,
    channel: str,
    store: _Store,
    versions: tuple[str, ...],
    *,
    now: datetime | None = None,
) -> Choice:
    """Return the version of a model that this device takes.

    Args:
        document: The verified bytes of `channels.json`; None if none is published: then `STABLE` is the
            newest release, and there is no other channel.
        name: The model.
        channel: The channel that the device follows.
        store: Where the device's id is, and by which arm the model in use was chosen.
        versions: The versions that are published.
        now: The time, in UTC; None for the clock's.

    Raises:
        ChannelError: The document is not what it must be, or does not know the channel or the model.
        ChannelTargetError: It leads to a version that is not published.
    """
    if document is None:
        return _newest(name, channel, versions)
    state = store.state(name)
    came_by = f"{state.experiment}/{state.arm}" if state.arm and state.experiment else None
    found = assign(parse_channels(document), device_id(store.folder), name, channel, now=now, came_by=came_by)
    version = found.model.partition("@")[2]
    if version not in versions:
        raise ChannelTargetError(found.model, found.arm or channel, versions)
    experiment, arm = split_arm(found.arm) if found.arm else (None, None)
    return Choice(version, found.downgrade, arm, experiment)


def _newest(name: str, channel: str, versions: tuple[str, ...]) -> Choice:
    if channel != STABLE:
        raise UnknownChannelError(channel, [STABLE])
    releases = [version for version in versions if "-" not in version]
    if not releases:
        raise ChannelTargetError(f"{name}@*", channel, versions)
    return Choice(max(releases, key=version_key))
