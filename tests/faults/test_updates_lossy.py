"""A network that drops every third packet: two network namespaces, and between them a wire that is ours."""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import signal
import socket
import struct
import subprocess
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.update_faults import whole
from tests.support.update_repository import make_repository
from tests.support.update_server import UpdateServer

from edgewise.updates import Store, pull
from edgewise.updates.network import Network
from edgewise.updates.preflight import Trial
from edgewise.updates.pulling import How

_NEW_NETWORK = 0x40000000
_SET_INTERFACE = 0x400454CA
_TUN_WITHOUT_HEADER = 0x1001
_SERVER, _CLIENT = "10.203.0.1", "10.203.0.2"


def enter(address: str) -> int:
    """Move this process into a network of its own; return the file that is its only wire."""
    if ctypes.CDLL(None, use_errno=True).unshare(_NEW_NETWORK) != 0:
        raise PermissionError(ctypes.get_errno(), "no new network namespace")
    wire = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(wire, _SET_INTERFACE, struct.pack("16sH14x", b"wire", _TUN_WITHOUT_HEADER))
    for command in (["addr", "add", f"{address}/24", "dev", "wire"], ["link", "set", "wire", "up"]):
        subprocess.run(["ip", *command], check=True, capture_output=True)
    return wire


def in_network(address: str, work: Callable[[], None]) -> tuple[int, int]:
    """Do something in a child with a network of its own; return the child and its wire."""
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            socket.send_fds(theirs, [b"wire"], [enter(address)])
            theirs.recv(1)  # until both ends are there
            work()
            code = 0
        except OSError as error:
            theirs.send(str(error).encode()[:200] or b"?")
        finally:
            os._exit(code)
    theirs.close()
    _, wires, _, _ = socket.recv_fds(ours, 200, 1)
    if not wires:
        os.waitpid(child, 0)
        pytest.skip("this process may not make network namespaces or interfaces")
    _READY.append(ours)
    return child, wires[0]


_READY: list[socket.socket] = []


def relay(one: int, other: int, dropped: list[int], stop: threading.Event) -> None:
    """Carry packets to and fro, and lose every third."""
    seen = 0
    while not stop.is_set():
        for wire in select.select([one, other], [], [], 0.1)[0]:
            packet = os.read(wire, 65536)
            seen += 1
            if seen % 3:
                os.write(other if wire == one else one, packet)
            else:
                dropped.append(len(packet))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/net/tun").exists(), reason="the system has no /dev/net/tun")
def test_a_network_that_drops_every_third_packet_takes_longer_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgewise.updates.pulling.run_preflight", lambda *_: Trial(1.0, 1))
    made = make_repository(tmp_path)
    made.publish("1.0.0", extra=os.urandom(20_000))

    def serve() -> None:
        with UpdateServer(made.folder, host=_SERVER, port=8080):
            signal.pause()

    def fetch() -> None:
        network = replace(Network(), proxies={}, read_seconds=60.0, header_seconds=60.0, connect_seconds=60.0)
        how = How(network=network)
        store = Store(tmp_path / "device")
        pull("tiny", store=store, source=f"http://{_SERVER}:8080/", trust=made.trust, how=how)

    server, one = in_network(_SERVER, serve)
    client, other = in_network(_CLIENT, fetch)
    dropped: list[int] = []
    stop = threading.Event()
    carrier = threading.Thread(target=relay, args=(one, other, dropped, stop))
    carrier.start()
    for each in _READY:
        each.send(b"!")
    try:
        assert os.waitstatus_to_exitcode(os.waitpid(client, 0)[1]) == 0
    finally:
        stop.set()
        carrier.join()
        os.kill(server, signal.SIGKILL)
        os.waitpid(server, 0)
        for handle in (one, other):
            os.close(handle)
        for each in _READY:
            each.close()
    assert len(dropped) > 10
    assert whole(tmp_path / "device") == "1.0.0"
