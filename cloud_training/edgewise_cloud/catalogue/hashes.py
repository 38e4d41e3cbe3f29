"""The sha256 of data files, worked out once a file and process."""

import hashlib
from pathlib import Path

from edgewise_cloud.catalogue.errors import CatalogueFileMissingError, CorruptDataError, DataHashError

_seen: dict[tuple[str, int, int], str] = {}


def sha256_of(path: Path, needed_for: str) -> str:
    """Return the sha256 of a file in hexadecimal; a file whose size and time are the same is not read again.

    Raises:
        CatalogueFileMissingError: there is no such file.
        CorruptDataError: it cannot be read.
    """
    try:
        status = path.stat()
        key = (str(path.resolve()), status.st_size, status.st_mtime_ns)
        if key not in _seen:
            with path.open("rb") as stream:
                _seen[key] = hashlib.file_digest(stream, "sha256").hexdigest()
        return _seen[key]
    except FileNotFoundError as error:
        raise CatalogueFileMissingError(path, needed_for) from error
    except OSError as error:
        raise CorruptDataError(path, error.strerror or str(error)) from error


def demand_sha256(path: Path, expected: str | None, needed_for: str) -> None:
    """Demand that a file is the one that the catalogue describes; with nothing expected, anything is.

    Raises:
        DataHashError: it is another file.
        CatalogueFileMissingError: there is no such file.
    """
    if expected is None:
        return
    found = sha256_of(path, needed_for)
    if found != expected:
        raise DataHashError(path, expected, found)
