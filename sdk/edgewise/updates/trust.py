"""What a device trusts from the start: one root.json, from which everything else follows.

The wheel may carry one as `edgewise/updates/root.json`: an organisation that builds its own wheel, or
installs the sources, names it (`EDGEWISE_ROOT=1.root.json pip install .`). The wheel that this project builds
carries none, because a root whose keys nobody guards would be worse than none. A root in the store, or one
that an app names, comes first.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgewise.updates.errors import TrustError
from edgewise.updates.files import write_atomically
from edgewise.updates.store import Store

ROOT = "root.json"

_IN_WHEEL = Path(__file__).with_name(ROOT)
_MOST_BYTES = 512_000


@dataclass(frozen=True)
class Trust:
    """A root of trust.

    Attributes:
        root: The bytes of a root.json.
        origin: Where they came from, for messages.
    """

    root: bytes
    origin: str

    @classmethod
    def load(cls, path: str | Path | None = None, store: Store | None = None) -> Trust:
        """Read the root: the one named, else the store's own, else the wheel's.

        Args:
            path: A root.json that came by a way that is trusted.
            store: The store whose own root counts, see `keep`.

        Raises:
            TrustError: There is none, or it cannot be read.
        """
        if path is not None:
            return cls._read(Path(path))
        for each in (*((store.folder / ROOT,) if store is not None else ()), _IN_WHEEL):
            if each.exists():
                return cls._read(each)
        raise TrustError("neither the app, nor the store, nor this wheel has one")

    def keep(self, store: Store) -> None:
        """Make this the store's own root, for the next time.

        Raises:
            StoreWriteError: The store may not be written to.
        """
        write_atomically(store.folder / ROOT, self.root, store.step)

    @classmethod
    def _read(cls, path: Path) -> Trust:
        try:
            with path.open("rb") as file:
                data = file.read(_MOST_BYTES + 1)
        except OSError as error:
            raise TrustError(f"{path}: {error.strerror or error}") from error
        if len(data) > _MOST_BYTES:
            raise TrustError(f"{path} is too large")
        return cls(data, str(path))
