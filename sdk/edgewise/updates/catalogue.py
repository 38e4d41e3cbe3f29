"""What a source offers, as its checked metadata say: models, versions, signed documents."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from edgewise.bundle.files import MANIFEST
from edgewise.bundle.strict_json import parse_object
from edgewise.bundle.versions import SEMANTIC_VERSION, version_key
from edgewise.errors import BundleError
from edgewise.updates.errors import (
    MetadataRefusedError,
    SourceAwayError,
    TargetRefusedError,
    UnknownRevisionError,
    UpdateError,
)
from edgewise.updates.network import Network, with_retries
from edgewise.updates.revision import Revision, parse_revision
from edgewise.updates.signing import PublicKeys, parse_keys
from edgewise.updates.source import Source, fetch
from edgewise.updates.store import Store
from edgewise.updates.targets import BUNDLE_KEYS, hashed_path
from edgewise.updates.trust import Trust

_MOST_DOCUMENT = 1 << 20


class Catalogue:
    """What a source offers. Made by `open_catalogue`.

    Args:
        source: The source; the address that answered comes first.
        targets: The checked targets by path.
        network: How to talk to the source.
    """

    def __init__(self, source: Source, targets: Mapping[str, Any], network: Network) -> None:
        self.source = source
        self.network = network
        self._targets = targets

    def names(self) -> tuple[str, ...]:
        """Return the names of the published models."""
        return tuple(sorted({name for name, _ in self._revisions()}))

    def versions(self, name: str) -> tuple[str, ...]:
        """Return the published versions of a model, oldest first."""
        return tuple(
            sorted((version for each, version in self._revisions() if each == name), key=version_key)
        )

    def revision(self, name: str, version: str) -> Revision:
        """Return what is said of a version.

        Raises:
            UnknownRevisionError: It is not published.
            TargetRefusedError: What is said of it makes no sense, though it is signed.
        """
        target = self._targets.get(f"{name}/{version}/{MANIFEST}")
        if target is None:
            raise UnknownRevisionError(f"{name}@{version}", self.known())
        found = parse_revision(target.custom, name, version)
        if found.manifest_sha256 != target.hashes.get("sha256"):
            raise TargetRefusedError(target.path, "two hashes of it are signed, and they differ")
        return found

    def known(self) -> tuple[str, ...]:
        """Return every published version as `name@version`."""
        return tuple(f"{name}@{version}" for name in self.names() for version in self.versions(name))

    def document(self, name: str, max_bytes: int = _MOST_DOCUMENT) -> bytes | None:
        """Fetch a signed document.

        Args:
            name: Its name, for example `channels.json`.
            max_bytes: The most it may be long.

        Returns:
            Its bytes, checked; None when the source publishes none.

        Raises:
            TargetRefusedError: The bytes are not the ones that are signed, or too many.
            SourceAwayError: It cannot be fetched.
        """
        target = self._targets.get(name)
        if target is None:
            return None
        if target.length > max_bytes:
            raise TargetRefusedError(name, f"it has {target.length} bytes, the limit is {max_bytes}")
        sha256 = target.hashes.get("sha256", "")
        problem: UpdateError | None = None
        for base in self.source.bases:
            try:
                return with_retries(self.network, partial(self._bytes, base, name, sha256, target.length))
            except (SourceAwayError, TargetRefusedError) as error:
                problem = problem or error
        raise problem or SourceAwayError(name, "the source has no address")

    def bundle_keys(self) -> PublicKeys:
        """Return the keys that may sign bundles.

        Raises:
            UpdateError: The list cannot be fetched.
        """
        data = self.document(BUNDLE_KEYS)
        try:
            return parse_keys(None if data is None else parse_object(data, BUNDLE_KEYS))
        except BundleError as error:
            raise TargetRefusedError(BUNDLE_KEYS, str(error)) from error

    def _bytes(self, base: str, name: str, sha256: str, length: int) -> bytes:
        data = bytearray()
        for block in fetch(base, hashed_path(name, sha256), 0, self.source, self.network):
            data += block
            if len(data) > length:
                raise TargetRefusedError(name, "it is longer than promised")
        if len(data) < length:
            raise SourceAwayError(name, "it is shorter than promised")
        if hashlib.sha256(data).hexdigest() != sha256:
            raise TargetRefusedError(name, "it has another sha256 than promised")
        return bytes(data)

    def _revisions(self) -> Iterator[tuple[str, str]]:
        for path in self._targets:
            parts = path.split("/")
            if (
                len(parts) == 3
                and parts[2] == MANIFEST
                and re.fullmatch(SEMANTIC_VERSION, parts[1], re.ASCII)
            ):
                yield parts[0], parts[1]


def open_catalogue(store: Store, source: Source, trust: Trust, network: Network | None = None) -> Catalogue:
    """Ask a source what it offers, and check that; hold the store's lock.

    Every address of the source is tried, so a mirror that is old, broken or hostile costs a try and no more.

    Args:
        store: Where checked metadata are kept.
        source: The source.
        trust: The root of trust.
        network: How to talk to the source, None for the usual way.

    Raises:
        UpdateError: No address gives metadata that hold; see `edgewise.updates.tuf_client.refreshed`.
    """
    from edgewise.updates.tuf_client import all_targets, refreshed

    network = network or Network()
    problem: UpdateError | None = None
    for base in source.bases:
        try:
            updater = refreshed(store, source, base, trust, network)
        except (SourceAwayError, MetadataRefusedError) as error:
            problem = problem or error
            continue
        rest = tuple(each for each in source.bases if each != base)
        ordered = Source((base, *rest), source.redirects_to)
        return Catalogue(ordered, all_targets(updater), network)
    raise problem or SourceAwayError(str(source), "the source has no address")
