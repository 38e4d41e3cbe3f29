"""Packing a bundle: models and a description go in, a folder that the device's reader accepts comes out."""

from __future__ import annotations

import copy
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgewise.bundle import Bundle, parse_manifest
from edgewise.bundle.files import MANIFEST, MAX_FILE_BYTES
from edgewise.errors import EdgewiseError, FileSizeError, ManifestError
from edgewise_runtimes.errors import listing


class PackError(EdgewiseError, ValueError):
    """The files that were given are not those that the manifest names.

    Attributes:
        missing: Files the manifest names that were not given.
        unused: Files that were given and the manifest does not name.
    """

    def __init__(self, missing: Sequence[str], unused: Sequence[str]) -> None:
        self.missing = tuple(missing)
        self.unused = tuple(unused)
        super().__init__(
            f"The bundle was not packed. Named by its manifest but not given: {listing(self.missing)}; "
            f"given but not named: {listing(self.unused)}. Make the two agree."
        )


def pack(
    folder: str | Path,
    spec: Mapping[str, Any],
    files: Mapping[str, Path | bytes],
    *,
    max_file_bytes: int = MAX_FILE_BYTES,
) -> Path:
    """Write a bundle and read it back as a device would.

    Nothing is written before the manifest has been accepted. Every file is replaced as a whole, the manifest
    last, so a reader sees the old bundle or the new one, or is told that a file does not fit.

    Args:
        folder: The bundle folder, made if it is not there. Files in it that the manifest does not name stay.
        spec: The manifest, see docs/bundle.md. The `size` and `sha256` of tokenizers and artifacts are filled
            in from the files, whatever stood there.
        files: Content, or the path to it, by the names that the manifest uses.
        max_file_bytes: The largest file to pack, in bytes. Devices refuse more than 64 MiB unless they are
            told otherwise.

    Returns:
        The bundle folder.

    Raises:
        PackError: The files given are not those that the manifest names.
        BundleError: The reader refuses the manifest or a file.
    """
    folder = Path(folder)
    contents = {name: data if isinstance(data, bytes) else data.read_bytes() for name, data in files.items()}
    manifest = copy.deepcopy(dict(spec))
    _fill(manifest, contents, max_file_bytes)
    text = _text(manifest, folder / MANIFEST)
    parse_manifest(text, folder / MANIFEST)
    for name, data in contents.items():
        _replace(folder / name, data)
    _replace(folder / MANIFEST, text)
    Bundle.open(folder, max_file_bytes=max_file_bytes).verify()
    return folder


def _fill(manifest: dict[str, Any], contents: Mapping[str, bytes], limit: int) -> None:
    """Write the size and sha256 of every file into its entry."""
    entries = list(_entries(manifest))
    named = {entry["file"] for entry in entries}
    if named != contents.keys():
        raise PackError(sorted(named - contents.keys()), sorted(contents.keys() - named))
    for entry in entries:
        data = contents[entry["file"]]
        if len(data) > limit:
            raise FileSizeError(entry["file"], len(data), limit)
        entry["size"] = len(data)
        entry["sha256"] = hashlib.sha256(data).hexdigest()


def _entries(manifest: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what names a file; what has another shape is left for the reader to refuse."""
    models = manifest.get("models")
    for model in models.values() if isinstance(models, dict) else ():
        if isinstance(model, dict):
            artifacts = model.get("artifacts")
            listed = artifacts if isinstance(artifacts, list) else []
            weights = [each.get("weights") for each in listed if isinstance(each, dict)]
            found = [model.get("tokenizer"), *listed, *weights]
            yield from (
                entry for entry in found if isinstance(entry, dict) and isinstance(entry.get("file"), str)
            )


def _text(manifest: Mapping[str, Any], path: Path) -> bytes:
    try:
        return manifest_text(manifest)
    except (TypeError, ValueError, RecursionError) as error:
        raise ManifestError(path, f"it holds what a manifest cannot say: {error}") from error


def manifest_text(manifest: Mapping[str, Any]) -> bytes:
    """Return a manifest as JSON for diffs: in the order given, a line for each member of what it holds."""
    parts = []
    for key, value in manifest.items():
        if isinstance(value, dict) and value:
            lines = [f"{_json(name)}: {_json(member)}" for name, member in value.items()]
        elif isinstance(value, list) and value:
            lines = [_json(member) for member in value]
        else:
            parts.append(f" {_json(key)}: {_json(value)}")
            continue
        ends = "{}" if isinstance(value, dict) else "[]"
        parts.append(f" {_json(key)}: {ends[0]}\n  " + ",\n  ".join(lines) + f"\n {ends[1]}")
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode("utf-8")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _replace(path: Path, data: bytes) -> None:
    """Write a file beside its place, then move it there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with beside.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
