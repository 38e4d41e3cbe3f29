"""Files of a bundle: which names are allowed, and reading exactly the bytes that were promised."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from pathlib import Path

from edgewise.bundle.errors import (
    FileHashError,
    FileMissingError,
    FileSizeError,
    FileSizeMismatchError,
    FileUnreadableError,
    PathEscapeError,
)
from edgewise.bundle.manifest import FileRef

MAX_FILE_BYTES = 64 * 1024 * 1024
"""The largest file a reader opens unless it is told otherwise."""

MANIFEST = "manifest.json"
"""The file that describes the others."""

FILE_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*"
"""What file names look like: parts of plain ASCII letters, digits, `_`, `.` and `-`, joined by `/`."""

MAX_NAME = 200
"""The longest file name, in characters."""

_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_REPARSE_POINT = getattr(stat, "FILE_ATTRIBUTE_REPARSE_POINT", 0x400)
_OPEN_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


def check_name(file: str) -> None:
    """Accept a file name that means the same file inside the bundle on every system.

    >>> check_name("models/base.onnx")
    >>> check_name("../base.onnx")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    edgewise.bundle.errors.PathEscapeError: ... it has a part '..'...

    Raises:
        PathEscapeError: The name may leave the folder, or means different things on different systems.
    """
    parts = re.split(r"[/\\]", file)
    checks = {
        "it is empty": not file,
        f"it is longer than {MAX_NAME} characters": len(file) > MAX_NAME,
        "it has a part '..'": ".." in parts,
        "it is absolute": file.startswith("/"),
        "it has a backslash": "\\" in file,
        "it has a drive letter or a stream name": ":" in file,
        f"it is the manifest, which describes the others: {MANIFEST}": file.lower() == MANIFEST,
        "it names a device of some systems": any(_DEVICES.fullmatch(part) for part in parts),
        "a part ends in a dot": any(part.endswith(".") for part in parts),
        "parts must be of letters, digits, '_', '.' and '-', and not start with a dot": not re.fullmatch(
            FILE_NAME, file, re.ASCII
        ),
    }
    problem = next((problem for problem, wrong in checks.items() if wrong), None)
    if problem is not None:
        raise PathEscapeError(file, problem)


def read_verified(folder: Path, ref: FileRef, limit: int = MAX_FILE_BYTES) -> bytes:
    """Read a file of a bundle and check the very bytes that are returned.

    Args:
        folder: The bundle folder.
        ref: The file and what it must look like.
        limit: The largest size accepted, in bytes.

    Returns:
        The bytes, of the size and sha256 that `ref` says.

    Raises:
        PathEscapeError: The name leaves the folder, goes through a link, or is not a plain file.
        FileMissingError: There is no such file.
        FileSizeError: The file, or what the manifest says of it, is larger than `limit`.
        FileSizeMismatchError: The file has another size.
        FileHashError: The bytes have another sha256.
        FileUnreadableError: The system refuses to read it.
    """
    check_name(ref.file)
    if ref.size > limit:
        raise FileSizeError(ref.file, ref.size, limit)
    data, size = read_plain(folder, ref.file, ref.size)
    if size > limit:
        raise FileSizeError(ref.file, size, limit)
    found_size = size if size != ref.size else len(data)
    if found_size != ref.size:
        raise FileSizeMismatchError(ref.file, ref.size, found_size)
    found = hashlib.sha256(data).hexdigest()
    if found != ref.sha256:
        raise FileHashError(ref.file, ref.sha256, found)
    return data


def read_plain(folder: Path, file: str, most: int) -> tuple[bytes, int]:
    """Read up to `most + 1` bytes of a plain file below a folder, following no link on the way.

    Args:
        folder: The bundle folder; it may itself be reached through links.
        file: A name that `check_name` accepts, or the manifest's.
        most: How many bytes are wanted at most.

    Returns:
        The bytes, one more than `most` where there are more, and the size the file system reports.

    Raises:
        PathEscapeError: A part of the way is a link, or the end is not a plain file.
        FileMissingError: There is no such file.
        FileUnreadableError: The system refuses to read it.
    """
    try:
        path, seen = _walk(folder, file)
        descriptor = os.open(path, _OPEN_FLAGS)
        with os.fdopen(descriptor, "rb") as stream:
            opened = os.fstat(descriptor)
            if not os.path.samestat(opened, seen):
                raise PathEscapeError(file, "it was replaced while it was opened")
            return stream.read(most + 1), opened.st_size
    except (FileNotFoundError, NotADirectoryError):
        raise FileMissingError(file) from None
    except OSError as error:
        raise FileUnreadableError(file, error.strerror or str(error)) from error


def _walk(folder: Path, file: str) -> tuple[Path, os.stat_result]:
    """Go down part by part, so that no link is followed and no device is opened."""
    path, seen = folder, folder.stat()
    for part in file.split("/"):
        path = path / part
        seen = path.lstat()
        if stat.S_ISLNK(seen.st_mode) or getattr(seen, "st_file_attributes", 0) & _REPARSE_POINT:
            raise PathEscapeError(file, f"{part!r} is a link")
    if not stat.S_ISREG(seen.st_mode):
        kind = "a folder" if stat.S_ISDIR(seen.st_mode) else "a device, pipe or socket"
        raise PathEscapeError(file, f"it is {kind}, not a plain file")
    return path, seen
