"""Model updates a device can trust: publishing, fetching, checking, and the way back. See docs/updates.md.

Names are imported on first use, and what needs the extra `update` only when it works.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgewise.updates.background import BackgroundUpdates
    from edgewise.updates.catalogue import Catalogue, open_catalogue
    from edgewise.updates.errors import UpdateError
    from edgewise.updates.fits import Limits
    from edgewise.updates.network import Network
    from edgewise.updates.preflight import Preflight
    from edgewise.updates.pulling import How, Pulled, pull
    from edgewise.updates.source import Source
    from edgewise.updates.store import Installed, Store, default_store
    from edgewise.updates.trust import Trust

_HOMES = {
    "BackgroundUpdates": "background",
    "Catalogue": "catalogue",
    "How": "pulling",
    "Installed": "store",
    "Limits": "fits",
    "Network": "network",
    "Preflight": "preflight",
    "Pulled": "pulling",
    "Source": "source",
    "Store": "store",
    "Trust": "trust",
    "UpdateError": "errors",
    "default_store": "store",
    "open_catalogue": "catalogue",
    "pull": "pulling",
}

__all__ = [
    "BackgroundUpdates",
    "Catalogue",
    "How",
    "Installed",
    "Limits",
    "Network",
    "Preflight",
    "Pulled",
    "Source",
    "Store",
    "Trust",
    "UpdateError",
    "default_store",
    "open_catalogue",
    "pull",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its module on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value
