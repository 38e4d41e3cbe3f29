"""The keys of whoever publishes: one folder of Ed25519 keys, a file each, that never leaves its machine."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from edgewise.updates.errors import KeyFileError
from edgewise.updates.files import write_atomically
from edgewise.updates.needed import need_update_extra

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ROLES = ("root", "targets", "snapshot", "timestamp")
"""The roles of The Update Framework."""

BUNDLE = "bundle"
"""The role of keys that sign manifests."""

_FILE = re.compile(r"(root|targets|snapshot|timestamp|bundle)-(\d{1,6})\.pem", re.ASCII)


class KeyFolder:
    """A folder of keys, a file each: `root-1.pem`, `targets-1.pem` and so on.

    Roots may lie elsewhere, on a disk that is locked away: only `create` and `rotate` ask for them.

    Args:
        folder: The folder.
        passphrase: Of its files; None when they are not encrypted.
    """

    def __init__(self, folder: str | Path, passphrase: str | None = None) -> None:
        need_update_extra("Signing")
        self.folder = Path(folder)
        self._passphrase = passphrase.encode("utf-8") if passphrase else None

    def create(self, role: str, count: int = 1) -> list[Path]:
        """Make new keys for a role beside those there are.

        Args:
            role: One of `ROLES`, or `BUNDLE`.
            count: How many.

        Returns:
            Their files.

        Raises:
            StoreWriteError: They cannot be written.
        """
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        last = max((number for number, _ in self._files(role)), default=0)
        made = [self.folder / f"{role}-{last + number}.pem" for number in range(1, count + 1)]
        for path in made:
            self._write(path, Ed25519PrivateKey.generate())
        return made

    def load(self, role: str) -> list[Ed25519PrivateKey]:
        """Return the keys of a role, the newest first.

        Raises:
            KeyFileError: There are none, or one cannot be read.
        """
        found = [self._read(path) for _, path in sorted(self._files(role), reverse=True)]
        if not found:
            raise KeyFileError(self.folder, f"it has no key for the role {role!r}")
        return found

    def has(self, role: str) -> bool:
        """Whether there are keys of a role."""
        return bool(self._files(role))

    def _files(self, role: str) -> list[tuple[int, Path]]:
        if not self.folder.is_dir():
            return []
        matched = ((_FILE.fullmatch(path.name), path) for path in self.folder.iterdir())
        return [(int(match[2]), path) for match, path in matched if match and match[1] == role]

    def _write(self, path: Path, key: Ed25519PrivateKey) -> None:
        from cryptography.hazmat.primitives import serialization

        hidden: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if self._passphrase:
            hidden = serialization.BestAvailableEncryption(self._passphrase)
        data = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)
        write_atomically(path, data, mode=0o600)

    def _read(self, path: Path) -> Ed25519PrivateKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            key = load_pem_private_key(path.read_bytes(), self._passphrase)
        except (OSError, ValueError, TypeError) as error:
            raise KeyFileError(path, str(error) or type(error).__name__) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyFileError(path, "it is no Ed25519 key")
        return key


def passphrase() -> str | None:
    """Return the passphrase of key files that the environment gives (`EDGEWISE_KEY_PASSPHRASE`), or None."""
    return os.environ.get("EDGEWISE_KEY_PASSPHRASE") or None
