"""Short comments that backends are tried and measured on."""

from __future__ import annotations

import json
from pathlib import Path


def trial_texts() -> list[str]:
    """Return the texts, in several languages and lengths."""
    file = Path(__file__).with_name("trial_texts.json")
    texts: list[str] = json.loads(file.read_text(encoding="utf-8"))
    return texts
