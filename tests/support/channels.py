"""A `channels.json` with an experiment, for tests to change."""

import copy
from typing import Any

_DOCUMENT: dict[str, Any] = {
    "format_version": 1,
    "version": 3,
    "updated": "2026-11-20T06:00:00Z",
    "channels": {
        "stable": [
            {"model": "base@1.0.0", "downgrade": False},
            {"model": "tiny@0.3.0"},
        ],
        "canary": [{"model": "base@1.1.0-rc.1", "downgrade": False}],
    },
    "experiments": [
        {
            "name": "tone",
            "channel": "stable",
            "salt": "tone-salt-1",
            "start": "2026-11-01T00:00:00Z",
            "control": "control",
            "metric": "accuracy.toxicity",
            "alpha": 0.05,
            "effects": {"accuracy": 0.03},
            "arms": [
                {"name": "control", "model": "base@1.0.0", "share": 0.1, "slots": [[0, 1000]]},
                {
                    "name": "challenger",
                    "model": "base@1.1.0",
                    "share": 0.1,
                    "slots": [[1000, 1500], [2000, 2500]],
                    "state": "running",
                    "reason": "",
                },
            ],
            "guardrails": [
                {"metric": "error_rate", "of": "change", "direction": "at_most", "bound": 0.01},
                {"metric": "latency_ms", "of": "arm", "direction": "at_most", "bound": 50},
            ],
            "state": "running",
            "reason": "",
        }
    ],
}


def document() -> dict[str, Any]:
    """Return a fresh copy."""
    return copy.deepcopy(_DOCUMENT)


def changed(place: str, value: Any) -> dict[str, Any]:
    """Return a copy with one value replaced; `...` removes it. A place is written `experiments.0.name`."""
    found = document()
    *path, last = (int(part) if part.isdigit() else part for part in place.split("."))
    at: Any = found
    for part in path:
        at = at[part]
    if value is ...:
        del at[last]
    else:
        at[last] = value
    return found
