"""Opening a bundle: its manifest first, its files when they are asked for."""

from __future__ import annotations

from pathlib import Path

from edgewise.bundle.errors import BundleNotFoundError
from edgewise.bundle.files import MANIFEST, MAX_FILE_BYTES, read_plain, read_verified
from edgewise.bundle.manifest import FileRef, Manifest
from edgewise.bundle.parse import parse_manifest
from edgewise.bundle.strict_json import MAX_MANIFEST_BYTES


def read_manifest(path: str | Path) -> Manifest:
    """Read the manifest of a bundle folder.

    Args:
        path: The bundle folder.

    Raises:
        BundleNotFoundError: There is no such folder.
        BundleError: The manifest is missing or refused, see `parse_manifest`.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise BundleNotFoundError(str(path))
    data, _ = read_plain(folder, MANIFEST, MAX_MANIFEST_BYTES)
    return parse_manifest(data, folder / MANIFEST)


class Bundle:
    """An opened bundle: a parsed manifest and a folder to read verified files from.

    Safe to use from many threads; it holds no file open.

    Args:
        folder: The bundle folder.
        manifest: Its manifest.
        max_file_bytes: The largest file that is read, in bytes.
    """

    def __init__(self, folder: Path, manifest: Manifest, max_file_bytes: int = MAX_FILE_BYTES) -> None:
        self.folder = folder
        self.manifest = manifest
        self.max_file_bytes = max_file_bytes

    @classmethod
    def open(cls, path: str | Path, *, max_file_bytes: int = MAX_FILE_BYTES) -> Bundle:
        """Open a bundle folder.

        Reads the manifest only; see `resolve` for names of bundles inside the package.

        Raises:
            BundleNotFoundError: There is no such folder.
            BundleError: The manifest is missing or refused, see `parse_manifest`.
        """
        return cls(Path(path), read_manifest(path), max_file_bytes)

    def read(self, ref: FileRef) -> bytes:
        """Read a file and check its size and sha256 on the very bytes that are returned.

        Raises:
            BundleError: The file is missing, too large, changed, or not a plain file in the folder; every
                refusal has its own class, see `edgewise.bundle.files.read_verified`.
        """
        return read_verified(self.folder, ref, self.max_file_bytes)

    def verify(self) -> None:
        """Read every file of the bundle and check it.

        Raises:
            BundleError: See `read`.
        """
        for ref in self.manifest.files:
            self.read(ref)

    def __repr__(self) -> str:
        """Name the bundle and where it is."""
        return f"Bundle({self.manifest.name!r}, {self.manifest.version!r}, {str(self.folder)!r})"
