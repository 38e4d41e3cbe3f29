"""How patient the network part is, and trying again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from edgewise.updates.errors import (
    CertificateRefusedError,
    RedirectRefusedError,
    SourceAwayError,
    SourceStatusError,
)

if TYPE_CHECKING:
    import ssl

T = TypeVar("T")

_TRANSIENT = {408, 425, 429, 500, 502, 503, 504}


@dataclass(frozen=True)
class Network:
    """How to talk to a source.

    Attributes:
        connect_seconds: To wait for a connection.
        read_seconds: To wait for the next byte.
        header_seconds: To wait for all headers of an answer.
        stall_seconds: Over such a time ...
        least_rate: ... an answer must come with so many bytes a second, or it counts as lost.
        attempts: How often a file is asked for in a row without 64 KiB of progress.
        pause: Seconds before the second attempt; they double, with jitter.
        longest_pause: They never become more, whatever the server wants.
        buffer: Bytes that may be on their way at once: what a kill may cost. Larger is faster on long lines.
        proxies: Proxy addresses by scheme; None for those of the environment (`HTTPS_PROXY`, `NO_PROXY`).
        authorities: A PEM file with certificates of an organisation's own authorities, trusted besides the
            system's (which are those of `SSL_CERT_FILE`, where that is set).
        headers: Sent along to the source itself, never to where it redirects: `{"Authorization": …}`.
        sleep: Waits; for tests.
    """

    connect_seconds: float = 15.0
    read_seconds: float = 20.0
    header_seconds: float = 40.0
    stall_seconds: float = 30.0
    least_rate: float = 512.0
    attempts: int = 5
    pause: float = 0.5
    longest_pause: float = 30.0
    buffer: int = 64 * 1024
    proxies: Mapping[str, str] | None = None
    authorities: str | Path | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    sleep: Callable[[float], None] = time.sleep

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """Whom to trust over HTTPS. Made once, as reading all authorities takes longer than many an answer.

        Raises:
            OSError: The authorities that were named cannot be read.
        """
        from ssl import create_default_context

        context = create_default_context()
        if self.authorities is not None:
            context.load_verify_locations(self.authorities)
        return context


def is_worth_retrying(error: SourceAwayError) -> bool:
    """Whether the same request may go well a little later."""
    if isinstance(error, SourceStatusError):
        return error.status in _TRANSIENT
    return not isinstance(error, (RedirectRefusedError, CertificateRefusedError))


def pause_before(network: Network, attempt: int, error: SourceAwayError) -> float:
    """Return the seconds to wait before an attempt; the first repetition is 1.

    Between half and all of the doubled pause, so that a fleet does not come back all at once; what the server
    wants is kept to, up to the longest pause.
    """
    wanted = getattr(error, "retry_after", None) or 0.0
    doubled = network.pause * 2.0 ** (attempt - 1)
    return float(min(network.longest_pause, max(wanted, doubled * random.uniform(0.5, 1.0))))


def with_retries(network: Network, attempt: Callable[[], T]) -> T:
    """Do something that may fail for a while.

    Raises:
        SourceAwayError: It still fails, or there is no use in trying again.
    """
    for number in range(1, network.attempts):
        try:
            return attempt()
        except SourceAwayError as error:
            if not is_worth_retrying(error):
                raise
            network.sleep(pause_before(network, number, error))
    return attempt()
