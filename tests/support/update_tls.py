"""What HTTPS needs: an authority that signs servers' certificates, and a proxy that makes tunnels.

authority = Authority(tmp_path)
with UpdateServer(folder, tls=authority.server("127.0.0.1")) as server:
    pull("tiny", source=server.url, how=How(network=Network(authorities=authority.file)))
"""

from __future__ import annotations

import datetime
import ipaddress
import select
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Authority:
    """An organisation's own authority.

    Attributes:
        file: Its certificate, as PEM.
    """

    def __init__(self, work: Path) -> None:
        self._work = work
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An organisation's own")])
        whole = x509.BasicConstraints(ca=True, path_length=None)
        certificate = self._make(self._name, self._key.public_key(), 30).add_extension(whole, critical=True)
        self.file = work / "authority.pem"
        self.file.write_bytes(_pem(certificate.sign(self._key, hashes.SHA256())))

    def server(self, host: str, days: int = 30) -> ssl.SSLContext:
        """Return what a server of this name or address needs; with negative days its certificate is over."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A server")])
        known = x509.IPAddress(ipaddress.ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
        certificate = (
            self._make(name, key.public_key(), days)
            .add_extension(x509.SubjectAlternativeName([known]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        file = self._work / f"{host}-{days}.pem"
        plain = serialization.NoEncryption()
        form = serialization.PrivateFormat.PKCS8
        file.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain) + _pem(certificate))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _make(self, name: x509.Name, key: ec.EllipticCurvePublicKey, days: int) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=60))
            .not_valid_after(now + datetime.timedelta(days=days))
        )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


class TunnelProxy:
    """A proxy that makes tunnels, all of them to one port of this machine, whatever name is asked for.

    Attributes:
        asked: What tunnels were asked for, as `host:port`.
        words: The `Proxy-Authorization` of each.
    """

    def __init__(self, port: int, refuses: bool = False) -> None:
        self.asked: list[str] = []
        self.words: list[str | None] = []
        self.port, self.refuses = port, refuses
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Tunnel,), {"owner": self}))
        self._server.daemon_threads = True

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Tunnel(BaseHTTPRequestHandler):
    owner: TunnelProxy

    def do_CONNECT(self) -> None:
        self.owner.asked.append(self.path)
        self.owner.words.append(self.headers["Proxy-Authorization"])
        if self.owner.refuses:
            self.send_error(407)
            return
        with socket.create_connection(("127.0.0.1", self.owner.port)) as there:
            self.send_response(200)
            self.end_headers()
            ways = {self.connection: there, there: self.connection}
            while True:
                for end in select.select(list(ways), [], [])[0]:
                    data = end.recv(65536)
                    if not data:
                        return
                    ways[end].sendall(data)

    def log_message(self, *_: Any) -> None:
        return
