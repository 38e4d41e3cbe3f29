"""The device's own id: random, kept in the store of updates, never made from anything about the device.

It chooses the arm of an experiment and keeps a device's records together; it says nothing about the device or
its owner, and a reset makes the device a new one.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from edgewise.updates.channels_errors import DeviceIdError

FILE_NAME = "device.json"
"""The file in the folder."""

_PATTERN = re.compile(rb'\{"id": "([0-9a-f]{32})"\}\n?')
_PATIENCE = 0.5  # seconds


@dataclass(frozen=True, slots=True)
class DeviceId:
    """The id of this device.

    Attributes:
        value: 32 hex digits, 128 random bits.
        kept: Whether it is on the disk and will be the same at the next start.
    """

    value: str
    kept: bool


def device_id(folder: Path | None = None) -> DeviceId:
    """Return the id of this device; made at the first call, the same ever after.

    Of two processes that make it at the same time both get the id of the one that was first. A file that does
    not hold an id is replaced, which is the same as a reset. Where nothing can be written (a read-only home)
    the id is new in every process, and says so by `kept`.

    Args:
        folder: Where to keep it; None for the store of updates.
    """
    path = _file(folder)
    try:
        return _found(path) or _made(path)
    except OSError:
        return DeviceId(_fresh(), kept=False)


def reset_device_id(folder: Path | None = None) -> DeviceId:
    """Make the device a new one: a new id, and nothing that leads from the old one to it.

    Args:
        folder: Where it is kept; None for the store of updates.

    Raises:
        DeviceIdError: It cannot be written; the old one stays.
    """
    path = _file(folder)
    value = _fresh()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        spare = _spare(path, value)
        try:
            spare.replace(path)
        finally:
            spare.unlink(missing_ok=True)
    except OSError as error:
        raise DeviceIdError(path, error.strerror or str(error)) from error
    return DeviceId(value, kept=True)


def _file(folder: Path | None) -> Path:
    if folder is None:
        from edgewise.updates.store import default_store

        folder = default_store()
    return folder / FILE_NAME


def _fresh() -> str:
    return secrets.token_hex(16)


def _line(value: str) -> bytes:
    return f'{{"id": "{value}"}}\n'.encode()


def _found(path: Path) -> DeviceId | None:
    """Read the id; None when there is none, or none that is whole."""
    try:
        with path.open("rb") as file:
            match = _PATTERN.fullmatch(file.read(64))
    except FileNotFoundError:
        return None
    return DeviceId(match[1].decode(), kept=True) if match else None


def _made(path: Path) -> DeviceId:
    """Write a new id where none is; whoever is first wins, the others take what it wrote."""
    path.parent.mkdir(parents=True, exist_ok=True)
    value = _fresh()
    spare = _spare(path, value)
    try:
        _claim(spare, path, value)
    except FileExistsError:
        return _awaited(path) or reset_device_id(path.parent)
    finally:
        spare.unlink(missing_ok=True)
    return DeviceId(value, kept=True)


def _claim(spare: Path, path: Path, value: str) -> None:
    """Give the id its name.

    Raises:
        FileExistsError: Another process was first.
    """
    try:
        path.hardlink_to(spare)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):
        # No hard links on this file system: here the name is there before the id is, see `_awaited`.
        with path.open("xb") as file:
            file.write(_line(value))
            file.flush()
            os.fsync(file.fileno())


def _awaited(path: Path) -> DeviceId | None:
    """Read the id that another process is about to write."""
    end = time.monotonic() + _PATIENCE
    while (found := _found(path)) is None and time.monotonic() < end:
        time.sleep(0.01)
    return found


def _spare(path: Path, value: str) -> Path:
    """Write an id beside its place."""
    spare = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        with spare.open("xb") as file:
            file.write(_line(value))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        spare.unlink(missing_ok=True)
        raise
    return spare
