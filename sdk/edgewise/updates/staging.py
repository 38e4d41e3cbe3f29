"""From signed promises to a whole folder: every file fetched or found here, every hash checked."""

from __future__ import annotations

import hashlib
from pathlib import Path

from edgewise.bundle import Bundle, parse_manifest
from edgewise.bundle.files import MANIFEST
from edgewise.errors import BundleError
from edgewise.updates import signing
from edgewise.updates.catalogue import Catalogue
from edgewise.updates.download import Download
from edgewise.updates.errors import TargetRefusedError
from edgewise.updates.files import is_plain, remove_folder, writing
from edgewise.updates.fits import Limits, check_fits
from edgewise.updates.revision import PublishedFile, Revision
from edgewise.updates.store import Store, folder_name
from edgewise.updates.targets import hashed_path, target_path


class Staging:
    """The folder in which a version is put together; what is there already is used, whoever left it.

    Args:
        store: The store; its lock is held.
        revision: The version.

    Attributes:
        folder: The folder, `….partial`.
        fetched: Bytes that came over the network.
    """

    def __init__(self, store: Store, revision: Revision) -> None:
        self._store = store
        self._revision = revision
        self.folder = store.home(revision.name) / (
            folder_name(revision.version, revision.manifest_sha256) + ".partial"
        )
        self.fetched = 0

    def fill(self, catalogue: Catalogue, limits: Limits) -> None:
        """Bring everything here and check it.

        The manifest comes first: it is small, and one that is not signed or does not fit costs nothing more.

        Raises:
            UpdateError: A file cannot be had or is refused; what came stays for the next time.
            BundleError: The manifest or its signature is refused.
        """
        with writing(self.folder):
            self._store.step("stage")
            self.folder.mkdir(parents=True, exist_ok=True)
        check_fits(self._revision, limits, self.folder, self._size())
        *files, manifest = self._revision.files
        self._bring(manifest, catalogue)
        self._check_manifest(catalogue)
        for each in files:
            self._bring(each, catalogue)
        Bundle.open(self.folder, max_file_bytes=limits.file_bytes).verify()

    def discard(self) -> None:
        """Delete what is here."""
        remove_folder(self.folder)

    def _size(self) -> int:
        return sum(path.stat().st_size for path in self.folder.rglob("*") if is_plain(path))

    def _bring(self, spec: PublishedFile, catalogue: Catalogue) -> None:
        place = self.folder / spec.file
        if _is(place, spec):
            return
        part = self.folder / f".{spec.sha256}.part"
        with writing(part):
            place.parent.mkdir(parents=True, exist_ok=True)
            # From a version that is here already: most of a new version is often the old one.
            if not is_plain(part) and (known := self._known(spec)) is not None:
                self._store.step(f"copy {spec.file}")
                part.write_bytes(known)
        path = hashed_path(target_path(self._revision.name, self._revision.version, spec.file), spec.sha256)
        download = Download(spec, path, part, catalogue.source, catalogue.network, self._store.step)
        try:
            download.run()
        finally:
            self.fetched += download.fetched
        with writing(place):
            self._store.step(f"rename {spec.file}")
            part.replace(place)
            self._store.step(f"renamed {spec.file}")

    def _known(self, spec: PublishedFile) -> bytes | None:
        for each in self._store.installed(self._revision.name):
            if _is(each.folder / spec.file, spec):
                return (each.folder / spec.file).read_bytes()
        return None

    def _check_manifest(self, catalogue: Catalogue) -> None:
        """Check what the manifest says against what is signed of it, and its own signature."""
        path = self.folder / MANIFEST
        manifest = parse_manifest(path.read_bytes(), path)
        if (manifest.name, manifest.version) != (self._revision.name, self._revision.version):
            raise TargetRefusedError(MANIFEST, f"it is of {manifest.name}@{manifest.version}")
        promised = {each.file: (each.size, each.sha256) for each in self._revision.files[:-1]}
        if {ref.file: (ref.size, ref.sha256) for ref in manifest.files} != promised:
            raise TargetRefusedError(MANIFEST, "it names other files than the signed metadata")
        signing.verify(manifest.raw, catalogue.bundle_keys())


def check_again(folder: Path, limits: Limits) -> bool:
    """Whether a version that is here is still whole, to the last byte."""
    try:
        Bundle.open(folder, max_file_bytes=limits.file_bytes).verify()
    except BundleError:
        return False
    return True


def _is(path: Path, spec: PublishedFile) -> bool:
    try:
        if not is_plain(path) or path.stat().st_size != spec.size:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == spec.sha256
    except OSError:
        return False
