"""A language model for tests that goes by a few words: its answers can be worked out by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tests.support.tiny_bundle import tiny_files, tiny_spec

from edgewise_converters.pack import pack

MARKERS = {
    "en": {
        "good",
        "great",
        "bad",
        "idiot",
        "hate",
        "you",
        "are",
        "the",
        "this",
        "love",
        "damn",
        "kill",
        "happy",
    },
    "de": {"gut", "schlecht", "das", "ist"},
    "fr": {"bon", "mauvais", "est", "le"},
}
LABELS = (*MARKERS, "und")
FILE = "language.bin"


class TinyLanguage:
    """Each marker word is a vote for its language; a text without votes is undetermined."""

    labels = LABELS

    @classmethod
    def from_bytes(cls, data: bytes, config: Mapping[str, Any]) -> TinyLanguage:
        assert data == b"tiny"
        return cls()

    def probabilities(
        self, texts: Sequence[str], allowed: Sequence[str] | None = None
    ) -> NDArray[np.float32]:
        rows = np.zeros((len(texts), len(LABELS)), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                for place, language in enumerate(MARKERS):
                    if word in MARKERS[language] and (allowed is None or language in allowed):
                        row[place] += 1
            if not row.any():
                row[-1] = 1
            row /= row.sum()
        return rows


def add_language(spec: dict[str, Any]) -> None:
    """Give a manifest this language model; its file holds the bytes `tiny`."""
    spec["models"]["language"] = {
        "kind": "ngram-linear",
        "tasks": {
            "language": {
                "labels": list(LABELS),
                "activation": "softmax",
                "temperature": 1.0,
                "thresholds": {"default": {"value": 0.6}},
            }
        },
        "config": {},
        "artifacts": [{"backend": "numpy", "precision": "fp32", "file": FILE}],
        "golden": [],
    }
    spec["routes"]["language"] = "language"


def make_speaking_bundle(folder: Path, edit: Callable[[dict[str, Any]], None] | None = None) -> Path:
    """Pack the tiny bundle with this language model; see `make_tiny_bundle`.

    It answers where `edgewise.language.LanguageModel` is patched to be `TinyLanguage`.
    """
    spec = tiny_spec()
    add_language(spec)
    if edit is not None:
        edit(spec)
    models = spec["models"].values()
    named = {
        part["file"] for model in models for part in (*model["artifacts"], model.get("tokenizer")) if part
    }
    files = {**tiny_files(), FILE: b"tiny"}
    return pack(folder, spec, {name: data for name, data in files.items() if name in named})
