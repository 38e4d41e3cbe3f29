"""Where `channels.json` is: in a signed repository of updates, or in a file that others sign and publish."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from edgewise.updates.channels_document import FILE_NAME, Channels
from edgewise.updates.channels_errors import ChannelTargetError
from edgewise.updates.channels_parse import parse_channels
from edgewise.updates.files import write_atomically
from edgewise_cloud.experiment.errors import (
    BusyError,
    ChannelsMissingError,
    ChannelsPlaceError,
    MoveUnfinishedError,
)

if TYPE_CHECKING:
    from edgewise.updates.repository import Repository

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class Place(Protocol):
    """Where `channels.json` is read and written."""

    @property
    def journal(self) -> Path:
        """The file that remembers a move of registry and channel while it is under way."""
        ...

    def read(self) -> bytes | None:
        """Return the bytes; None when there are none yet."""
        ...

    def write(self, data: bytes) -> None:
        """Replace the bytes, all or nothing."""
        ...

    def published(self, name: str) -> tuple[str, ...] | None:
        """Return the versions of a model that devices can get; None where that cannot be known."""
        ...


class FilePlace:
    """A plain file; whoever publishes it signs it.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.journal = path.with_name(f"{path.name}.move")

    def read(self) -> bytes | None:
        """Return the bytes; None when there is no file."""
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ChannelsPlaceError(str(self), error.strerror or str(error)) from error

    def write(self, data: bytes) -> None:
        """Replace the file in one step."""
        write_atomically(self._path, data)

    def published(self, name: str) -> tuple[str, ...] | None:
        """Return None: a file knows of no versions."""
        return None

    def __str__(self) -> str:
        """Return the path."""
        return str(self._path)


class RepositoryPlace:
    """A signed repository of updates.

    Args:
        folder: Its folder.
        keys: The folder of the keys that sign it.
    """

    def __init__(self, folder: Path, keys: Path) -> None:
        self._folder, self._keys = folder, keys
        self.journal = folder / ".edgewise-move.json"

    def _open(self) -> Repository:
        from edgewise.updates.keys import KeyFolder
        from edgewise.updates.repository import Repository

        return Repository.open(self._folder, KeyFolder(self._keys))

    def read(self) -> bytes | None:
        """Return what is published."""
        return self._open().document(FILE_NAME)

    def write(self, data: bytes) -> None:
        """Sign and publish, all in one step."""
        repository = self._open()
        repository.put_document(FILE_NAME, data)
        repository.commit()

    def published(self, name: str) -> tuple[str, ...] | None:
        """Return the versions that are published."""
        return tuple(self._open().versions(name))

    def __str__(self) -> str:
        """Return the folder."""
        return str(self._folder)


def read_channels(place: Place) -> Channels:
    """Read the channels.

    Raises:
        ChannelsMissingError: There are none yet.
        ChannelError: They are damaged.
        ChannelsPlaceError: They cannot be read.
    """
    data = place.read()
    if data is None:
        raise ChannelsMissingError(str(place))
    return parse_channels(data, place)


def write_channels(place: Place, channels: Channels) -> None:
    """Write the channels, unless a move of registry and channel is half done.

    Raises:
        MoveUnfinishedError: It is; its journal has to be worked off first.
        UpdateError: They cannot be written.
    """
    if place.journal.exists():
        raise MoveUnfinishedError("A promotion or rollback", "an earlier command was interrupted")
    place.write(channels.to_bytes())


def check_published(place: Place, models: Iterable[str], where: str) -> None:
    """Check that devices can get some models, `name@version`.

    Raises:
        ChannelTargetError: One of them is not published.
    """
    for model in models:
        name, _, version = model.partition("@")
        published = place.published(name)
        if published is not None and version not in published:
            raise ChannelTargetError(model, where, published)


@contextmanager
def locked(place: Place) -> Iterator[None]:
    """Hold the channels: of two commands at once the second is refused.

    Raises:
        BusyError: Another command holds them.
        ChannelsPlaceError: The lock cannot be made.
    """
    path = place.journal.with_name(f"{place.journal.name}.lock")
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise ChannelsPlaceError(str(place), error.strerror or str(error)) from error
    try:
        try:
            if sys.platform == "win32":
                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BusyError(str(place)) from error
        yield
    finally:
        with contextlib.suppress(OSError):
            os.close(handle)
