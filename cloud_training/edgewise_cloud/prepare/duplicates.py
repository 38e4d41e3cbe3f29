"""Rows with the same text in one task: those that agree become one, those that contradict go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from edgewise_cloud.catalogue import Examples
from edgewise_cloud.prepare.config import NearConfig
from edgewise_cloud.prepare.keys import same_text_key, sides, task_of
from edgewise_cloud.prepare.near import near_copies


def same_text(examples: Examples) -> list[list[int]]:
    """Return groups of two or more rows of one task whose texts count as the same."""
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, (text, dataset) in enumerate(zip(examples.texts, examples.datasets, strict=True)):
        groups[task_of(dataset), same_text_key(text)].append(row)
    return [rows for rows in groups.values() if len(rows) > 1]


def without_conflicts(examples: Examples, majority: float) -> tuple[list[int], dict[str, int]]:
    """Keep rows whose text has one label; where it has several, those of the label that clearly leads.

    Emotions that overlap (anger; anger and disgust) are no conflict.

    Args:
        examples: Rows of any sets.
        majority: Share of the votes, weighted by trust, from which a label leads.

    Returns:
        Indexes to keep, and counts: texts with several labels, and rows dropped.
    """
    said = sides(examples)
    bad: set[int] = set()
    texts = 0
    for rows in same_text(examples):
        told = [row for row in rows if said[row] and not said[row].startswith("attributes")]
        if _agree({said[row] for row in told}):
            continue
        texts += 1
        votes: dict[str, float] = defaultdict(float)
        for row in told:
            votes[said[row]] += float(examples.weights[row])
        leading = max(sorted(votes), key=lambda side: votes[side])
        whole = sum(votes.values())
        lost = whole <= 0 or votes[leading] < majority * whole
        bad.update(row for row in told if lost or said[row] != leading)
    kept = [row for row in range(len(examples)) if row not in bad]
    return kept, {"texts with several labels": texts, "rows dropped": len(bad)}


def _agree(found: set[str]) -> bool:
    """Tell whether labels are one, or emotions with one in common."""
    return len(found) < 2 or bool(set.intersection(*(set(side.split("+")) for side in found)))


def without_copies(examples: Examples) -> list[int]:
    """Keep one row of each text in a task: the most trusted, then the one that says most, then the first."""
    rank = preference(examples)
    bad: set[int] = set()
    for rows in same_text(examples):
        best = min(rows, key=lambda row: rank[row])
        bad.update(row for row in rows if row != best)
    return [row for row in range(len(examples)) if row not in bad]


def without_near_copies(
    train: Examples, dev: Examples, config: NearConfig
) -> tuple[list[int], dict[str, int]]:
    """Keep one training row of each group of nearly equal texts of a task and label, none if dev has one.

    Args:
        train: Training rows.
        dev: Dev rows; none of them is dropped.
        config: What counts as near.

    Returns:
        Indexes into the training rows to keep, and counts.
    """
    both = Examples.concat([dev, train])
    labels = [f"{task_of(name)} {side}" for name, side in zip(both.datasets, sides(both), strict=True)]
    # Dev rows come first in rank, so that they stand for training rows and never the other way round.
    rank = [*range(len(dev)), *(len(dev) + place for place in preference(train))]
    leaders = near_copies(both.texts, labels, rank, config)[len(dev) :]
    own = leaders == np.arange(len(dev), len(both))
    return np.flatnonzero(own).tolist(), {"near a dev row": int((leaders < len(dev)).sum())}


def preference(examples: Examples) -> Sequence[int]:
    """Return each row's place [n] in the order in which rows are preferred, best first."""
    told = (~np.isnan(examples.toxicity)).sum(axis=1)
    order = np.lexsort((np.arange(len(examples)), -told, -examples.weights.astype(np.float64)))
    place = np.empty(len(examples), dtype=np.int64)
    place[order] = np.arange(len(examples))
    return place.tolist()
