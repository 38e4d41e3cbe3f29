"""Bundles: the folder with models that passes from cloud to device. Names are imported on first use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgewise.bundle.locate import DEFAULT_BUNDLE, bundled, resolve
    from edgewise.bundle.manifest import (
        ArtifactSpec,
        FileRef,
        Golden,
        Manifest,
        ModelSpec,
        Routes,
        TaskSpec,
        Threshold,
        TokenizerSpec,
    )
    from edgewise.bundle.parse import parse_manifest
    from edgewise.bundle.reader import Bundle, read_manifest

_HOMES = {
    "ArtifactSpec": "manifest",
    "Bundle": "reader",
    "DEFAULT_BUNDLE": "locate",
    "FileRef": "manifest",
    "Golden": "manifest",
    "Manifest": "manifest",
    "ModelSpec": "manifest",
    "Routes": "manifest",
    "TaskSpec": "manifest",
    "Threshold": "manifest",
    "TokenizerSpec": "manifest",
    "bundled": "locate",
    "parse_manifest": "parse",
    "read_manifest": "reader",
    "resolve": "locate",
}

__all__ = [
    "DEFAULT_BUNDLE",
    "ArtifactSpec",
    "Bundle",
    "FileRef",
    "Golden",
    "Manifest",
    "ModelSpec",
    "Routes",
    "TaskSpec",
    "Threshold",
    "TokenizerSpec",
    "bundled",
    "parse_manifest",
    "read_manifest",
    "resolve",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its module on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value
