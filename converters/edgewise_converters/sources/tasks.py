"""From the labels of a checkpoint to a task."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgewise.labels import LABELS, TOXICITY
from edgewise_converters.errors import LabelsError

_ALIASES: dict[str, Any] = json.loads(Path(__file__).with_name("labels.json").read_text(encoding="utf-8"))
_UNNAMED = re.compile(r"LABEL_\d+")


def task_of(labels: Sequence[str]) -> tuple[str, tuple[str, ...]] | None:
    """Return which of our tasks has these labels, and what it calls them; None when none has.

    >>> task_of(["NEG", "POS"])
    ('sentiment', ('negative', 'positive'))
    >>> task_of(["spam", "ham"]) is None
    True
    """
    for task, known in LABELS.items():
        aliases = _ALIASES.get(task, {})
        named = tuple(aliases.get(label.lower(), label.lower()) for label in labels)
        whole = len(set(named)) == len(named) >= (1 if task == TOXICITY else 2)
        if whole and set(named) <= set(known) and (task != TOXICITY or TOXICITY in named):
            return task, named
    return None


def labels_of(
    where: str, id2label: dict[Any, str] | None, given: Sequence[str] | None, outputs: int
) -> list[str]:
    """Return the labels of a checkpoint in the order of its outputs.

    Args:
        where: What to call it in messages.
        id2label: As its config.json has it.
        given: What the user says they are.
        outputs: How many outputs it has.

    Raises:
        LabelsError: Nobody names them, or their number is another one.
    """
    if given is not None:
        labels = list(given)
    else:
        labels = [name for _, name in sorted((int(key), str(name)) for key, name in (id2label or {}).items())]
        if not labels or all(_UNNAMED.fullmatch(label) for label in labels):
            raise LabelsError(where, "its config.json does not name its labels (id2label)")
    if len(labels) != outputs:
        raise LabelsError(where, f"it has {outputs} outputs and {len(labels)} labels")
    if len(set(labels)) < len(labels) or not all(labels):
        raise LabelsError(where, f"its labels are {', '.join(map(repr, labels))}, some twice or empty")
    return labels
