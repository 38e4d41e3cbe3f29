"""Rows with the same text in one task: those that agree become one, those that contradict go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from edgewise_cloud.catalogue import Examples
from edgewise_cloud.prepare.keys import same_text_key, sides, task_of


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


def preference(examples: Examples) -> Sequence[int]:
    """Return each row's place [n] in the order in which rows are preferred, best first."""
    told = (~np.isnan(examples.toxicity)).sum(axis=1)
    order = np.lexsort((np.arange(len(examples)), -told, -examples.weights.astype(np.float64)))
    place = np.empty(len(examples), dtype=np.int64)
    place[order] = np.arange(len(examples))
    return place.tolist()
