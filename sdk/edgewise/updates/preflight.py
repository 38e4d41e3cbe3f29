"""The trial of a fetched model before it is used: in a process of its own, so that a crash harms nobody."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewise.updates.errors import PreflightError

_SHOWN = 300


@dataclass(frozen=True)
class Preflight:
    """How to try a model.

    Attributes:
        budget_ms: The most that a short text may take, in the median; None for no limit. A budget that the
            publisher signed counts as well.
        seconds: The most that the whole trial may take.
        executable: The Python to run it with; None for the one that runs now.
    """

    budget_ms: float | None = None
    seconds: float = 180.0
    executable: str | None = None


@dataclass(frozen=True)
class Trial:
    """What a trial found.

    Attributes:
        latency_ms: What a short text took, in the median.
        inputs: Test inputs that were answered as expected.
    """

    latency_ms: float
    inputs: int


def run_preflight(folder: Path, model: str, budget_ms: float | None, how: Preflight) -> Trial:
    """Load a bundle in a child process, verify its files, run its test inputs, compare and time them.

    Args:
        folder: The bundle.
        model: Name and version, for messages.
        budget_ms: The publisher's budget, None for none.
        how: How to try it.

    Raises:
        PreflightError: It crashes, hangs, cannot be loaded, answers otherwise than expected, or is too slow.
    """
    command = [how.executable or sys.executable, "-P", "-m", "edgewise.updates.preflight_child", str(folder)]
    # The child must find the same packages, however the app came by them.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=how.seconds,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PreflightError(model, f"it was not done after {how.seconds:g} seconds") from None
    except OSError as error:
        raise PreflightError(
            model, f"no process could be started for it: {error.strerror or error}"
        ) from error
    found = _answer(done.stdout)
    if found is None:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise PreflightError(
            model, f"it crashed with code {done.returncode}: {(said or ['no word'])[-1][:_SHOWN]}"
        )
    if found.get("problem"):
        raise PreflightError(model, str(found["problem"])[:_SHOWN])
    trial = Trial(float(found["latency_ms"]), int(found["inputs"]))
    budgets = [each for each in (budget_ms, how.budget_ms) if each is not None]
    if budgets and trial.latency_ms > min(budgets):
        raise PreflightError(
            model, f"a short text takes {trial.latency_ms:.2f} ms, its budget is {min(budgets):g} ms"
        )
    return trial


def _answer(output: bytes) -> dict[str, Any] | None:
    """Read the child's last line; None when it did not come to it."""
    try:
        found = json.loads(output.decode("utf-8").strip().splitlines()[-1])
    except (ValueError, IndexError):
        return None
    return found if isinstance(found, dict) and found.get("preflight") == 1 else None
