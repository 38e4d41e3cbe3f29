"""What is done to the versions in a store besides fetching: pin, use, go back, reject, tidy up."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from edgewise.bundle import bundled
from edgewise.bundle.files import MANIFEST
from edgewise.updates.errors import NotInstalledError
from edgewise.updates.files import is_folder, remove_folder
from edgewise.updates.locking import pruning
from edgewise.updates.store import CURRENT, Store, matches, split_spec, usable
from edgewise.updates.trial import Trial

KEEP = 3
"""Versions of a model that are kept, the one in use included."""

_LEFT = re.compile(r"\.trash-.*|\..*\.new|.*\.partial")


def use(store: Store, spec: str) -> Path:
    """Use an installed version from now on; one that failed here before gets another chance.

    Raises:
        NotInstalledError: It is not here.
        StoreBusyError: Another process works on the store.
        StoreWriteError: The store may not be written to.
    """
    with store.lock():
        folder = store.resolve(spec)
        name = split_spec(spec)[0]
        refused = store.state(name).refused_without(folder.name.rpartition("_")[2])
        Trial(folder).open()
        store.activate(name, folder.name, refused=refused, experiment=None, arm=None)
    return folder


def pin(store: Store, spec: str) -> str | None:
    """Keep to a version, or to those that begin like it; `name@current` follows the channel again.

    Returns:
        What it is pinned to, None for nothing.

    Raises:
        NotInstalledError: That is no `name@version`.
        StoreWriteError: The store may not be written to.
    """
    name, wanted = split_spec(spec)
    pinned = None if wanted == CURRENT else wanted
    with store.lock():
        store.save(name, replace(store.state(name), pinned=pinned))
    return pinned


def rollback(store: Store, name: str, reason: str = "rolled back by hand") -> Path:
    """Go back to the version that was in use before; the one in use now is not taken again by itself.

    Where none was, the one of the package is in use again, if it has a model of that name.

    Raises:
        NotInstalledError: There is none before; the one in use stays.
        StoreWriteError: The store may not be written to.
    """
    with store.lock():
        state = store.state(name)
        if state.active is None:
            raise NotInstalledError(name, store.known())
        if _before(store, name, state.active):
            return _reject(store, name, state.active, reason)
        if name not in bundled():
            raise NotInstalledError(f"{name} before {state.active.rpartition('_')[0]}", store.known())
        with contextlib.suppress(NotInstalledError):
            _reject(store, name, state.active, reason)
        return bundled()[name]


def reject(store: Store, name: str, folder: str, reason: str, *, wait: float = 5.0) -> Path | None:
    """Leave a version that does not do its work, and remember not to take it again.

    Args:
        store: The store.
        name: The model.
        folder: Name of the version's folder.
        reason: How it failed.
        wait: Seconds to wait for another process that works on the store.

    Returns:
        The folder in use now; None when there is no other.

    Raises:
        StoreBusyError: Another process works on the store.
        StoreWriteError: The store may not be written to.
    """
    with store.lock(wait):
        try:
            return _reject(store, name, folder, reason)
        except NotInstalledError:
            return None


def _reject(store: Store, name: str, folder: str, reason: str) -> Path:
    state = store.state(name)
    refused = {**state.refused, folder.rpartition("_")[2]: reason}
    sound = _before(store, name, folder)
    if state.active != folder:  # somebody was faster, or it is here for shadow mode
        beside = state.beside if state.beside != folder else None
        store.save(name, replace(state, refused=refused, beside=beside))
        return store.resolve(name)
    if not sound:
        store.save(name, replace(state, active=None, history=(), refused=refused))
        raise NotInstalledError(f"{name} before {folder.rpartition('_')[0]}", store.known())
    history = tuple(each for each in state.history if each != sound[0])
    store.step("activate")
    after = replace(state, active=sound[0], history=history, refused=refused, experiment=None, arm=None)
    store.save(name, after)
    return store.home(name) / sound[0]


def _before(store: Store, name: str, folder: str) -> list[str]:
    """Return the folders in use before that can be used again, the last one first."""
    state = store.state(name)
    rest = [each for each in state.history if each != folder and usable(store.home(name) / each)]
    return [each for each in rest if state.why_refused(each.rpartition("_")[2]) is None]


def prune(store: Store, name: str, keep: int = KEEP) -> list[str]:
    """Delete old versions and what killed processes left; hold the lock.

    The version in use, those used last, the pinned one and that for shadow mode stay, and so does whatever a
    process has open.

    Args:
        store: The store.
        name: The model.
        keep: Versions to keep.

    Returns:
        The names of the folders that are gone.
    """
    home, state = store.home(name), store.state(name)
    if not is_folder(home):
        return []
    active = store.active(name)
    stay = {active.name} if active is not None else set()
    beside = {state.beside}
    for each in state.history:
        if len(stay) < keep:
            stay.add(each)
    gone = []
    for version in store.installed(name):
        pinned = state.pinned is not None and matches(version.version, state.pinned)
        if version.folder.name not in stay | beside and not pinned and _remove(version.folder, store.step):
            gone.append(version.folder.name)
    _sweep(home, lambda folder: folder in gone)
    return gone


def _remove(folder: Path, step: Callable[[str], None]) -> bool:
    """Move a folder out of sight in one step, then delete it; False when somebody uses it."""
    trash = folder.with_name(f".trash-{uuid4().hex}")
    with pruning(folder / MANIFEST) as free:
        if not free:
            return False
        step(f"prune {folder.name}")
        try:
            folder.rename(trash)
        except OSError:  # open somewhere, on Windows
            return False
    step(f"pruned {folder.name}")
    remove_folder(trash)
    return True


def _sweep(home: Path, was_removed: Callable[[str], bool]) -> None:
    """Delete what killed processes left, and trials of versions that are gone."""
    for each in home.iterdir():
        if _LEFT.fullmatch(each.name):
            if is_folder(each):
                remove_folder(each)
            else:
                with contextlib.suppress(OSError):
                    each.unlink()
        elif each.name.endswith(".trial") and was_removed(each.name.removesuffix(".trial")):
            remove_folder(each)
