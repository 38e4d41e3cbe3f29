"""One update, from the question to the activation; nothing changes before all of it is checked and tried."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from edgewise.bundle.versions import version_key
from edgewise.updates.catalogue import Catalogue, open_catalogue
from edgewise.updates.channels import Choice, choose
from edgewise.updates.errors import (
    OlderRevisionError,
    PreflightError,
    RefusedBeforeError,
    SourceError,
    UnknownRevisionError,
)
from edgewise.updates.files import is_folder
from edgewise.updates.fits import Limits
from edgewise.updates.network import Network
from edgewise.updates.preflight import Preflight, run_preflight
from edgewise.updates.revision import Revision
from edgewise.updates.source import Source
from edgewise.updates.staging import Staging, check_again
from edgewise.updates.store import CURRENT, Store, folder_name, matches, split_spec, usable
from edgewise.updates.targets import CHANNELS
from edgewise.updates.trial import Trial
from edgewise.updates.trust import Trust
from edgewise.updates.upkeep import KEEP, prune

STABLE = "stable"
"""The channel that is followed unless another is named."""

ORIGIN = "source.json"
"""The file in a store that says where the last pull came from, so that the next need not be told."""


@dataclass(frozen=True)
class Pulled:
    """What a pull did.

    Attributes:
        name: The model.
        version: The version in use now.
        folder: Where it lies.
        changed: Whether another version was in use before.
        fetched: Bytes of its files that came over the network.
        latency_ms: What a short text took in the trial, in the median; None when there was no trial.
        arm: The arm of an experiment that it was chosen by, if any.
    """

    name: str
    version: str
    folder: Path
    changed: bool
    fetched: int = 0
    latency_ms: float | None = None
    arm: str | None = None


@dataclass(frozen=True)
class How:
    """How to pull, beyond what and from where.

    Attributes:
        limits: What the device takes at most.
        network: How to talk to the source.
        preflight: How to try a model before it is used.
        keep: Versions to keep.
        wait: Seconds to wait for another process that works on the store.
        again: Whether to take a version although it failed here before.
        remember: Whether the next pull asks the same source when none is named.
    """

    limits: Limits = field(default_factory=Limits)
    network: Network = field(default_factory=Network)
    preflight: Preflight = field(default_factory=Preflight)
    keep: int = KEEP
    wait: float = 30.0
    again: bool = False
    remember: bool = True


def pull(
    spec: str,
    *,
    store: Store | None = None,
    source: Source | str | Path | None = None,
    trust: Trust | str | Path | None = None,
    channel: str | None = None,
    beside: bool = False,
    how: How | None = None,
) -> Pulled:
    """Fetch the version that this device should have, check it, try it, and use it from now on.

    Whatever goes wrong, the model that was in use stays in use.

    Args:
        spec: `name`, or `name@version` for that version, or the newest that begins so; without a version the
            pin counts, then the channel.
        store: Where models are kept, None for the default.
        source: Where they come from: a source, or what `Source.parse` takes; None for the last one used.
        trust: What to check them with: a root, its file, or None for the store's own or the wheel's.
        channel: The channel to follow from now on; None for the one followed so far, at first `stable`.
        beside: Whether to leave the version in use as it is, and have this one here to be compared with it in
            shadow mode, until another one is; what `current` means does not change.
        how: Limits and patience.

    Raises:
        UpdateError: It was not done; each reason has its class, see `edgewise.updates.errors`.
        BundleError: The manifest or the signature of the bundle is refused.
        MissingExtraError: The extra `update` is not installed.
    """
    store, how = store or Store(), how or How()
    name, wanted = split_spec(spec)
    trust = trust if isinstance(trust, Trust) else Trust.load(trust, store)
    source = _source(store, source)
    with store.lock(how.wait):
        store.step("locked")
        catalogue = open_catalogue(store, source, trust, how.network)
        followed = channel or store.state(name).channel or STABLE
        choice = _choose(store, catalogue, name, wanted, followed)
        revision = catalogue.revision(name, choice.version)
        asked = beside or wanted != CURRENT or store.state(name).pinned is not None
        _check_wanted(store, revision, choice, asked=asked, again=how.again)
        done = _bring(store, catalogue, revision, how)
        done = _put_beside(store, done) if beside else _activate(store, done, choice, followed)
        if how.remember:
            store.write_json(ORIGIN, source.to_dict())
        prune(store, name, how.keep)
        store.step("done")
        return done


def _source(store: Store, given: Source | str | Path | None) -> Source:
    if isinstance(given, Source):
        return given
    return known_source(store) if given is None else Source.parse(given)


def known_source(store: Store) -> Source:
    """Return where the last pull came from.

    Raises:
        SourceError: There was none.
    """
    known = store.read_json(ORIGIN) or {}
    bases, redirects = known.get("bases"), known.get("redirects_to")
    if not isinstance(bases, list) or not bases or not all(isinstance(each, str) for each in bases):
        raise SourceError("", "no source was named, and none was used before")
    return Source(tuple(bases), tuple(map(str, redirects)) if isinstance(redirects, list) else ())


def _choose(store: Store, catalogue: Catalogue, name: str, wanted: str, channel: str) -> Choice:
    versions = catalogue.versions(name)
    if not versions:
        raise UnknownRevisionError(name, catalogue.known())
    prefix = store.state(name).pinned if wanted == CURRENT else wanted
    if prefix is not None:
        fitting = [version for version in versions if matches(version, prefix)]
        if not fitting:
            raise UnknownRevisionError(f"{name}@{prefix}", catalogue.known())
        return Choice(fitting[-1])
    return choose(catalogue.document(CHANNELS), name, channel, store, versions)


def _check_wanted(store: Store, revision: Revision, choice: Choice, *, asked: bool, again: bool) -> None:
    """Refuse what failed here before, and a way back that nobody signed or asked for."""
    state = store.state(revision.name)
    why = state.why_refused(revision.manifest_sha256[:16])
    if why is not None and not again:
        raise RefusedBeforeError(str(revision), why)
    active = store.active(revision.name)
    manifest = usable(active) if active is not None else None
    if asked or manifest is None or choice.downgrade or revision.downgrade:
        return
    if version_key(manifest.version) > version_key(revision.version):
        raise OlderRevisionError(str(revision), manifest.version)


def _bring(store: Store, catalogue: Catalogue, revision: Revision, how: How) -> Pulled:
    """Bring a version here if need be; `changed` says whether another one is in use."""
    final = store.home(revision.name) / folder_name(revision.version, revision.manifest_sha256)
    before = store.active(revision.name)
    fetched, latency = 0, None
    if not is_folder(final) or not check_again(final, how.limits):
        staging = Staging(store, revision)
        staging.fill(catalogue, how.limits)
        latency = _try(store, staging, revision, how)
        Trial(final).open()
        store.adopt(staging.folder)
        fetched = staging.fetched
    changed = before is None or before.name != final.name
    return Pulled(revision.name, revision.version, final, changed, fetched, latency)


def _activate(store: Store, done: Pulled, choice: Choice, channel: str) -> Pulled:
    """Use a version that is here; it is no longer refused."""
    state = store.state(done.name)
    refused = state.refused_without(done.folder.name.rpartition("_")[2])
    changes = {"channel": channel, "experiment": choice.experiment, "arm": choice.arm, "refused": refused}
    if done.changed or any(getattr(state, key) != value for key, value in changes.items()):
        store.activate(done.name, done.folder.name, **changes)
    return replace(done, arm=choice.arm)


def _put_beside(store: Store, done: Pulled) -> Pulled:
    """Note that a version is here for shadow mode; the one in use stays in use."""
    state = store.state(done.name)
    after = replace(
        state,
        beside=done.folder.name if state.active != done.folder.name else None,
        refused=state.refused_without(done.folder.name.rpartition("_")[2]),
    )
    if after != state:
        store.save(done.name, after)
    return replace(done, changed=False)


def _try(store: Store, staging: Staging, revision: Revision, how: How) -> float:
    """Try a version before it gets its name; remember one that fails."""
    store.step("preflight")
    try:
        return run_preflight(staging.folder, str(revision), revision.budget_ms, how.preflight).latency_ms
    except PreflightError as error:
        state = store.state(revision.name)
        refused = {**state.refused, revision.manifest_sha256[:16]: error.reason}
        store.save(revision.name, replace(state, refused=refused))
        staging.discard()
        raise
