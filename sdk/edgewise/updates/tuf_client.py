"""The Update Framework's own client (`tuf.ngclient`), with our way of fetching and of writing.

All checks of signatures, thresholds, versions and expiry are its own. Changed is only:

- files come through `edgewise.updates.source`, with its patience, proxies and limits;
- metadata are written safe against power cuts, and `root.json` is no link (some file systems have none);
- time only goes forward: what expired stays expired when the clock is set back.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewise.updates.errors import (
    MetadataRefusedError,
    SourceAwayError,
    SourceStatusError,
    TrustError,
    UpdateError,
)
from edgewise.updates.files import write_atomically
from edgewise.updates.needed import need_update_extra
from edgewise.updates.network import Network, with_retries
from edgewise.updates.source import Source, fetch

if TYPE_CHECKING:
    from tuf.ngclient import Updater

    from edgewise.updates.store import Store
    from edgewise.updates.trust import Trust

CLOCK = "clock.json"
"""The file in a store that holds the latest time at which metadata were valid."""

_MOST_BYTES = 8_000_000


def refreshed(store: Store, source: Source, base: str, trust: Trust, network: Network) -> Updater:
    """Fetch and check the metadata of a source; hold the store's lock.

    Args:
        store: Where checked metadata are kept.
        source: The source.
        base: Which of its addresses to ask.
        trust: The root of trust.
        network: How to talk to the source.

    Returns:
        A client that knows all targets.

    Raises:
        SourceAwayError: The source does not answer as one does.
        MetadataRefusedError: What it says is forged, expired, older than what is known, or not whole.
        TrustError: The root of trust is none.
        StoreWriteError: The store may not be written to.
        MissingExtraError: tuf is not installed.
    """
    need_update_extra("Checking updates")
    from tuf.api import exceptions

    home = store.folder / "tuf"
    now = _now(store)
    try:
        updater: Updater = _client()(home, base, trust.root, source, network, store, now)
    except exceptions.RepositoryError as error:
        raise TrustError(f"{trust.origin} is no root of trust: {error}") from error
    try:
        updater.refresh()
    except exceptions.DownloadLengthMismatchError as error:
        raise MetadataRefusedError(f"they are larger than allowed: {error}") from error
    except exceptions.DownloadHTTPError as error:
        raise SourceStatusError(base, error.status_code) from error
    except exceptions.DownloadError as error:
        if isinstance(error.__cause__, UpdateError):
            raise error.__cause__ from None
        raise SourceAwayError(base, str(error)) from error
    except exceptions.RepositoryError as error:
        raise MetadataRefusedError(f"{type(error).__name__}: {error}") from error
    store.write_json(CLOCK, {"seen": now.isoformat()})
    return updater


def _now(store: Store) -> datetime:
    """Return the time, or the latest one at which metadata were valid if the clock says less."""
    now = datetime.now(UTC)
    seen = (store.read_json(CLOCK) or {}).get("seen")
    try:
        return max(now, datetime.fromisoformat(seen)) if isinstance(seen, str) else now
    except (ValueError, TypeError):
        return now


def _read(base: str, path: str, source: Source, network: Network) -> bytes:
    """Read a small file, and not much more than may be of one that has no end."""
    data = bytearray()
    for block in fetch(base, path, 0, source, network):
        data += block
        if len(data) > _MOST_BYTES:
            break
    return bytes(data)


@cache
def _client() -> Any:
    """Make the classes when tuf is there."""
    from tuf.api.exceptions import DownloadHTTPError, DownloadLengthMismatchError
    from tuf.ngclient import FetcherInterface, Updater

    class Fetcher(FetcherInterface):
        def __init__(self, base: str, source: Source, network: Network) -> None:
            self._base, self._source, self._network = base, source, network

        def _fetch(self, url: str) -> Iterator[bytes]:
            path = url.removeprefix(self._base)
            once = partial(_read, self._base, path, self._source, self._network)
            try:
                data = with_retries(self._network, once)
            except SourceStatusError as error:
                raise DownloadHTTPError(str(error), error.status) from error
            if len(data) > _MOST_BYTES:
                raise DownloadLengthMismatchError(f"{url} is longer than {_MOST_BYTES} bytes")
            return iter([data])

    class Client(Updater):
        def __init__(
            self,
            home: Path,
            base: str,
            root: bytes,
            source: Source,
            network: Network,
            store: Store,
            now: datetime,
        ) -> None:
            self._store = store
            fetcher = Fetcher(base, source, network)
            super().__init__(str(home), f"{base}metadata/", fetcher=fetcher, bootstrap=root)
            self._trusted_set.reference_time = now

        def _update_root_symlink(self) -> None:
            """Do nothing: the first root is always the one that is trusted, never a file of this name."""

        def _persist_file(self, filename: str, data: bytes) -> None:
            write_atomically(Path(filename), data, self._store.step)

    return Client


def all_targets(updater: Updater) -> dict[str, Any]:
    """Return the checked targets by path."""
    return dict(updater._trusted_set.targets.targets)
