"""What updates need beyond a plain install, imported when it is first needed."""

from __future__ import annotations

from importlib.util import find_spec

from edgewise.errors import MissingExtraError

EXTRA = "update"
"""The extra that brings The Update Framework and Ed25519."""


def need_update_extra(needed_by: str) -> None:
    """See whether the extra is there.

    Raises:
        MissingExtraError: It is not.
    """
    if any(find_spec(name) is None for name in ("tuf", "cryptography")):
        raise MissingExtraError(EXTRA, needed_by)
