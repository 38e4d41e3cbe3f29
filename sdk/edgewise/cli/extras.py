"""Which extra brings a missing package: read from the metadata that pip installed, so never out of date."""

from __future__ import annotations

import re
from importlib.metadata import EntryPoint, PackageNotFoundError, requires

_DISTRIBUTIONS = {"sklearn": "scikit-learn", "yaml": "pyyaml"}
"""Packages whose import name is not that of their distribution."""

_REQUIREMENT = re.compile(r"""\s*([A-Za-z0-9._-]+).*?;.*\bextra\s*==\s*['"]([A-Za-z0-9._-]+)['"]""")


def extra_for(entry: EntryPoint, error: ImportError) -> str | None:
    """Return the extra that an entry point's import lacked, or None when no extra would help.

    Args:
        entry: The entry point. An extra that it declares itself (`name = module:object [extra]`), or one of
            its own name, is preferred to the smallest one that has the package.
        error: What its import raised.
    """
    extras = brought_by(error.name or "")
    if not extras:
        return None
    return next((extra for extra in (*entry.extras, entry.name) if extra in _all()), extras[0])


def brought_by(module: str) -> list[str]:
    """Return the extras that install a module directly; empty when none does.

    Args:
        module: The name in the import statement; only its first part counts.
    """
    root = module.partition(".")[0]
    wanted = _plain(_DISTRIBUTIONS.get(root, root))
    return [extra for name, extra in _requirements() if name == wanted and extra != "dev"]


def _all() -> set[str]:
    return {extra for _, extra in _requirements()}


def _requirements() -> list[tuple[str, str]]:
    """Pairs of distribution and extra, as the metadata lists them."""
    try:
        lines = requires("edgewise") or []
    except PackageNotFoundError:
        return []
    found = (_REQUIREMENT.match(line) for line in lines)
    return [(_plain(match[1]), match[2]) for match in found if match]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
