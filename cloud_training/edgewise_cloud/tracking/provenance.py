"""Where a run comes from: data, commit, versions."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from collections.abc import Iterable
from importlib import metadata
from importlib.resources import files
from pathlib import Path

from edgewise_cloud.catalogue import Catalogue, CatalogueFileMissingError


def provenance_tags(
    repo: Path, catalogue: Catalogue | None, datasets: Iterable[str] | None = None
) -> dict[str, str]:
    """Return the tags that say where a run comes from.

    Args:
        repo: A folder in the git working tree of the code.
        catalogue: The data, None for a run without.
        datasets: Names of the sets that are used, each of which gets a tag; None for no such tags. The
            hash of all data is there in any case.

    Returns:
        `git.commit` (with "+changes" when files differ from it, "unknown" outside a working tree),
        `version.NAME` of each package, `data.catalogue`, `data.files` and `data.NAME`: sha256.

    Raises:
        CatalogueFileMissingError: A file of the catalogue is not there.
    """
    tags = {"git.commit": commit(repo), **{f"version.{name}": text for name, text in versions().items()}}
    if catalogue is not None:
        hashes = data_hashes(catalogue)
        tags["data.catalogue"] = _sha256(catalogue.root / "catalogue.json")
        lines = "".join(f"{name} {digest}\n" for name, digest in sorted(hashes.items()))
        tags["data.files"] = hashlib.sha256(lines.encode()).hexdigest()
        tags |= {f"data.{name}": hashes[name] for name in datasets or () if name in hashes}
    return tags


def data_hashes(catalogue: Catalogue) -> dict[str, str]:
    """Return the sha256 of every file of a catalogue that is there, by the name of its set.

    Raises:
        CatalogueFileMissingError: One cannot be read.
    """
    places = {name: each.path for name, each in catalogue.labelled.items()}
    places |= {name: each.path for name, each in catalogue.language_files.items()}
    return {name: _sha256(path) for name, path in sorted(places.items()) if path.exists()}


def commit(repo: Path) -> str:
    """Return the commit of a working tree, with "+changes" when it has any, or "unknown" outside one."""
    try:
        head = _git(repo, "rev-parse", "HEAD")
        changed = _git(repo, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{head}+changes" if changed else head


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that results depend on, where installed."""
    found = {"python": platform.python_version()}
    names = json.loads(files("edgewise_cloud.tracking").joinpath("packages.json").read_text(encoding="utf-8"))
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _git(repo: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=repo, capture_output=True, text=True, check=True
    ).stdout.strip()


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise CatalogueFileMissingError(path, "the record of what a run was trained on") from error
