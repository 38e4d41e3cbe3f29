"""What a store knows about one model: one small file, replaced as a whole, so it changes in one step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FORMAT = 1
"""Version of the file."""


@dataclass(frozen=True)
class ModelState:
    """What a store knows about one model.

    Attributes:
        active: Folder of the version in use; None for none.
        history: Folders that were in use before, the last one first.
        pinned: The version, or the beginning of one, that the device keeps to; None to follow the channel.
        refused: By sha256 of a manifest, why it is not taken (again).
        channel: The channel followed; empty for none.
        experiment: The experiment that the active version belongs to, if any.
        arm: Its arm there.
        beside: Folder of a version that is here to be compared in shadow mode, and not in use; None for none.
    """

    active: str | None = None
    history: tuple[str, ...] = ()
    pinned: str | None = None
    refused: Mapping[str, str] = field(default_factory=dict)
    channel: str = ""
    experiment: str | None = None
    arm: str | None = None
    beside: str | None = None

    def why_refused(self, begin: str) -> str | None:
        """Return why a manifest is refused whose sha256 begins so; None when it is not."""
        return next((why for sha256, why in self.refused.items() if sha256.startswith(begin)), None)

    def refused_without(self, begin: str) -> dict[str, str]:
        """Return what is refused besides the manifest whose sha256 begins so."""
        return {sha256: why for sha256, why in self.refused.items() if not sha256.startswith(begin)}

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "format": FORMAT,
            "active": self.active,
            "history": list(self.history),
            "pinned": self.pinned,
            "refused": dict(self.refused),
            "channel": self.channel,
            "experiment": self.experiment,
            "arm": self.arm,
            "beside": self.beside,
        }


def parse_state(value: Mapping[str, Any] | None) -> ModelState:
    """Read a state; what is damaged counts as not there, since a whole model may still lie beside it.

    >>> parse_state({"format": 1, "active": "1.0.0_ab", "history": 7}).active
    '1.0.0_ab'
    """
    if value is None or value.get("format") != FORMAT:
        return ModelState()
    history, refused = value.get("history"), value.get("refused")
    return ModelState(
        active=_folder(value.get("active")),
        history=tuple(filter(None, map(_folder, history))) if isinstance(history, list) else (),
        pinned=_text(value.get("pinned")),
        refused={str(key): str(why) for key, why in refused.items()} if isinstance(refused, dict) else {},
        channel=_text(value.get("channel")) or "",
        experiment=_text(value.get("experiment")),
        arm=_text(value.get("arm")),
        beside=_folder(value.get("beside")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _folder(value: object) -> str | None:
    """Accept the name of a folder beside the state, and nothing that leads elsewhere."""
    name = _text(value)
    return name if name and not name.startswith(".") and not set(name) & set("/\\:\0") else None
