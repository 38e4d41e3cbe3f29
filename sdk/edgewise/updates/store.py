"""The models of a device: whole folders, and one small file a model that says which of them is in use.

<store>/lock                                   one writer at a time
<store>/models/<name>/state.json               which folder is in use (the pointer), and what was before
<store>/models/<name>/<version>_<hash>/        a whole bundle; it gets this name in one rename
<store>/models/<name>/<version>_<hash>.partial/  one that is being fetched
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from edgewise.bundle import Manifest, read_manifest
from edgewise.bundle.versions import SEMANTIC_VERSION, version_key
from edgewise.errors import BundleError
from edgewise.updates.errors import ModelNameError, NotInstalledError
from edgewise.updates.files import (
    Step,
    is_folder,
    is_plain,
    no_step,
    read_json,
    sync_folder,
    to_json,
    write_atomically,
    writing,
)
from edgewise.updates.locking import exclusive
from edgewise.updates.state import ModelState, parse_state

CURRENT = "current"
"""The version that stands for the one in use, in `name@current`."""

_NAME = r"[a-z0-9][a-z0-9._-]{0,63}"
_FOLDER = re.compile(rf"({SEMANTIC_VERSION})_[0-9a-f]{{16}}", re.ASCII | re.IGNORECASE)
_WANTED = re.compile(r"\d+(\.\d+){0,2}(-[0-9A-Za-z.-]+)?", re.ASCII)


@dataclass(frozen=True)
class Installed:
    """A whole version in the store.

    Attributes:
        name: Name of the model.
        version: Its version.
        folder: Where it lies.
        size: Bytes of its files.
        active: Whether it is the one in use.
        refused: Why it is not taken by itself; None when it may be.
    """

    name: str
    version: str
    folder: Path
    size: int
    active: bool
    refused: str | None


def default_store() -> Path:
    """Return where models are kept by default: `EDGEWISE_STORE`, or a folder of the user's data."""
    said = os.environ.get("EDGEWISE_STORE")
    if said:
        return Path(said)
    import platformdirs

    return platformdirs.user_data_path("edgewise", appauthor=False) / "updates"


def split_spec(spec: str) -> tuple[str, str]:
    """Split `name@version` into name and version; without one, the version in use.

    >>> split_spec("base@1.4"), split_spec("base")
    (('base', '1.4'), ('base', 'current'))

    Raises:
        ModelNameError: It is neither `name` nor `name@version`.
    """
    name, sign, version = spec.partition("@")
    wanted = version if sign else CURRENT
    if not re.fullmatch(_NAME, name, re.ASCII) or not (wanted == CURRENT or _WANTED.fullmatch(wanted)):
        raise ModelNameError(spec)
    return name, wanted


def matches(version: str, wanted: str) -> bool:
    """Whether a version is the one wanted, or begins like it.

    >>> matches("1.4.2", "1.4"), matches("1.40.0", "1.4"), matches("1.4.2-rc.1", "1.4")
    (True, False, False)
    """
    return version == wanted or ("-" not in version and version.startswith(f"{wanted}."))


class Store:
    """The models of a device. Reading needs no lock and never sees half a model.

    Args:
        folder: Where it is, None for `default_store()`. It is made when something is first written.
        step: Called before every step that changes something; for tests.
    """

    def __init__(self, folder: str | Path | None = None, step: Step = no_step) -> None:
        self.folder = Path(folder) if folder is not None else default_store()
        self.step = step

    def lock(self, wait: float = 30.0) -> AbstractContextManager[None]:
        """Hold the store for writing.

        Args:
            wait: Seconds to wait for another writer.

        Raises:
            StoreBusyError: Another process still writes.
            StoreWriteError: The store may not be written to.
        """
        return exclusive(self.folder / "lock", wait)

    def home(self, name: str) -> Path:
        """Return the folder of a model's versions."""
        return self.folder / "models" / name

    def names(self) -> tuple[str, ...]:
        """Return the names of the models here."""
        home = self.folder / "models"
        if not is_folder(home):
            return ()
        return tuple(sorted(each.name for each in home.iterdir() if re.fullmatch(_NAME, each.name, re.ASCII)))

    def state(self, name: str) -> ModelState:
        """Return what is known about a model."""
        return parse_state(read_json(self.home(name) / "state.json"))

    def save(self, name: str, state: ModelState) -> None:
        """Replace what is known about a model; hold the lock.

        Raises:
            StoreWriteError: The system refuses; the old state stays.
        """
        write_atomically(self.home(name) / "state.json", to_json(state.to_dict()), self.step)

    def read_json(self, file: str) -> dict[str, Any] | None:
        """Read a small file of the store; None when it is not there or damaged."""
        return read_json(self.folder / file)

    def write_json(self, file: str, value: dict[str, Any]) -> None:
        """Replace a small file of the store.

        Raises:
            StoreWriteError: The system refuses; the old file stays.
        """
        write_atomically(self.folder / file, to_json(value), self.step)

    def installed(self, name: str) -> list[Installed]:
        """Return the whole versions of a model, the newest first."""
        state = self.state(name)
        found = []
        for folder in self._folders(name):
            manifest = usable(folder)
            if manifest is None:
                continue
            size = sum(ref.size for ref in manifest.files)
            active, refused = folder.name == state.active, _refusal(state, folder)
            found.append(Installed(name, manifest.version, folder, size, active, refused))
        return sorted(found, key=lambda each: version_key(each.version), reverse=True)

    def active(self, name: str, without: Collection[str] = ()) -> Path | None:
        """Return the folder in use, or the last whole one before it; None when there is none."""
        state = self.state(name)
        for each in (state.active, *state.history):
            if each and each not in without and usable(self.home(name) / each):
                return self.home(name) / each
        # The state or its folders are lost: any whole version is better than none.
        rest = (each for each in self.installed(name) if each.refused is None)
        return next((each.folder for each in rest if each.folder.name not in without), None)

    def find(self, name: str, wanted: str, without: Collection[str] = ()) -> Path | None:
        """Return the folder of a version, or of the newest one that begins so; None when there is none.

        Args:
            name: The model.
            wanted: A version, the beginning of one, or `current`.
            without: Names of folders that do not count.
        """
        if wanted == CURRENT:
            return self.active(name, without)
        fitting = [
            each
            for each in self.installed(name)
            if matches(each.version, wanted) and each.folder.name not in without
        ]
        # One that failed here, or that is here for shadow mode, is taken only by its whole version.
        beside = self.state(name).beside
        sound = [
            each
            for each in fitting
            if each.version == wanted or (each.refused is None and each.folder.name != beside)
        ]
        return sound[0].folder if sound else None

    def resolve(self, spec: str) -> Path:
        """Return the folder of `name` or `name@version`.

        Raises:
            NotInstalledError: It is not here.
        """
        name, wanted = split_spec(spec)
        folder = self.find(name, wanted)
        if folder is None:
            raise NotInstalledError(spec, self.known())
        return folder

    def known(self) -> tuple[str, ...]:
        """Return every whole version as `name@version`."""
        return tuple(f"{name}@{each.version}" for name in self.names() for each in self.installed(name))

    def activate(self, name: str, folder: str, **changes: Any) -> None:
        """Use another version from now on: one rename; hold the lock.

        Args:
            name: The model.
            folder: Name of the version's folder.
            changes: Further fields of the state to replace in the same step.

        Raises:
            StoreWriteError: The system refuses; the old version stays in use.
        """
        state = self.state(name)
        former = (state.active, *state.history) if state.active else state.history
        history = tuple(dict.fromkeys(each for each in former if each and each != folder))
        changes["beside"] = state.beside if state.beside != folder else None
        self.step("activate")
        self.save(name, replace(state, active=folder, history=history[:16], **changes))

    def adopt(self, partial: Path) -> Path:
        """Give a folder that was fetched and checked its name, in one step; hold the lock.

        A folder of that name whose bytes are no longer right makes way.

        Raises:
            StoreWriteError: The system refuses.
        """
        final = partial.with_name(partial.name.removesuffix(".partial"))
        with writing(final):
            sync_folder(partial)
            if is_folder(final):
                self.step("replace")
                final.rename(final.with_name(f".trash-{uuid4().hex}"))
            self.step("adopt")
            partial.rename(final)
            self.step("adopted")
            sync_folder(final.parent)
        return final

    def _folders(self, name: str) -> Iterator[Path]:
        home = self.home(name)
        if is_folder(home):
            yield from (each for each in home.iterdir() if _FOLDER.fullmatch(each.name) and is_folder(each))


def folder_name(version: str, manifest_sha256: str) -> str:
    """Return the name of a version's folder: the same on file systems that do not tell A from a.

    >>> folder_name("1.4.0-RC.1", "ab" * 32)
    '1.4.0-rc.1_abababababababab'
    """
    return f"{version.lower()}_{manifest_sha256[:16]}"


def usable(folder: Path) -> Manifest | None:
    """Return the manifest of a folder whose files are all there in full length; None when they are not.

    Their bytes are checked when a model loads, so this costs next to nothing.
    """
    try:
        manifest = read_manifest(folder)
        for ref in manifest.files:
            path = folder / ref.file
            if not is_plain(path) or path.stat().st_size != ref.size:
                return None
    except (BundleError, OSError):
        return None
    return manifest


def _refusal(state: ModelState, folder: Path) -> str | None:
    """Return why a folder's manifest is refused; the folder's name carries the beginning of its hash."""
    return state.why_refused(folder.name.rpartition("_")[2])
