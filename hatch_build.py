"""What a build adds to the wheel: the root of trust of whoever builds it."""

import json
import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NAME = "EDGEWISE_ROOT"
"""Names a `root.json` at the build: `EDGEWISE_ROOT=1.root.json pip install .` pins it."""


class PinnedRoot(BuildHookInterface):  # type: ignore[type-arg]
    """Puts the named root where `edgewise.updates.trust` looks for it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the file, if one is named and is a root."""
        named = os.environ.get(NAME)
        if not named:
            return
        root = Path(named).resolve()
        try:
            kind = json.loads(root.read_bytes())["signed"]["_type"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SystemExit(f"{NAME} names {named}, which cannot be read as a root.json: {error}") from error
        if kind != "root":
            raise SystemExit(f"{NAME} names {named}, which is metadata of the role {kind}, and no root.json")
        build_data["force_include"][str(root)] = "edgewise/updates/root.json"
