"""A static HTTP server on loopback that knows ranges, counts what it sends, and misbehaves when told to.

with UpdateServer(folder) as server:
    server.misbehave("large.bin", "cut", 500)      # the next two requests whose path ends so
    pull("tiny", source=server.url, ...)
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edgewise.updates.network import Network

QUICK = Network(
    connect_seconds=2.0,
    read_seconds=1.0,
    header_seconds=1.0,
    stall_seconds=0.5,
    least_rate=2000.0,
    attempts=3,
    pause=0.0,
    proxies={},
    sleep=lambda seconds: None,
)
"""A way to talk to it that gives up soon."""

Fault = str | int


class UpdateServer:
    """See the module.

    Attributes:
        requests: Path and first byte of every request.
        sent: Bytes of bodies that were handed to the network.
    """

    def __init__(
        self,
        folder: Path,
        *,
        small_buffer: bool = False,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.folder = folder
        self.requests: list[tuple[str, int]] = []
        self.headers: list[dict[str, str]] = []
        self.sent = 0
        self._faults: dict[str, list[Fault]] = defaultdict(list)
        handler = type("Handler", (_Handler,), {"owner": self, "small_buffer": small_buffer})
        self._server = _Server((host, port), handler)
        self._scheme = "http" if tls is None else "https"
        if tls is not None:
            # The handshake is the handler's, so that one that fails stops nothing else.
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}/"

    def misbehave(self, ending: str, *faults: Fault) -> None:
        """Do something else for the next requests whose path ends so; "always:X" for all of them."""
        self._faults[ending] += faults

    def well(self) -> None:
        """Behave again."""
        self._faults.clear()

    def fault(self, path: str) -> Fault | None:
        for ending, faults in self._faults.items():
            if path.endswith(ending) and faults:
                first = faults[0]
                if isinstance(first, str) and first.startswith("always:"):
                    rest = first.removeprefix("always:")
                    return int(rest) if rest.isdigit() else rest
                return faults.pop(0)
        return None

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Say nothing of clients that leave."""


class _Handler(BaseHTTPRequestHandler):
    owner: UpdateServer
    small_buffer: bool

    def setup(self) -> None:
        if self.small_buffer:
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
        super().setup()

    def do_GET(self) -> None:
        start = int((self.headers.get("Range") or "bytes=0-")[6:].rstrip("-") or 0)
        path = self.path.partition("://")[2].partition("/")[2] if "://" in self.path else self.path
        self.owner.requests.append((path, start))
        self.owner.headers.append(dict(self.headers))
        try:
            self._answer(path, start, self.owner.fault(path))
        except (BrokenPipeError, ConnectionResetError):
            return

    def _answer(self, path: str, start: int, fault: Fault | None) -> None:
        if isinstance(fault, int):
            self.send_response(fault)
            if fault == 429:
                self.send_header("Retry-After", "7")
            self.end_headers()
            return
        if fault is not None and fault.startswith("redirect:"):
            self.send_response(302)
            self.send_header("Location", fault.removeprefix("redirect:"))
            self.end_headers()
            return
        place = self.owner.folder / path.lstrip("/")
        if not place.is_file():
            self.send_error(404)
            return
        self._send(place.read_bytes(), start, fault)

    def _send(self, data: bytes, start: int, fault: Fault | None) -> None:
        if fault == "drip headers":
            for sign in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 200:
                self.wfile.write(bytes([sign]))
                time.sleep(0.05)
            return
        ranged = start > 0 and fault != "no range"
        body = data[start if ranged else 0 :]
        if fault == "garbage":
            body = bytes(each ^ 0x5A for each in body)
        if fault == "longer":
            body += b"more"
        self.send_response(206 if ranged else 200)
        if ranged:
            first = 0 if fault == "wrong range" else start
            self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
        if fault == "packed":
            self.send_header("Content-Encoding", "gzip")
        if fault != "no length":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self._write(body, fault)

    def _write(self, body: bytes, fault: Fault | None) -> None:
        if fault == "drip":
            for sign in body:
                self.wfile.write(bytes([sign]))
                time.sleep(0.02)
            return
        for begin in range(0, len(body) if fault != "cut" else len(body) // 2, 16 * 1024):
            block = body[begin : begin + 16 * 1024]
            self.wfile.write(block[: len(body) // 2 - begin] if fault == "cut" else block)
            self.owner.sent += len(block)

    def log_message(self, *_: Any) -> None:
        return
