"""How semantic versions are written and compared."""

from __future__ import annotations

import re

SEMANTIC_VERSION = r"(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?"
"""Pattern of a semantic version (semver.org) without build metadata."""


def version_key(version: str) -> tuple[object, ...]:
    """Return a key by which semantic versions sort; a pre-release comes before its release.

    >>> sorted(["0.10.0", "0.9.0", "1.0.0", "1.0.0-rc.2", "1.0.0-rc.10", "1.0.0-5"], key=version_key)
    ['0.9.0', '0.10.0', '1.0.0-5', '1.0.0-rc.2', '1.0.0-rc.10', '1.0.0']

    Raises:
        ValueError: The text is not a semantic version.
    """
    match = re.fullmatch(SEMANTIC_VERSION, version, re.ASCII)
    if match is None:
        raise ValueError(f"{version!r} is not a semantic version. Write it as in '1.2.3' or '1.2.3-rc.1'.")
    release = tuple(int(match[part]) for part in (1, 2, 3))
    stage = match[4]
    if stage is None:
        return (*release, 1)
    names = stage[1:].split(".")
    return (*release, 0, *((0, int(name), "") if name.isdigit() else (1, 0, name) for name in names))
