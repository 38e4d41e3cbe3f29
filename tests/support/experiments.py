"""Records of made-up devices, and an experiment to judge them by."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from edgewise.updates.arms import with_shares
from edgewise.updates.channels_document import Arm, Experiment, Guardrail

START = datetime(2026, 11, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def experiment(*guardrails: Guardrail, arms: int = 2, metric: str = "accuracy", **others: Any) -> Experiment:
    """Return an experiment with the arms control, challenger, third, ..."""
    names = ["control", "challenger", "third", "fourth"][:arms]
    made = tuple(Arm(name, f"base@1.{n}.0", ()) for n, name in enumerate(names))
    found = Experiment(
        "tone", "stable", "tone-salt", START, made, "control", metric, guardrails=guardrails, **others
    )
    return with_shares(found, dict.fromkeys(names, 0.2))


def feedback(device: int, n: int, right: bool, arm: str = "control", **others: Any) -> dict[str, Any]:
    """Return a record of feedback."""
    return {
        "format_version": 1,
        "id": f"f-{arm}-{device}-{n}",
        "kind": "feedback",
        "experiment": "tone",
        "arm": arm,
        "device": device_of(arm, device),
        "time": "2026-11-10T06:00:00Z",
        "model": "base@1.0.0",
        "task": "toxicity",
        "predicted": "toxic",
        "actual": "toxic" if right else "non-toxic",
        **others,
    }


def counts(device: int, arm: str = "control", **others: Any) -> dict[str, Any]:
    """Return a record of metrics."""
    return {
        "format_version": 1,
        "id": f"m-{arm}-{device}",
        "kind": "metrics",
        "experiment": "tone",
        "arm": arm,
        "device": device_of(arm, device),
        "time": "2026-11-10T06:00:00Z",
        **others,
    }


def device_of(arm: str, number: int) -> str:
    """Return the id of a made-up device."""
    return f"{sum(arm.encode()):08x}{number:024x}"


def fleet(
    arm: str, accuracy: float, devices: int = 400, seed: int = 0, **metrics: Any
) -> list[dict[str, Any]]:
    """Return records of devices that give feedback on 5 answers each, and count their calls."""
    chance = np.random.default_rng([seed, sum(arm.encode())])
    found = []
    for device in range(devices):
        found += [feedback(device, n, bool(chance.random() < accuracy), arm) for n in range(5)]
        found.append(counts(device, arm, **{"calls": 100, "errors": 0, "latency_ms": 800.0, **metrics}))
    return found


def rows(records: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Give records places."""
    return [(f"line {n}", record) for n, record in enumerate(records, 1)]


def write_jsonl(path: Path, records: list[dict[str, Any]]) -> Path:
    """Write records, one a line."""
    import json

    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path
