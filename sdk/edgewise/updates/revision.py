"""A published version: what the signed metadata say of it, in the `custom` field of its manifest's target."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgewise.bundle.errors import ManifestError, PathEscapeError
from edgewise.bundle.fields import Field
from edgewise.bundle.files import MANIFEST, check_name
from edgewise.bundle.versions import SEMANTIC_VERSION
from edgewise.updates.errors import TargetRefusedError

FORMAT = 1
"""Version of the record."""

_LEAST_PART = 256 * 1024
_MOST_PARTS = 64
_MOST_BYTES = 1 << 40
_SHA256 = r"[0-9a-f]{64}"


@dataclass(frozen=True)
class PublishedFile:
    """A file of a published version.

    Attributes:
        file: Its name in the bundle.
        size: Its bytes.
        sha256: Of all of it.
        part_size: Bytes of a part; the last may be shorter.
        parts: The sha256 of every part, so that a part can be checked as soon as it is there.
    """

    file: str
    size: int
    sha256: str
    part_size: int
    parts: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "size": self.size,
            "sha256": self.sha256,
            "part_size": self.part_size,
            "parts": list(self.parts),
        }


@dataclass(frozen=True)
class Revision:
    """A published version of a model.

    Attributes:
        name: Name of the model.
        version: Its version.
        min_sdk_version: The least edgewise that can use it.
        backends: Backends that all its encoders have a file for; empty when it has no encoder.
        downgrade: Whether devices with a newer version may be sent back to it.
        budget_ms: The most a short text may take on a device, in the median; None for no limit.
        files: Its files, the manifest last.
    """

    name: str
    version: str
    min_sdk_version: str
    backends: tuple[str, ...]
    downgrade: bool
    budget_ms: float | None
    files: tuple[PublishedFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(each.size for each in self.files)

    @property
    def manifest_sha256(self) -> str:
        """The sha256 of its manifest, which names all the others."""
        return self.files[-1].sha256

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"

    def to_dict(self) -> dict[str, Any]:
        """Return the record for the metadata."""
        return {
            "format": FORMAT,
            "name": self.name,
            "version": self.version,
            "min_sdk_version": self.min_sdk_version,
            "backends": list(self.backends),
            "downgrade": self.downgrade,
            # The canonical JSON of The Update Framework knows whole numbers only.
            "budget_us": None if self.budget_ms is None else max(1, round(self.budget_ms * 1000)),
            "files": {each.file: each.to_dict() for each in self.files},
        }


def describe(file: str, data: bytes) -> PublishedFile:
    """Return the record of a file.

    Args:
        file: Its name in the bundle.
        data: Its bytes.
    """
    size = max(_LEAST_PART, -(-len(data) // _MOST_PARTS))
    parts = tuple(
        hashlib.sha256(data[start : start + size]).hexdigest() for start in range(0, len(data), size)
    )
    return PublishedFile(file, len(data), hashlib.sha256(data).hexdigest(), size, parts)


def parse_revision(custom: object, name: str, version: str) -> Revision:
    """Read the record of a version.

    Args:
        custom: What stands in the metadata.
        name: The model that was asked for; the record must be about it.
        version: The version likewise.

    Raises:
        TargetRefusedError: It says something that makes no sense here.
    """
    target = f"{name}/{version}/{MANIFEST}"
    if not isinstance(custom, Mapping):
        raise TargetRefusedError(target, "nothing is said of it")
    top = Field(dict(custom), "", target)
    try:
        top["format"].whole(FORMAT, FORMAT)
        if top["name"].text() != name or top["version"].text(SEMANTIC_VERSION) != version:
            raise TargetRefusedError(target, "the record is about another model")
        files = tuple(_file(key, field) for key, field in top["files"].members())
        found = Revision(
            name,
            version,
            top["min_sdk_version"].text(SEMANTIC_VERSION),
            top["backends"].all(lambda field: field.text()),
            top["downgrade"].value is True,
            top["budget_us"].optional(lambda field: field.whole(1, 10**9) / 1000),
            tuple(sorted(files, key=lambda each: (each.file == MANIFEST, each.file))),
        )
    except (ManifestError, PathEscapeError) as error:
        raise TargetRefusedError(target, getattr(error, "problem", str(error))) from error
    folded = {each.file.casefold() for each in found.files}
    if not files or found.files[-1].file != MANIFEST or len(folded) != len(files):
        raise TargetRefusedError(target, "its files are not those of a bundle")
    return found


def _file(name: str, field: Field) -> PublishedFile:
    if name != MANIFEST:
        check_name(name)
    size = field["size"].whole(1, _MOST_BYTES)
    part_size = field["part_size"].whole(1, _MOST_BYTES)
    parts = field["parts"].all(lambda each: each.text(_SHA256))
    if len(parts) != -(-size // part_size):
        field.refuse("has another number of parts than its size asks for")
    return PublishedFile(name, size, field["sha256"].text(_SHA256), part_size, parts)
