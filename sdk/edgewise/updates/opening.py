"""From what an app calls a model to an opened bundle that stays as it is while it is used."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from edgewise.bundle import Bundle, bundled, read_manifest, resolve
from edgewise.bundle.files import MANIFEST
from edgewise.errors import BundleError, BundleNotFoundError
from edgewise.updates.errors import NotInstalledError, UpdateError
from edgewise.updates.locking import Lease
from edgewise.updates.store import CURRENT, Store, matches, split_spec
from edgewise.updates.trial import CRASHES, Trial
from edgewise.updates.upkeep import reject

_LOG = logging.getLogger("edgewise.updates")
_TRIES = 10
_PAUSE = 0.02  # seconds; a folder goes out of sight in one rename


@dataclass(frozen=True)
class Opened:
    """A bundle that was opened.

    Attributes:
        bundle: The bundle.
        name: Its name in the store; None when it lies elsewhere.
        store: The store that it lies in, or None.
        lease: Keeps its folder from being deleted, as long as somebody refers to it.
        trial: Its trial; None outside of a store.
        arm: `experiment/arm` that the version was chosen by; None where nobody but the app chose it.
    """

    bundle: Bundle
    name: str | None = None
    store: Store | None = None
    lease: Lease | None = None
    trial: Trial | None = None
    arm: str | None = None

    def leave(self, reason: str) -> None:
        """Note in the store that this version does not do its work, if that can be noted."""
        if self.store is not None and self.name is not None:
            _LOG.warning("%s is left: %s", self.bundle.folder.name, reason)
            with contextlib.suppress(UpdateError):
                reject(self.store, self.name, self.bundle.folder.name, reason)


def open_model(model: str | Path | None, without: Collection[str] = ()) -> Opened:
    """Open a bundle of the package, of a folder, or of the store.

    Args:
        model: A name in the package, a folder, `name` or `name@version` in the store (looked for in this
            order), or None for the default.
        without: Names of folders in the store that do not count.

    Raises:
        BundleNotFoundError: There is no such bundle.
        NotInstalledError: There is no such version.
        BundleError: The bundle's manifest is refused.
    """
    if not isinstance(model, str) or not is_spec(model):
        return Opened(Bundle.open(resolve(model)))
    name, wanted = split_spec(model)
    store = Store()
    for _ in range(_TRIES):
        folder = store.find(name, wanted, without)
        if folder is None:
            return Opened(Bundle.open(_in_package(model, name, wanted, store)))
        lease = Lease(folder / MANIFEST)
        if lease.late:
            time.sleep(_PAUSE)
            continue
        trial = Trial(folder)
        try:
            arm = _arm(store, name, folder) if wanted == CURRENT else None
            opened = Opened(Bundle.open(folder), name, store, lease, trial, arm)
        except BundleError:
            continue  # it was pruned just now
        if trial.crashes() < CRASHES:
            return opened
        opened.leave(f"{CRASHES} processes died while they loaded it")
        without = {*without, folder.name}
    raise NotInstalledError(model, store.known())


def _arm(store: Store, name: str, folder: Path) -> str | None:
    """Return the arm of the experiment that a version in use belongs to."""
    state = store.state(name)
    if state.active != folder.name or not state.experiment or not state.arm:
        return None
    return f"{state.experiment}/{state.arm}"


def is_spec(model: str) -> bool:
    """Whether a text names a model of the store, rather than a bundle of the package or a folder."""
    try:
        split_spec(model)
    except NotInstalledError:
        return False
    return model not in bundled() and not Path(model).is_dir()


def find_folder(model: str) -> Path:
    """Return the folder of `name` or `name@version`, as `open_model` would find it.

    Raises:
        BundleNotFoundError: There is no such bundle.
        NotInstalledError: There is no such version.
    """
    name, wanted = split_spec(model)
    store = Store()
    return store.find(name, wanted) or _in_package(model, name, wanted, store)


def _in_package(model: str, name: str, wanted: str, store: Store) -> Path:
    """Return the folder in the package that is the version wanted: a device always has that one."""
    folder = bundled().get(name)
    if folder is not None:
        with contextlib.suppress(BundleError):
            if wanted == CURRENT or matches(read_manifest(folder).version, wanted):
                return folder
    if "@" in model:
        raise NotInstalledError(model, store.known())
    raise BundleNotFoundError(model, (*bundled(), *store.names()))
