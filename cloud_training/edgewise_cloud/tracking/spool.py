"""The spool: every call to the tracking server, on disk before it is sent.

A folder with `calls.jsonl` (append-only, a call a line), `files/` (copies of artifacts not sent yet),
`sent.json` (how far they have been sent, and the server's ids of our runs), `refused.jsonl` (what the server
would not take), `spool.json` (whose calls these are) and `sender.log`.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from edgewise_cloud.tracking.errors import (
    ArtifactMissingError,
    SpoolFormatError,
    SpoolTargetError,
    SpoolWriteError,
)
from edgewise_cloud.tracking.urls import without_password
from edgewise_cloud.train.work_folder import replace_file

_VERSION = 1
_SETTINGS = "spool.json"


@dataclass(frozen=True, slots=True)
class Sent:
    """How far a spool has been sent.

    Attributes:
        offset: Bytes of calls.jsonl that the server has.
        runs: The server's ids of our runs.
        refused: Calls that it would not take.
        problem: Why the next call could not be sent; "" when all is well.
    """

    offset: int = 0
    runs: Mapping[str, str] = field(default_factory=dict)
    refused: int = 0
    problem: str = ""


class Spool:
    """The calls of one work folder."""

    def __init__(self, folder: Path) -> None:
        """Open a spool that is there.

        Raises:
            SpoolFormatError: The folder is none.
        """
        self.folder = folder
        settings = _read_json(folder, _SETTINGS)
        if settings.get("version") != _VERSION:
            raise SpoolFormatError(folder, f"{_SETTINGS} is of version {settings.get('version')!r}")
        self.url, self.experiment = str(settings.get("url")), str(settings.get("experiment"))
        self.calls, self.files = folder / "calls.jsonl", folder / "files"
        self.log = folder / "sender.log"

    @classmethod
    def create(cls, folder: Path, url: str, experiment: str) -> Spool:
        """Make a spool, or open the one that is there for the same store.

        Args:
            folder: Made if it is not there.
            url: Address of the store; its password, if it has one, is not written down.
            experiment: Name of the experiment that new runs belong to.

        Raises:
            SpoolTargetError: The spool that is there belongs to another store.
            SpoolWriteError: The folder cannot be written.
        """
        shown = without_password(url)
        settings = {"version": _VERSION, "url": shown, "experiment": experiment}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if (folder / _SETTINGS).exists() and (found := cls(folder)).url != shown:
                raise SpoolTargetError(folder, found.url, shown)
            replace_file(folder / _SETTINGS, json.dumps(settings, indent=1).encode())
            (folder / "files").mkdir(exist_ok=True)
            _drop_half_line(folder / "calls.jsonl")
        except OSError as error:
            raise SpoolWriteError(folder, error.strerror or str(error)) from error
        return cls(folder)

    def append(self, call: Mapping[str, Any]) -> None:
        """Write a call down.

        Raises:
            SpoolWriteError: The disk is full, or something else is wrong with it.
        """
        line = json.dumps(call, ensure_ascii=False).encode() + b"\n"
        try:
            with self.calls.open("ab", buffering=0) as file:
                start = file.tell()
                if file.write(line) != len(line):
                    # A disk that fills up takes part of a line: without its end it counts as never written.
                    file.truncate(start)
                    raise OSError("No space left on device")
        except OSError as error:
            raise SpoolWriteError(self.folder, error.strerror or str(error)) from error

    def keep(self, path: Path) -> str:
        """Copy a file or folder into the spool.

        Returns:
            Where it lies, relative to `files/`.

        Raises:
            ArtifactMissingError: There is nothing at `path`.
            SpoolWriteError: It cannot be copied.
        """
        if not path.exists():
            raise ArtifactMissingError(path)
        place = self.files / uuid.uuid4().hex / path.name
        try:
            place.parent.mkdir(parents=True)
            if path.is_dir():
                shutil.copytree(path, place)
            else:
                shutil.copyfile(path, place)
        except (OSError, shutil.Error) as error:
            shutil.rmtree(place.parent, ignore_errors=True)
            raise SpoolWriteError(self.folder, getattr(error, "strerror", None) or str(error)) from error
        return place.relative_to(self.files).as_posix()

    def after(self, offset: int, most: int = 500) -> list[tuple[dict[str, Any], int]]:
        """Return the calls that begin at an offset, each with the offset of the next one.

        Raises:
            SpoolFormatError: The file is shorter than that, or a line is no call.
        """
        if not self.calls.exists():
            return []
        found: list[tuple[dict[str, Any], int]] = []
        with self.calls.open("rb") as file:
            if file.seek(0, os.SEEK_END) < offset:
                raise SpoolFormatError(self.folder, "calls.jsonl is shorter than what was sent of it")
            file.seek(offset)
            for line in file:
                if not line.endswith(b"\n") or len(found) == most:
                    break
                offset += len(line)
                found.append((self._call(line, offset), offset))
        return found

    def _call(self, line: bytes, offset: int) -> dict[str, Any]:
        try:
            call = json.loads(line)
        except ValueError as error:
            raise SpoolFormatError(self.folder, f"the line before byte {offset} is no JSON") from error
        if not isinstance(call, dict) or "call" not in call:
            raise SpoolFormatError(self.folder, f"the line before byte {offset} is no call")
        return call

    @property
    def sent(self) -> Sent:
        """How far it has been sent."""
        try:
            return Sent(**_read_json(self.folder, "sent.json"))
        except (SpoolFormatError, TypeError):
            if (self.folder / "sent.json").exists():
                raise
            return Sent()

    def note(self, sent: Sent) -> None:
        """Write down how far it has been sent, as a whole or not at all."""
        replace_file(self.folder / "sent.json", json.dumps(asdict(sent), indent=1).encode())

    def refuse(self, call: Mapping[str, Any], reason: str) -> None:
        """Write down a call that the server will never take."""
        with (self.folder / "refused.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({**call, "reason": reason}, ensure_ascii=False) + "\n")

    def waiting(self) -> int:
        """Return how many calls have not been sent."""
        count, offset = 0, self.sent.offset
        while some := self.after(offset):
            count, offset = count + len(some), some[-1][1]
        return count


def _read_json(folder: Path, name: str) -> dict[str, Any]:
    try:
        found = json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SpoolFormatError(folder, f"{name} cannot be read ({error})") from error
    if not isinstance(found, dict):
        raise SpoolFormatError(folder, f"{name} is no object")
    return found


def _drop_half_line(path: Path) -> None:
    """Cut off the line that a killed process was writing."""
    if not path.exists():
        return
    data = path.read_bytes()
    if data and not data.endswith(b"\n"):
        os.truncate(path, data.rfind(b"\n") + 1)
