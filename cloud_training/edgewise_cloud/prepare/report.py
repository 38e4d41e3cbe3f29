"""What each step did: rows in and out, by set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edgewise_cloud.catalogue import Examples

_WIDTH = 22


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        name: Of the step.
        before: Training rows by set.
        after: Training rows by set.
        dev: Dev rows by set, after the step.
        notes: What else it counted.
    """

    name: str
    before: Mapping[str, int]
    after: Mapping[str, int]
    dev: Mapping[str, int]
    notes: Mapping[str, int | float | str] = field(default_factory=dict)

    @property
    def changed(self) -> dict[str, int]:
        """Rows more (+) or fewer (-), by set; sets that stayed are left out."""
        names = sorted(self.before.keys() | self.after.keys())
        differences = {name: self.after.get(name, 0) - self.before.get(name, 0) for name in names}
        return {name: n for name, n in differences.items() if n}

    def to_dict(self) -> dict[str, Any]:
        """Return the step as JSON-ready values."""
        return {
            "step": self.name,
            "rows_in": sum(self.before.values()),
            "rows_out": sum(self.after.values()),
            "dev_rows": sum(self.dev.values()),
            "changed": self.changed,
            "notes": dict(self.notes),
        }


@dataclass(frozen=True, slots=True)
class PrepareReport:
    """What was prepared, and how.

    Attributes:
        steps: In the order in which they ran.
        settings: The configuration, and what else decided the result.
        sets: Licence, licence class and rows of each set that is trained on.
        labels: Training rows by task and label.
        class_weights: By task and label.
    """

    steps: Sequence[Step]
    settings: Mapping[str, Any] = field(repr=False)
    sets: Sequence[Mapping[str, Any]] = field(repr=False)
    labels: Mapping[str, Mapping[str, float]] = field(repr=False)
    class_weights: Mapping[str, Mapping[str, Any]] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready values."""
        return {
            "steps": [step.to_dict() for step in self.steps],
            "settings": dict(self.settings),
            "sets": [dict(entry) for entry in self.sets],
            "labels": {task: dict(counts) for task, counts in self.labels.items()},
            "class_weights": {task: dict(weights) for task, weights in self.class_weights.items()},
        }

    def __str__(self) -> str:
        """Return a table of the steps, with the sets that lost or won most."""
        lines = [f"{'step':{_WIDTH}}{'rows in':>12}{'rows out':>12}{'dev':>10}  remarks"]
        for step in self.steps:
            remarks = [f"{name} {value}" for name, value in step.notes.items()]
            most = sorted(step.changed.items(), key=lambda item: (-abs(item[1]), item[0]))[:3]
            if step.before:
                remarks += [f"{name} {n:+d}" for name, n in most]
            total_in, total_out = sum(step.before.values()), sum(step.after.values())
            lines.append(
                f"{step.name:{_WIDTH}}{total_in:>12,}{total_out:>12,}{sum(step.dev.values()):>10,}"
                f"  {', '.join(remarks)}".rstrip()
            )
        return "\n".join(lines)


def rows_by_set(examples: Examples) -> dict[str, int]:
    """Return how many rows each set has, sorted by name."""
    return dict(sorted(Counter(examples.datasets).items()))
