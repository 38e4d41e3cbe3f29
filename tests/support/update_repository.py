"""A repository of updates for tests: keys, a signed tiny bundle in several versions, a loopback server.

made = make_repository(tmp_path)
made.publish("1.0.0")
pull("tiny", store=Store(tmp_path / "store"), source=made.folder, trust=made.trust)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.tiny_bundle import TOKENIZER_FILE, tiny_encoder, tiny_spec, tiny_tokenizer

from edgewise.updates.keys import KeyFolder
from edgewise.updates.publishing import publish_bundle, sign_bundle
from edgewise.updates.repository import Policy, Repository
from edgewise.updates.trust import Trust
from edgewise_converters.pack import pack

PASSED = {"format": 1, "gates": "default", "model": "tiny", "champion": "", "passed": True, "results": []}
"""What a report of gates that all passed looks like."""

Edit = Callable[[dict[str, Any]], None]


@dataclass
class Made:
    """A repository and its keys."""

    folder: Path
    keys: KeyFolder
    work: Path

    @property
    def trust(self) -> Trust:
        """What devices got at their installation: the first root."""
        return Trust.load(self.folder / "metadata" / "1.root.json")

    def open(self, policy: Policy | None = None) -> Repository:
        return Repository.open(self.folder, self.keys, policy)

    def bundle(
        self, version: str, edit: Edit | None = None, *, signed: bool = True, extra: bytes = b""
    ) -> Path:
        """Pack the tiny bundle, without a language model, and sign it."""

        def change(spec: dict[str, Any]) -> None:
            spec["version"] = version
            if edit is not None:
                edit(spec)

        folder = self.work / f"tiny-{version}"
        make_small_bundle(folder, change, extra)
        if signed:
            sign_bundle(folder, self.keys, PASSED)
        return folder

    def publish(self, version: str, edit: Edit | None = None, *, extra: bytes = b"", **how: Any) -> Path:
        """Pack, sign and publish a version."""
        folder = self.bundle(version, edit, extra=extra)
        repository = self.open()
        publish_bundle(repository, folder, **how)
        repository.commit()
        return folder


def make_small_bundle(folder: Path, edit: Edit | None = None, extra: bytes = b"") -> Path:
    """Pack a bundle of a few KB: the tiny encoder and tokenizer, and perhaps a large file besides."""
    spec = tiny_spec()
    files = {TOKENIZER_FILE: tiny_tokenizer(), "tiny.onnx": tiny_encoder()}
    if extra:
        artifacts = spec["models"]["encoder"]["artifacts"]
        artifacts.append({"backend": "abacus", "precision": "fp32", "file": "large.bin"})
        files["large.bin"] = extra
    if edit is not None:
        edit(spec)
    return pack(folder, spec, files)


def make_repository(work: Path, policy: Policy | None = None, roots: int = 1) -> Made:
    """Make keys and an empty repository."""
    keys = KeyFolder(work / "keys")
    for role in ("targets", "snapshot", "timestamp", "bundle"):
        keys.create(role)
    keys.create("root", roots)
    folder = work / "repository"
    Repository.create(folder, keys, policy)
    return Made(folder, keys, work)
