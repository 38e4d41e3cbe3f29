"""A tokenizer.json in the form that loads fastest: it is a good part of the wait for the first answer."""

from __future__ import annotations

import json
from typing import Any


def compact_tokenizer(data: bytes) -> bytes:
    """Rewrite the file of a tokenizer; it reads every text as before.

    Without white space, the vocabulary sorted by its texts, and merges as one text each instead of two: the
    `tokenizers` library reads that in about two thirds of the time (measured with 0.23).

    Args:
        data: A tokenizer.json.

    Returns:
        The file, rewritten; the very same bytes where they are no such file.
    """
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return data
    model = found.get("model") if isinstance(found, dict) else None
    if not isinstance(model, dict):
        return data
    if isinstance(model.get("vocab"), dict):
        model["vocab"] = dict(sorted(model["vocab"].items()))
    if isinstance(model.get("merges"), list):
        model["merges"] = _as_texts(model["merges"])
    try:
        return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate, which no tokenizer has
        return data


def _as_texts(merges: list[Any]) -> list[Any]:
    """Join pairs by a space, unless a part holds one and could not be told from its neighbour."""
    pairs = all(
        isinstance(pair, list)
        and len(pair) == 2
        and all(isinstance(part, str) and part and " " not in part for part in pair)
        for pair in merges
    )
    # A text that starts like the comment of old merges files would be passed over.
    if not pairs or any(pair[0].startswith("#version") for pair in merges):
        return merges
    return [f"{first} {second}" for first, second in merges]
