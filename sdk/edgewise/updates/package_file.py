"""One file with a model and all that is signed of it, for devices without a network: a ZIP, uncompressed.

What is in it is not trusted because it is there: it is unpacked in the store within limits, and then
pulled from, with every check that a pull has.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from edgewise.bundle.strict_json import parse_object
from edgewise.errors import BundleError
from edgewise.updates.catalogue import Catalogue, open_catalogue
from edgewise.updates.download import Download
from edgewise.updates.errors import PackageFileError, UnknownRevisionError
from edgewise.updates.files import read_json, remove_folder, to_json, writing
from edgewise.updates.locking import exclusive
from edgewise.updates.network import Network
from edgewise.updates.pulling import How, Pulled, pull
from edgewise.updates.source import Source
from edgewise.updates.store import CURRENT, Store, matches, split_spec
from edgewise.updates.targets import BUNDLE_KEYS, CHANNELS, hashed_path, target_path
from edgewise.updates.trust import Trust

_CARD = "package.json"
_NAME = re.compile(
    r"(metadata|targets)/([A-Za-z0-9_][A-Za-z0-9_.~-]*/){0,2}[A-Za-z0-9_][A-Za-z0-9_.~-]*", re.ASCII
)
_MOST_ENTRIES = 1000
_MOST_METADATA = 16 << 20
_BLOCK = 1 << 20


def export_package(
    spec: str, path: Path, *, store: Store, source: Source, trust: Trust, network: Network | None = None
) -> str:
    """Fetch a published version and write it into one file with all that is signed of it.

    Args:
        spec: `name` for the newest release, or `name@version`.
        path: The file to write; it must not be there.
        store: A store to keep checked metadata in.
        source: Where the models come from.
        trust: What to check them with.
        network: How to talk to the source.

    Returns:
        Name and version of what was written.

    Raises:
        UpdateError: It cannot be had, or the file cannot be written.
    """
    name, wanted = split_spec(spec)
    work = path.with_name(f".{path.name}.{uuid4().hex}")
    with store.lock():
        catalogue = open_catalogue(store, source, trust, network)
        fitting = [
            version
            for version in catalogue.versions(name)
            if (matches(version, wanted) if wanted != CURRENT else "-" not in version)
        ]
        if not fitting:
            raise UnknownRevisionError(spec, catalogue.known())
        try:
            with writing(path):
                work.mkdir(parents=True)
            _gather(work, store, catalogue, name, fitting[-1])
            with (
                writing(path),
                path.open("xb") as file,
                zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as out,
            ):
                for each in sorted(work.rglob("*")):
                    if each.is_file():
                        out.write(each, each.relative_to(work).as_posix())
        finally:
            remove_folder(work)
    return f"{name}@{fitting[-1]}"


def import_package(path: Path, *, store: Store, trust: Trust, how: How | None = None) -> Pulled:
    """Take a model out of such a file, with every check of a pull.

    Args:
        path: The file.
        store: Where models are kept.
        trust: What to check with.
        how: Limits.

    Raises:
        PackageFileError: It is no such file, is larger than the limits, or leads out of its folder.
        StoreBusyError: Another process still imports.
        UpdateError: See `pull`.
        BundleError: See `pull`.
    """
    how = how or How()
    with exclusive(store.folder / "import.lock", how.wait):
        return _import(path, store.folder / ".import", store, trust, how)


def _import(path: Path, work: Path, store: Store, trust: Trust, how: How) -> Pulled:
    remove_folder(work)  # what a killed process left
    try:
        _unpack(path, work, how.limits.bundle_bytes)
        card = read_json(work / _CARD) or {}
        spec = f"{card.get('name')}@{card.get('version')}"
        # What is wrong in a file is not right a little later.
        once = replace(how, remember=False, network=replace(how.network, attempts=1))
        return pull(spec, store=store, source=work, trust=trust, how=once)
    finally:
        remove_folder(work)


def _gather(work: Path, store: Store, catalogue: Catalogue, name: str, version: str) -> None:
    """Put together the part of a repository that one version needs."""
    tuf, metadata = store.folder / "tuf", work / "metadata"
    with writing(work):
        shutil.copytree(tuf / "root_history", metadata)
        shutil.copy(tuf / "timestamp.json", metadata)
        for role in ("snapshot", "targets"):
            data = (tuf / f"{role}.json").read_bytes()
            number = parse_object(data, role)["signed"]["version"]
            (metadata / f"{number}.{role}.json").write_bytes(data)
        (work / _CARD).write_bytes(to_json({"format": 1, "name": name, "version": version}))
    for document in (BUNDLE_KEYS, CHANNELS):
        found = catalogue.document(document)
        if found is not None:
            _put(work / hashed_path(document, hashlib.sha256(found).hexdigest()), found)
    for each in catalogue.revision(name, version).files:
        place = work / hashed_path(target_path(name, version, each.file), each.sha256)
        with writing(place):
            place.parent.mkdir(parents=True, exist_ok=True)
        at = place.relative_to(work).as_posix()
        Download(each, at, place, catalogue.source, catalogue.network, store.step).run()


def _put(place: Path, data: bytes) -> None:
    with writing(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


def _unpack(path: Path, work: Path, most: int) -> None:
    """Unpack within limits: what an entry says of its size is checked, and counted again while it is read."""
    try:
        with zipfile.ZipFile(path) as package:
            entries = package.infolist()
            problem = _problem(entries, most + _MOST_METADATA)
            if problem is not None:
                raise PackageFileError(path, problem)
            for entry in entries:
                place = work / entry.filename
                with writing(place):
                    place.parent.mkdir(parents=True, exist_ok=True)
                    with place.open("xb") as file:
                        for block in _read(package, entry, path):
                            file.write(block)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, BundleError) as error:
        raise PackageFileError(path, f"it is damaged: {error}") from error
    except OSError as error:
        if isinstance(error, PackageFileError) or error.errno is None:
            raise
        raise PackageFileError(path, error.strerror or str(error)) from error


def _read(package: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> Iterator[bytes]:
    came = 0
    with package.open(entry) as stream:
        while block := stream.read(_BLOCK):
            came += len(block)
            if came > entry.file_size:
                raise PackageFileError(path, f"{entry.filename!r} is longer than it says")
            yield block


def _problem(entries: list[zipfile.ZipInfo], most: int) -> str | None:
    """Say what is wrong with a list of entries, before one of them is read; None when nothing is."""
    if len(entries) > _MOST_ENTRIES:
        return f"it has {len(entries)} entries, the limit is {_MOST_ENTRIES}"
    if sum(entry.file_size for entry in entries) > most:
        return f"it would unpack to more than {most} bytes"
    seen: set[str] = set()
    for entry in entries:
        if entry.filename != _CARD and not _NAME.fullmatch(entry.filename):
            return f"the entry {entry.filename[:80]!r} does not look as it must"
        if entry.filename.casefold() in seen:
            return f"the entry {entry.filename[:80]!r} is there twice"
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
            return f"the entry {entry.filename[:80]!r} is packed; here nothing is"
        seen.add(entry.filename.casefold())
    return None
