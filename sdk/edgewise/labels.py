"""Tasks and their labels, read from the data file `labels.json`.

The language task has no fixed labels: a bundle's language model says which languages it tells apart.

>>> TASKS
('language', 'sentiment', 'toxicity', 'emotion')
>>> LABELS["sentiment"]
('negative', 'neutral', 'positive')
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

_DATA: dict[str, Any] = json.loads(Path(__file__).with_name("labels.json").read_text(encoding="utf-8"))

TASKS: tuple[str, ...] = tuple(_DATA["tasks"])
"""Every task, in the order in which answers are shown."""

UNDETERMINED: str = _DATA["undetermined"]
"""The language label of a text whose language cannot be told (ISO 639-2 code)."""

LABELS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {task: tuple(names) for task, names in _DATA["labels"].items()}
)
"""Labels of the tasks that have a fixed set, in their usual order."""

TOXICITY: str = _DATA["toxicity_verdict"]["attribute"]
"""The attribute of the toxicity task that decides its label."""

TOXIC: str = _DATA["toxicity_verdict"]["above"]
"""Label of a text whose toxicity is at or above the threshold."""

NON_TOXIC: str = _DATA["toxicity_verdict"]["below"]
"""Label of a text whose toxicity is below the threshold."""
