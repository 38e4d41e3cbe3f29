"""GET over HTTP and HTTPS: from a byte on, through proxies, and never at the mercy of the server.

What is asked for is checked by its hash later; here it is made sure that an answer ends: a server that sends
one byte a second, more than it said, packed data, or somebody to another place is left.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import re
import socket
import ssl
import time
from collections.abc import Generator, Mapping
from threading import Event, Timer
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

from edgewise.updates.errors import (
    CertificateRefusedError,
    RedirectRefusedError,
    SourceAwayError,
    SourceStatusError,
)
from edgewise.updates.network import Network
from edgewise.version import __version__

_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 5
_BLOCK = 64 * 1024
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)", re.ASCII)
_PORTS = {"http": 80, "https": 443}


def get(
    url: str, start: int, redirects_to: tuple[str, ...], network: Network
) -> Generator[bytes, None, None]:
    """Read what an address answers, from a byte on.

    Args:
        url: The address.
        start: The first byte wanted. A server that knows no ranges sends all, and the beginning is dropped.
        redirects_to: Hosts that the answer may lead to besides the one asked; with a dot in front, all below.
        network: How patient to be.

    Yields:
        The bytes in blocks.

    Raises:
        SourceAwayError: It cannot be had, or stops on the way; every reason has its text or class.
    """
    asked, address = url, url
    for _ in range(_MOST_REDIRECTS + 1):
        connection = _connect(address, network)
        try:
            headers = _headers(start, network if _same_place(address, asked) else None)
            with contextlib.closing(_ask(connection, address, headers, network)) as answer:
                if answer.status not in _REDIRECTS:
                    yield from _body(answer, url, start, network)
                    return
                address = _next(answer, url, address, redirects_to)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if isinstance(error, SourceAwayError):
                raise
            raise SourceAwayError(url, _reason(error)) from error
        finally:
            connection.close()
    raise RedirectRefusedError(url, "one place after the other")


def _connect(url: str, network: Network) -> http.client.HTTPConnection:
    """Open a connection to the server, or to the proxy that leads there."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    proxy = _proxy(parts.scheme, host, port, network)
    way = urlsplit(url if proxy is None else proxy if "://" in proxy else f"http://{proxy}")
    there, door = (host, port) if proxy is None else (way.hostname or "", way.port or 80)
    if parts.scheme == "https":
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            there, door, timeout=network.connect_seconds, context=_tls(url, network)
        )
        if proxy is not None:
            connection.set_tunnel(host, port, headers=_proxy_headers(proxy))
    else:
        connection = http.client.HTTPConnection(there, door, timeout=network.connect_seconds)
    try:
        connection.connect()
    except ssl.SSLCertVerificationError as error:
        connection.close()
        why = (
            f"its certificate is refused: {error.verify_message.rstrip('.')}. If an authority of your own "
            "made it, name its PEM file in SSL_CERT_FILE or `Network(authorities=…)`"
        )
        raise CertificateRefusedError(url, why) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        connection.close()
        raise SourceAwayError(url, _reason(error)) from error
    connection.sock.settimeout(network.read_seconds)
    # What is on its way when a process is killed is lost, so not too much may be.
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, network.buffer)
    return connection


def _tls(url: str, network: Network) -> ssl.SSLContext:
    try:
        return network.tls
    except OSError as error:
        why = f"the authorities in {network.authorities} cannot be read: {_reason(error)}"
        raise CertificateRefusedError(url, why) from error


def _proxy(scheme: str, host: str, port: int, network: Network) -> str | None:
    known = getproxies() if network.proxies is None else network.proxies
    found = known.get(scheme) or known.get("all")
    if not found or (network.proxies is None and proxy_bypass(f"{host}:{port}")):
        return None
    return found


def _proxy_headers(proxy: str) -> dict[str, str]:
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    if not parts.username:
        return {}
    words = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return {"Proxy-Authorization": f"Basic {base64.b64encode(words).decode('ascii')}"}


def _headers(start: int, network: Network | None) -> dict[str, str]:
    headers = {"User-Agent": f"edgewise/{__version__}", "Accept-Encoding": "identity", "Connection": "close"}
    if start:
        headers["Range"] = f"bytes={start}-"
    # What the app sends along is for the source itself only.
    return headers if network is None else {**headers, **network.headers}


def _ask(
    connection: http.client.HTTPConnection, url: str, headers: Mapping[str, str], network: Network
) -> http.client.HTTPResponse:
    """Send a request and read the headers of its answer, all within their time."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    proxy = _proxy(parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme], network)
    if proxy is not None and parts.scheme == "http":
        target, headers = url, {**headers, **_proxy_headers(proxy)}
    # A server may send its headers one byte at a time, each in time: so the whole has an end, too.
    late = Event()
    end = Timer(network.header_seconds, _cut, (connection.sock, late))
    end.daemon = True
    end.start()
    try:
        connection.request("GET", target or "/", headers=dict(headers))
        answer = connection.getresponse()
    except (OSError, http.client.HTTPException, ValueError):
        if not late.is_set():
            raise
    else:
        if not late.is_set():
            return answer
        answer.close()
    finally:
        end.cancel()
    raise SourceAwayError(url, f"its headers took longer than {network.header_seconds:g} seconds")


def _cut(sock: socket.socket, late: Event) -> None:
    late.set()
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _body(
    answer: http.client.HTTPResponse, url: str, start: int, network: Network
) -> Generator[bytes, None, None]:
    if answer.status not in (200, 206):
        raise SourceStatusError(url, answer.status, _retry_after(answer))
    if (answer.getheader("Content-Encoding") or "identity") != "identity":
        raise SourceAwayError(url, "the answer is packed, although it was asked for as it is")
    drop = start if answer.status == 200 else 0
    if answer.status == 206:
        found = _RANGE.fullmatch(answer.getheader("Content-Range") or "")
        if found is None or int(found[1]) != start:
            raise SourceAwayError(url, "the server sends another part than the one asked for")
    for block in _blocks(answer, url, network):
        yield block[drop:]
        drop -= min(drop, len(block))


def _blocks(answer: http.client.HTTPResponse, url: str, network: Network) -> Generator[bytes, None, None]:
    """Read block by block, as long as they come fast enough."""
    since, came = time.monotonic(), 0
    while block := answer.read1(_BLOCK):
        yield block
        came += len(block)
        waited = time.monotonic() - since
        if waited >= network.stall_seconds:
            if came < network.least_rate * waited:
                raise SourceAwayError(url, f"only {came} bytes came in {waited:.0f} seconds")
            since, came = time.monotonic(), 0
    if answer.length:
        raise SourceAwayError(url, f"the connection broke off, {answer.length} bytes before the end")


def _next(answer: http.client.HTTPResponse, url: str, address: str, redirects_to: tuple[str, ...]) -> str:
    """Return where an answer leads to, if that may be."""
    target = urljoin(address, answer.getheader("Location") or "")
    here, there = urlsplit(address), urlsplit(target)
    if there.scheme not in _PORTS or (here.scheme == "https" and there.scheme == "http"):
        raise RedirectRefusedError(url, target)
    host = there.hostname or ""
    agreed = any(host.endswith(each) if each.startswith(".") else host == each for each in redirects_to)
    if not (_same_place(target, address, upgrade=True) or (agreed and there.scheme == "https")):
        raise RedirectRefusedError(url, target)
    return target


def _same_place(one: str, other: str, *, upgrade: bool = False) -> bool:
    """Whether two addresses are of one server; with `upgrade` also when the first is its HTTPS side."""
    first, second = urlsplit(one), urlsplit(other)
    if first.hostname != second.hostname:
        return False
    ports = [part.port or _PORTS[part.scheme] for part in (first, second)]
    same = first.scheme == second.scheme and ports[0] == ports[1]
    return same or (upgrade and (first.scheme, ports[0]) == ("https", 443) and ports[1] == 80)


def _retry_after(answer: http.client.HTTPResponse) -> float | None:
    said = answer.getheader("Retry-After") or ""
    return float(said) if re.fullmatch(r"\d{1,6}", said, re.ASCII) else None


def _reason(error: Exception) -> str:
    text = str(error).strip()
    return text if isinstance(error, OSError) and text else f"{type(error).__name__} {text}".strip()
