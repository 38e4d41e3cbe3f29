"""A version of a model, as the registry knows it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

CHAMPION, CHALLENGER = "champion", "challenger"
PASSED, FAILED, NONE = "passed", "failed", "none"
HISTORY = "champions"
"""Tag of a model: the former champions, as a JSON list."""

GATE, DIGEST, PLACE = "gate", "edgewise.files", "edgewise.artifacts"
"""Tags of a version: the outcome of its gates, the digest of its files, where they lie in its run."""


class GateOutcome(Protocol):
    """What gates found; `edgewise_cloud.gates.GateReport` is one."""

    @property
    def passed(self) -> bool:
        """Whether every gate lets the model through."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        ...


@dataclass(frozen=True, slots=True)
class Version:
    """A registered model.

    Attributes:
        name: The model.
        version: Counted from 1.
        gate: "passed", "failed" or "none".
        aliases: Such as "champion".
        run_id: The run that made it.
        created: When it was registered, ISO 8601 in UTC.
        digest: sha256 of all its files; "" for what others registered.
        source: Where its files lie.
        tags: All of its tags.
    """

    name: str
    version: int
    gate: str
    aliases: tuple[str, ...]
    run_id: str
    created: str
    digest: str
    source: str = field(repr=False)
    tags: Mapping[str, str] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {
            "name": self.name,
            "version": self.version,
            "gate": self.gate,
            "aliases": list(self.aliases),
            "run_id": self.run_id,
            "created": self.created,
            "digest": self.digest,
            "source": self.source,
            "tags": dict(self.tags),
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """Two versions side by side.

    Attributes:
        a: The first.
        b: The second.
        metrics: Figures by name, of the first and of the second; None where one has none.
        params: What their runs were told, likewise; only where they differ.
    """

    a: Version
    b: Version
    metrics: Mapping[str, tuple[float | None, float | None]]
    params: Mapping[str, tuple[str | None, str | None]]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {
            "a": self.a.to_dict(),
            "b": self.b.to_dict(),
            "metrics": {name: list(pair) for name, pair in self.metrics.items()},
            "params": {name: list(pair) for name, pair in self.params.items()},
        }


def as_version(found: ModelVersion, aliases: Mapping[str, str]) -> Version:
    """Turn MLflow's record into ours.

    Args:
        found: What MLflow has.
        aliases: Versions of the model by alias: the record itself has them in some answers only.
    """
    tags = {str(name): str(value) for name, value in (found.tags or {}).items()}
    created = datetime.fromtimestamp((found.creation_timestamp or 0) / 1000, UTC)
    return Version(
        name=found.name,
        version=int(found.version),
        gate=tags.get(GATE, NONE),
        aliases=tuple(sorted(alias for alias, at in aliases.items() if int(at) == int(found.version))),
        run_id=found.run_id or "",
        created=created.isoformat(timespec="seconds"),
        digest=tags.get(DIGEST, ""),
        source=found.source or "",
        tags=tags,
    )


def gate_of(outcome: GateOutcome | None) -> str:
    """Return the gate tag of an outcome."""
    return NONE if outcome is None else PASSED if outcome.passed else FAILED


def history_of(tags: Mapping[str, str]) -> tuple[int, ...]:
    """Return the former champions of a model from its tags, the last one last."""
    try:
        return tuple(int(version) for version in json.loads(tags.get(HISTORY, "[]")))
    except (ValueError, TypeError):
        return ()
