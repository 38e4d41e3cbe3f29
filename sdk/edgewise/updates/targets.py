"""How the files of a repository are named."""

from __future__ import annotations

import re

BUNDLE_KEYS = "bundle-keys.json"
"""The signed document that lists the keys that may sign bundles."""

CHANNELS = "channels.json"
"""The signed document that says which version a channel offers."""

_DOCUMENT = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\.json", re.ASCII)


def target_path(name: str, version: str, file: str) -> str:
    """Return the target path of a bundle's file.

    >>> target_path("base", "1.4.0", "models/a.onnx")
    'base/1.4.0/models~a.onnx'
    """
    # One level only, so that no server has to know folders in folders; ~ is in no file name of a bundle.
    return f"{name}/{version}/{file.replace('/', '~')}"


def hashed_path(path: str, sha256: str) -> str:
    """Return where a target lies: its hash stands before its name (TUF, consistent snapshots).

    >>> hashed_path("base/1.4.0/a.onnx", "ab12")
    'targets/base/1.4.0/ab12.a.onnx'
    """
    folder, _, name = path.rpartition("/")
    return f"targets/{folder}{'/' if folder else ''}{sha256}.{name}"


def check_document_name(name: str) -> None:
    """Accept the name of a document.

    Raises:
        ValueError: It is none.
    """
    if not _DOCUMENT.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a document. Use one like 'channels.json'.")
