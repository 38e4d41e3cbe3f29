"""The tracker that loses nothing: calls go to a spool, and from there to the store."""

from __future__ import annotations

import logging
import subprocess
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgewise.cli.errors import OutputBusyError
from edgewise.cli.job.lock import Lock
from edgewise_cloud.tracking.base import LOCAL, STATUSES, Tracker, Unsent
from edgewise_cloud.tracking.errors import NoRunError, RunStatusError, SpoolBusyError
from edgewise_cloud.tracking.names import checked, flat
from edgewise_cloud.tracking.sending import launch, unsent
from edgewise_cloud.tracking.spool import Spool
from edgewise_cloud.tracking.urls import without_password

_LONGEST_SENDING = 3600.0  # seconds
_log = logging.getLogger(__name__)


class SpoolTracker(Tracker):
    """Writes every call down and lets a process of its own send them.

    A call costs a line on disk, whatever the server does. Closed by `end`; may be started again after that.
    """

    def __init__(
        self, url: str, experiment: str, spool: Path, *, start_wait: float = 30.0, patience: float = 60.0
    ) -> None:
        """Take the spool.

        Args:
            url: Full address; see `tracking_url`.
            experiment: Name of the experiment.
            spool: Folder, made if it is not there. What an earlier run left in it is sent, too.
            start_wait: Most seconds that `start` waits for the server's id of the run.
            patience: Most seconds that `end` waits for a server that is away.

        Raises:
            SpoolBusyError: Another process has it.
            SpoolTargetError: It holds the calls for another store.
            SpoolWriteError: It cannot be written.
        """
        self._url, self._start_wait, self._patience = url, start_wait, patience
        self._run: str | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._looked = 0.0
        self._told = ""
        self._spool = Spool.create(spool, url, experiment)
        self._lock = self._take()

    def start(self, run_name: str, params: Mapping[str, object], tags: Mapping[str, str]) -> str:
        """Begin a run; see `Tracker.start`."""
        local = f"{LOCAL}{uuid.uuid4().hex}"
        self._run = local
        texts = {str(name): str(value) for name, value in tags.items()}
        self._write("start", name=run_name, params=flat(params), tags=texts)
        self._follow()
        return self._known(local)

    def resume(self, run_id: str) -> None:
        """Go on with a run; see `Tracker.resume`."""
        self._run = run_id
        self._write("resume")
        self._follow()

    def metrics(self, values: Mapping[str, float], step: int | None = None) -> None:
        """Note figures; see `Tracker.metrics`."""
        if self._run is None:
            raise NoRunError("metrics")
        if found := checked(values):
            self._write("metrics", values=found, step=None if step is None else int(step))
        self._look()

    def artifact(self, path: Path, folder: str = "") -> None:
        """Keep a file or folder; see `Tracker.artifact`."""
        if self._run is None:
            raise NoRunError("artifact")
        self._write("artifact", file=self._spool.keep(Path(path)), folder=folder.strip("/"))
        self._look()

    def end(self, status: str = "FINISHED") -> None:
        """End the run; see `Tracker.end`. What cannot be sent is told in a warning."""
        if status.upper() not in STATUSES:
            raise RunStatusError(status, STATUSES)
        if self._run is None:
            raise NoRunError("end")
        self._write("end", status=status.upper())
        self._run = None
        self._follow()
        self._finish()
        if rest := self.unsent:
            _log.warning("%s", rest)

    @property
    def unsent(self) -> Unsent | None:
        """What the server has not got; None when it has everything."""
        return unsent(self._spool, self._url)

    def _take(self) -> Lock:
        try:
            return Lock(self._spool.folder / "writer.lock")
        except OutputBusyError as error:
            raise SpoolBusyError(self._spool.folder) from error

    def _write(self, call: str, **facts: Any) -> None:
        self._spool.append({"call": call, "run": self._run, "time": int(time.time() * 1000), **facts})

    def _follow(self) -> None:
        if self._process is None or self._process.poll() is not None:
            self._process = launch(self._spool, self._url, self._patience, follow=True)

    def _known(self, local: str) -> str:
        """Wait for the server's id of a run; ours, when it is away or slow."""
        deadline = time.monotonic() + self._start_wait
        while time.monotonic() < deadline:
            sent = self._spool.sent
            if local in sent.runs:
                return sent.runs[local]
            if sent.problem or self._process is None or self._process.poll() is not None:
                break
            time.sleep(0.05)
        self._look(at_once=True)
        return local

    def _look(self, at_once: bool = False) -> None:
        """Say once when the server goes away and once when it is back; restart a sender that died."""
        now = time.monotonic()
        if not at_once and now - self._looked < 5.0:
            return
        self._looked = now
        problem, shown = self._spool.sent.problem, without_password(self._url)
        if problem and not self._told:
            _log.warning(
                "%s is away (%s); what is tracked is kept in %s.", shown, problem, self._spool.folder
            )
        elif self._told and not problem:
            _log.warning("%s is back.", shown)
        self._told = problem
        self._follow()

    def _finish(self) -> None:
        """Let the sender send the rest, within limits."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            # It gives up by itself when the server is away; a large model may take long without being stuck.
            process.wait(self._patience + _LONGEST_SENDING)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait()
