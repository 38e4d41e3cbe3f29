"""Does a published version fit this device: SDK, backends, sizes, room on the disk?"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from edgewise.bundle.files import MAX_FILE_BYTES
from edgewise.bundle.strict_json import MAX_MANIFEST_BYTES
from edgewise.bundle.versions import version_key
from edgewise.errors import BackendError
from edgewise.updates.errors import DoesNotFitError
from edgewise.updates.revision import Revision
from edgewise.version import __version__
from edgewise_runtimes import choose


@dataclass(frozen=True)
class Limits:
    """What a device takes at most.

    Attributes:
        bundle_bytes: Bytes of all files of a model.
        file_bytes: Bytes of one file; a reader opens no larger one.
        spare_bytes: Bytes of the disk that stay free.
        files: Files of a model.
    """

    bundle_bytes: int = 1 << 30
    file_bytes: int = MAX_FILE_BYTES
    spare_bytes: int = 32 << 20
    files: int = 200


def check_fits(revision: Revision, limits: Limits, folder: Path, have: int = 0) -> None:
    """See whether a version fits this device, before anything of it is fetched.

    Args:
        revision: The version.
        limits: What the device takes.
        folder: An existing folder on the disk where it will be.
        have: Bytes of it that are here already.

    Raises:
        DoesNotFitError: It does not; the message says why.
    """
    problem = _problem(revision, limits, folder, have)
    if problem is not None:
        raise DoesNotFitError(str(revision), problem)


def _problem(revision: Revision, limits: Limits, folder: Path, have: int) -> str | None:
    if version_key(revision.min_sdk_version) > version_key(__version__):
        return f"it needs edgewise {revision.min_sdk_version} or newer, this is {__version__}"
    if len(revision.files) > limits.files:
        return f"it has {len(revision.files)} files, the limit is {limits.files}"
    largest = max(revision.files[:-1], key=lambda each: each.size, default=revision.files[-1])
    if largest.size > limits.file_bytes or revision.files[-1].size > MAX_MANIFEST_BYTES:
        return f"its file {largest.file} has {largest.size} bytes, the limit is {limits.file_bytes}"
    if revision.size > limits.bundle_bytes:
        return f"it has {revision.size} bytes, the limit is {limits.bundle_bytes}"
    if revision.backends:
        try:
            choose(revision.backends)
        except BackendError as error:
            return f"no backend that it was made for can be used ({error})"
    free, needed = shutil.disk_usage(folder).free, revision.size - have + limits.spare_bytes
    return None if free >= needed else f"it needs {needed} bytes of the disk, {free} are free"
