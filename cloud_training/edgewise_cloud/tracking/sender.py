"""Sends a spool to its tracking store; run as a process of its own beside the training.

A process, because MLflow waits minutes for a server that is away, which a training must not, and because what
MLflow reads from the environment then concerns nobody else. It follows the spool until its stdin ends, which
also happens when the training is killed; then it sends what is left and ends.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgewise.cli.errors import OutputBusyError
from edgewise.cli.job.lock import Lock
from edgewise_cloud.tracking.server import CallRefusedError, MlflowStore, ServerAwayError, Store
from edgewise_cloud.tracking.spool import Sent, Spool

URL_VARIABLE = "EDGEWISE_SENDER_URL"
"""Holds the address with its password, which is neither on disk nor in the list of processes."""

UNSENT = 3
"""Exit code: something is left in the spool."""

_LOOK_EVERY = 0.2
_LONGEST_PAUSE = 15.0


class Sender:
    """Sends the calls of a spool in their order."""

    def __init__(self, spool: Spool, store: Store) -> None:
        """Begin where the last sender ended."""
        self._spool = spool
        self._store = store
        self._sent = spool.sent

    def step(self) -> bool:
        """Send the next call, or several calls of figures at once.

        Returns:
            Whether there was one.

        Raises:
            ServerAwayError: It could not be sent; it stays the next one.
        """
        waiting = self._spool.after(self._sent.offset)
        if not waiting:
            return False
        try:
            taken = self._send(waiting)
        except ServerAwayError as error:
            self._note(problem=str(error))
            raise
        self._note(offset=waiting[taken - 1][1], problem="")
        for call, _ in waiting[:taken]:
            if call["call"] == "artifact":
                shutil.rmtree((self._spool.files / call["file"]).parent, ignore_errors=True)
        return True

    def _send(self, waiting: Sequence[tuple[dict[str, Any], int]]) -> int:
        """Send the first call with the calls of figures behind it; return how many were dealt with."""
        first = waiting[0][0]
        if first["call"] != "metrics":
            self._one(first)
            return 1
        calls = []
        for call, _ in waiting:
            if call["call"] != "metrics" or call["run"] != first["run"]:
                break
            calls.append(call)
        try:
            self._store.metrics(self._run(first), calls)
        except CallRefusedError:
            for call in calls:
                self._one(call)
        return len(calls)

    def _one(self, call: dict[str, Any]) -> None:
        try:
            self._do(call)
        except CallRefusedError as error:
            if call["call"] in ("start", "resume"):
                # Without its run nothing that follows makes sense, so this waits for somebody to look.
                raise ServerAwayError(str(error)) from error
            self._spool.refuse(call, str(error))
            if call["call"] == "artifact":
                self._keep_refused(call)
            self._note(refused=self._sent.refused + 1)

    def _do(self, call: dict[str, Any]) -> None:
        match call["call"]:
            case "start":
                run = self._store.start(self._spool.experiment, call)
                self._note(runs={**self._sent.runs, call["run"]: run})
            case "resume":
                self._store.resume(self._run(call))
            case "metrics":
                self._store.metrics(self._run(call), [call])
            case "artifact":
                self._artifact(call)
            case "end":
                self._store.end(self._run(call), call["status"], call["time"])
            case other:
                raise CallRefusedError(f"there is no call {other!r}")

    def _artifact(self, call: dict[str, Any]) -> None:
        path = self._spool.files / call["file"]
        # The state is written after the upload and before the copy is removed: if it is gone, it was sent.
        if path.exists():
            self._store.artifact(self._run(call), path, call["folder"])

    def _keep_refused(self, call: dict[str, Any]) -> None:
        kept = self._spool.folder / "refused" / call["file"]
        kept.parent.mkdir(parents=True, exist_ok=True)
        (self._spool.files / call["file"]).replace(kept)

    def _run(self, call: dict[str, Any]) -> str:
        return self._sent.runs.get(call["run"], call["run"])

    def _note(self, **changes: Any) -> None:
        new: Sent = replace(self._sent, **changes)
        if new != self._sent:
            self._sent = new
            self._spool.note(new)


def follow(sender: Sender, finish: threading.Event, patience: float) -> int:
    """Send until told to finish, then send the rest.

    Args:
        sender: Does it.
        finish: Set when no more calls will come.
        patience: Seconds to go on trying after that while the server is away.

    Returns:
        0 when all has been sent, else `UNSENT`.
    """
    pause, deadline = 0.5, None
    while True:
        if finish.is_set() and deadline is None:
            deadline, pause = time.monotonic() + patience, 0.5
        try:
            # Looked at before the step, so that a call written just before the end is not missed.
            last = finish.is_set()
            if sender.step():
                pause = 0.5
            elif last:
                return 0
            else:
                finish.wait(_LOOK_EVERY)
        except ServerAwayError:
            if deadline is not None and time.monotonic() + pause > deadline:
                return UNSENT
            (time.sleep if finish.is_set() else finish.wait)(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


def _until_stdin_ends(finish: threading.Event) -> None:
    while sys.stdin.buffer.read(1):
        pass
    finish.set()


def _locked(folder: Path) -> Lock:
    """Wait for the sender of a killed run to end."""
    while True:
        try:
            return Lock(folder / "sender.lock")
        except OutputBusyError:
            time.sleep(_LOOK_EVERY)


def main(arguments: Sequence[str] | None = None) -> int:
    """Send a spool."""
    parser = argparse.ArgumentParser(prog="python -m edgewise_cloud.tracking", description=main.__doc__)
    parser.add_argument("spool", type=Path)
    parser.add_argument("--patience", type=float, default=60.0)
    given = parser.parse_args(arguments)
    # Ctrl-C is for the training, whose end is ours.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    finish = threading.Event()
    threading.Thread(target=_until_stdin_ends, args=(finish,), daemon=True).start()
    lock = _locked(given.spool)
    try:
        spool = Spool(given.spool)
        store = MlflowStore(os.environ.get(URL_VARIABLE) or spool.url)
        return follow(Sender(spool, store), finish, given.patience)
    finally:
        lock.release()
