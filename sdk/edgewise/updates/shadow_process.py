"""The challenger of shadow mode in a process of its own: it can neither slow the app down nor take it along.

A thread would do neither: Python runs one at a time, and a backend that crashes ends the process it is in.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgewise.results import Analysis, Prediction
from edgewise.updates.channels_errors import ChallengerError

_CRASHES = 3
"""How often in a row it may end without an answer before it is left alone."""

_BELOW_NORMAL = 0x4000  # BELOW_NORMAL_PRIORITY_CLASS; of Windows


class ChallengerProcess:
    """Answers as an analyzer does, from a child process of lower priority, which begins with the first text.

    For one thread, as that of `Shadow` is. In an app that has no Python to start every text fails, and that
    is all that happens.

    Args:
        model: What the child's `Analyzer` is to use.
        settings: Further arguments of it, such as can be written as JSON.
        seconds: The most that one text may take; loading is part of the first. Then the child is ended.
        executable: The Python to run it with; None for the one that runs now.
    """

    def __init__(
        self,
        model: str | Path | None,
        settings: Mapping[str, Any] | None = None,
        *,
        seconds: float = 60.0,
        executable: str | None = None,
    ) -> None:
        self._begin = json.dumps({"model": None if model is None else str(model), **(settings or {})})
        self._seconds = seconds
        self._executable = executable or sys.executable
        self._forget()

    def _forget(self) -> None:
        """Begin without a child; one that a fork copied is the parent's."""
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._crashes = 0
        self._closed = False

    def analyze(self, text: str, *, tasks: tuple[str, ...] | None = None) -> Analysis:
        """Answer for one text.

        Raises:
            ChallengerError: It fails, crashes, takes too long, or did so too often.
        """
        if self._owner != os.getpid():
            self._forget()
        line = json.dumps({"text": text, "tasks": tasks}).encode("ascii") + b"\n"
        found = self._ask(line)
        if "problem" in found:
            raise ChallengerError(str(found["problem"]))
        return _analysis(found)

    def close(self) -> None:
        """End the child. May be called again, and from another thread."""
        if self._owner != os.getpid():
            self._forget()
        with self._lock:
            self._closed = True
            child = self._child
        if child is not None:
            _end(child)

    def _ask(self, line: bytes) -> dict[str, Any]:
        child = self._started()
        late = threading.Timer(self._seconds, child.kill)
        late.daemon = True
        late.start()
        try:
            answer = _exchange(child, line)
        finally:
            late.cancel()
        if not answer:
            self._child = None
            self._crashes += 1
            code = _end(child)
            raise ChallengerError(f"its process ended with code {code}")
        self._crashes = 0
        return dict(json.loads(answer))

    def _started(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closed or self._crashes >= _CRASHES:
                raise ChallengerError("it is closed" if self._closed else f"it crashed {_CRASHES} times")
            if self._child is not None:
                return self._child
            command = [self._executable, "-P", "-m", "edgewise.updates.shadow_child", self._begin]
            # The child must find the same packages, however the app came by them.
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            flags = _BELOW_NORMAL if sys.platform == "win32" else 0
            try:
                self._child = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=environment,
                    creationflags=flags,
                )
            except OSError as error:
                self._crashes += 1
                raise ChallengerError(f"no process can be started: {error.strerror or error}") from error
            return self._child


def _exchange(child: subprocess.Popen[bytes], line: bytes) -> bytes:
    """Send a line and read one; nothing when the child is gone."""
    if child.stdin is None or child.stdout is None:
        return b""
    try:
        child.stdin.write(line)
        child.stdin.flush()
        answer = child.stdout.readline()
    except (OSError, ValueError):
        return b""
    return answer if answer.endswith(b"\n") else b""


def _end(child: subprocess.Popen[bytes]) -> int:
    child.kill()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:
                continue
    return child.wait()


def _analysis(found: Mapping[str, Any]) -> Analysis:
    """Return the answer that was written as JSON; nothing but its labels and names is looked at."""
    said = {
        task: Prediction(**{**found[task], "labels": tuple(found[task]["labels"])}) if found[task] else None
        for task in ("language", "sentiment", "toxicity", "emotion")
    }
    return Analysis(**{**found, **said, "spans": ()})
