"""Where updates come from: a folder, a static HTTPS folder, or a model repository of a hub."""

from __future__ import annotations

import os
import re
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from edgewise.updates.errors import SourceAwayError, SourceError, SourceStatusError

if TYPE_CHECKING:
    from edgewise.updates.network import Network

_HUB = re.compile(r"hf:([\w.-]+/[\w.-]+)(?:@([\w./-]+))?", re.ASCII)
_HUB_ADDRESS = "https://huggingface.co"
_HUB_HOSTS = (".huggingface.co", ".hf.co")
"""Where a hub keeps large files: its answers lead there."""

_BLOCK = 64 * 1024


@dataclass(frozen=True)
class Source:
    """Where updates come from.

    Attributes:
        bases: Addresses of the same static folder, each with a slash at its end, tried in this order.
        redirects_to: Hosts that answers may lead to besides the one asked; with a dot in front, all below.
    """

    bases: tuple[str, ...]
    redirects_to: tuple[str, ...] = ()

    @classmethod
    def parse(cls, given: str | Path, mirror: str | None = None) -> Source:
        """Read `DIR`, `https://…`, or `hf:organisation/repository[@revision]`.

        Args:
            given: The source.
            mirror: An address with the same files, which is asked first. It need not be trusted.

        Raises:
            SourceError: It is none of these.
        """
        found = _parse(str(given))
        return found if mirror is None else found.behind(mirror)

    def behind(self, mirror: str) -> Source:
        """Return this source with a mirror that is asked first."""
        other = _parse(mirror)
        hosts = (*other.redirects_to, *self.redirects_to)
        bases = (*other.bases, *self.bases)
        return replace(self, bases=tuple(dict.fromkeys(bases)), redirects_to=tuple(dict.fromkeys(hosts)))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {"bases": list(self.bases), "redirects_to": list(self.redirects_to)}

    def __str__(self) -> str:
        return " or ".join(self.bases)


def _parse(given: str) -> Source:
    if hub := _HUB.fullmatch(given):
        address = os.environ.get("HF_ENDPOINT", _HUB_ADDRESS).rstrip("/")
        return Source((f"{address}/{hub[1]}/resolve/{hub[2] or 'main'}/",), _HUB_HOSTS)
    if given.startswith("hf:"):
        raise SourceError(given, "a hub's repository is written hf:organisation/repository")
    parts = urlsplit(given)
    if parts.scheme in ("http", "https"):
        if not parts.hostname or parts.query or parts.fragment or parts.username:
            raise SourceError(given, "the address must be plain: no user, query or fragment")
        return Source((given.rstrip("/") + "/",))
    folder = Path(url2pathname(parts.path)) if parts.scheme == "file" else Path(given)
    if not given or (len(parts.scheme) > 1 and parts.scheme != "file"):
        raise SourceError(given, "such addresses are not known")
    return Source((folder.absolute().as_uri().rstrip("/") + "/",))


def fetch(base: str, path: str, start: int, source: Source, network: Network) -> Generator[bytes, None, None]:
    """Read a file of a source, from a byte on.

    Args:
        base: One of the source's bases.
        path: Path of the file below it, of plain signs.
        start: The first byte wanted.
        source: The source.
        network: How to talk to it.

    Yields:
        The bytes in blocks; all of the file from `start` on.

    Raises:
        SourceAwayError: It cannot be had, or stops on the way.
    """
    if base.startswith("file:"):
        return _read(Path(url2pathname(urlsplit(base).path)) / path, start)
    from edgewise.updates.http_get import get

    return get(base + path, start, source.redirects_to, network)


def _read(path: Path, start: int) -> Generator[bytes, None, None]:
    try:
        with path.open("rb") as file:
            file.seek(start)
            while block := file.read(_BLOCK):
                yield block
    except FileNotFoundError:
        raise SourceStatusError(str(path), 404) from None
    except OSError as error:
        raise SourceAwayError(str(path), error.strerror or str(error)) from error
