"""The manifest of a model that has none yet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from edgewise.version import __version__
from edgewise_converters.sources.model import Source

UNKNOWN_LICENCE = "NOASSERTION"
"""What SPDX says where nobody told the licence."""

_ODD = re.compile(r"[^a-z0-9._-]+")


def plain_name(text: str) -> str:
    """Return a name that a bundle may have.

    >>> plain_name("Me/My Model")
    'my-model'
    """
    found = _ODD.sub("-", text.rstrip("/").rpartition("/")[2].lower()).strip("-._")[:64]
    return found or "model"


def one_model(
    source: Source, name: str, licence: str | None, description: str, provenance: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a manifest with one encoder and no artifact."""
    return {
        "format_version": 1,
        "name": name,
        "version": "0.1.0",
        "min_sdk_version": __version__,
        "licence": licence or UNKNOWN_LICENCE,
        "description": description,
        "routes": {"language": None, "default": source.name, "by_language": {}},
        "models": {source.name: model_entry(source)},
        "metrics": [],
        "provenance": dict(provenance),
        "signature": None,
    }


def model_entry(source: Source) -> dict[str, Any]:
    """Return what a manifest says of an encoder without artifacts."""
    return {
        "kind": "encoder",
        "tokenizer": {
            "file": "tokenizer.json",
            "max_tokens": source.max_tokens,
            "stride": source.stride,
            "pad_id": source.pad_id,
        },
        "tasks": {task: dict(raw) for task, raw in source.tasks.items()},
        "config": {},
        "artifacts": [],
        "golden": [],
    }
