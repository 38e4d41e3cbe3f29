"""The repository of whoever publishes: a static folder of signed metadata and files named by their hash.

Everything is prepared in memory and `commit` writes it: files first, then targets and snapshot under new
names, the timestamp last, in one rename. A device that reads meanwhile sees the old state or the new one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewise.bundle.files import MANIFEST
from edgewise.bundle.versions import version_key
from edgewise.updates.errors import MetadataRefusedError, PublishError
from edgewise.updates.files import to_json, write_atomically
from edgewise.updates.keys import BUNDLE, ROLES, KeyFolder
from edgewise.updates.revision import Revision
from edgewise.updates.targets import BUNDLE_KEYS, check_document_name, hashed_path, target_path

if TYPE_CHECKING:
    from tuf.api.metadata import Metadata, Root, Targets

DAYS: Mapping[str, int] = {"root": 365, "targets": 90, "snapshot": 30, "timestamp": 14}
"""For how many days what a role signs is valid."""


@dataclass(frozen=True)
class Policy:
    """How strictly a repository is kept.

    Attributes:
        days: By role, for how many days what it signs is valid.
        thresholds: By role, how many keys must sign; one where nothing is said.
    """

    days: Mapping[str, int] = field(default_factory=lambda: DAYS)
    thresholds: Mapping[str, int] = field(default_factory=dict)

    def expires(self, role: str) -> datetime:
        """Return until when something signed now is valid."""
        days = self.days.get(role, DAYS[role])
        return datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)


class Repository:
    """A repository that is being changed; `commit` makes the changes visible, all in one step.

    Use `create` or `open`.
    """

    def __init__(
        self, folder: Path, keys: KeyFolder, policy: Policy, metadata: dict[str, Metadata[Any]]
    ) -> None:
        self.folder = folder
        self._keys = keys
        self._policy = policy
        self._metadata = metadata
        self._new: dict[str, bytes] = {}
        self._roots: dict[str, bytes] = {}

    @classmethod
    def create(cls, folder: str | Path, keys: KeyFolder, policy: Policy | None = None) -> Repository:
        """Make an empty repository and commit it.

        Args:
            folder: Where to; it must not hold one.
            keys: Keys for every role, as many as the thresholds ask for.
            policy: How strictly to keep it.

        Raises:
            PublishError: There is one already.
            KeyFileError: A role lacks keys.
            StoreWriteError: It cannot be written.
        """
        from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp

        home, policy = Path(folder), policy or Policy()
        if (home / "metadata").exists():
            raise PublishError(str(folder), "it holds a repository already")
        root = Root(version=1, expires=policy.expires("root"), consistent_snapshot=True)
        _fill_root(root, keys, policy)
        fresh: dict[str, Metadata[Any]] = {
            "targets": Metadata(Targets(expires=policy.expires("targets"))),
            "snapshot": Metadata(Snapshot(expires=policy.expires("snapshot"))),
            "timestamp": Metadata(Timestamp(expires=policy.expires("timestamp"))),
        }
        for each in fresh.values():
            each.signed.version = 0  # the first commit makes it 1
        made = cls(home, keys, policy, {"root": Metadata(root), **fresh})
        made._sign("root")
        made._roots[made.root_file.name] = made._metadata["root"].to_bytes()
        made.put_bundle_keys()
        made.commit()
        return made

    @classmethod
    def open(cls, folder: str | Path, keys: KeyFolder, policy: Policy | None = None) -> Repository:
        """Open a repository to change it.

        Raises:
            MetadataRefusedError: There is none, or its metadata cannot be read.
        """
        from tuf.api.exceptions import RepositoryError
        from tuf.api.metadata import Metadata

        home = Path(folder)
        place = home / "metadata"
        try:
            metadata: dict[str, Metadata[Any]] = {
                "timestamp": Metadata.from_bytes((place / "timestamp.json").read_bytes())
            }
            number = metadata["timestamp"].signed.snapshot_meta.version
            metadata["snapshot"] = Metadata.from_bytes((place / f"{number}.snapshot.json").read_bytes())
            number = metadata["snapshot"].signed.meta["targets.json"].version
            metadata["targets"] = Metadata.from_bytes((place / f"{number}.targets.json").read_bytes())
            roots = [int(path.name.partition(".")[0]) for path in place.glob("*.root.json")]
            metadata["root"] = Metadata.from_bytes((place / f"{max(roots)}.root.json").read_bytes())
        except (OSError, ValueError, RepositoryError) as error:
            raise MetadataRefusedError(f"{place} holds no repository: {error}") from error
        return cls(home, keys, policy or Policy(), metadata)

    @property
    def root_file(self) -> Path:
        """The newest root.json: what devices are told to trust."""
        return self.folder / "metadata" / f"{self._root.version}.root.json"

    def versions(self, name: str) -> list[str]:
        """Return the published versions of a model, oldest first."""
        parts = [path.split("/") for path in self._targets.targets]
        found = {part[1] for part in parts if len(part) == 3 and part[0] == name}
        return sorted(found, key=version_key)

    def manifest_sha256(self, name: str, version: str) -> str | None:
        """Return the hash of a published version's manifest; None when it is not published."""
        target = self._targets.targets.get(target_path(name, version, MANIFEST))
        return None if target is None else str(target.hashes["sha256"])

    def document(self, name: str) -> bytes | None:
        """Return a signed document, as it is or will be at the next commit; None when there is none."""
        target = self._targets.targets.get(name)
        if target is None:
            return None
        path = hashed_path(name, target.hashes["sha256"])
        return self._new[path] if path in self._new else (self.folder / path).read_bytes()

    def put_document(self, name: str, data: bytes) -> None:
        """Publish a small document, such as `channels.json`, at the next commit.

        Raises:
            ValueError: That is no name for one.
        """
        check_document_name(name)
        self._put(name, data, None)

    def put_bundle_keys(self) -> None:
        """Publish which keys may sign bundles: those in the folder of keys."""
        if self._keys.has(BUNDLE):
            public = [key.public_key().public_bytes_raw().hex() for key in self._keys.load(BUNDLE)]
            self.put_document(BUNDLE_KEYS, to_json({"format": 1, "keys": public}))

    def put_revision(self, revision: Revision, contents: Mapping[str, bytes]) -> None:
        """Publish a version of a model at the next commit.

        Args:
            revision: What to say of it.
            contents: By name, the bytes of every file.
        """
        for each in revision.files:
            last = each is revision.files[-1]
            path = target_path(revision.name, revision.version, each.file)
            self._put(path, contents[each.file], revision.to_dict() if last else None)

    def remove(self, name: str, version: str) -> None:
        """Publish a version no longer; devices that have it keep it."""
        prefix = f"{name}/{version}/"
        for path in [each for each in self._targets.targets if each.startswith(prefix)]:
            del self._targets.targets[path]

    def rotate(self, role: str) -> None:
        """Replace the keys of a role at the next commit; the root signs with its old and its new keys.

        The old files stay in the folder of keys; delete them when the new root is out.

        Raises:
            KeyFileError: The keys of the root are not there.
        """
        old = self._keys.load("root")
        count = max(len(self._root.roles[role].keyids), self._policy.thresholds.get(role, 1))
        for key_id in list(self._root.roles[role].keyids):
            self._root.revoke_key(key_id, role)
        self._keys.create(role, count)
        for key in self._keys.load(role)[:count]:
            self._root.add_key(_signer(key).public_key, role)
        self._root.version += 1
        self._root.expires = self._policy.expires("root")
        self._sign("root", old)
        # Every root signs for the next: a device goes through all of them.
        self._roots[self.root_file.name] = self._metadata["root"].to_bytes()

    def commit(self) -> None:
        """Sign and write everything; what expires is valid anew.

        Raises:
            KeyFileError: The keys of targets, snapshot or timestamp are not there.
            StoreWriteError: It cannot be written; devices go on seeing the old state.
        """
        from tuf.api.metadata import MetaFile

        for role in ("targets", "snapshot", "timestamp"):
            signed = self._metadata[role].signed
            signed.version += 1
            signed.expires = self._policy.expires(role)
        self._metadata["snapshot"].signed.meta["targets.json"] = MetaFile(self._targets.version)
        snapshot = self._metadata["snapshot"].signed.version
        self._metadata["timestamp"].signed.snapshot_meta = MetaFile(snapshot)
        for role in ("targets", "snapshot", "timestamp"):
            self._sign(role)
        for path, data in self._new.items():
            write_atomically(self.folder / path, data)
        self._new.clear()
        self._save("targets", f"{self._targets.version}.targets.json")
        self._save("snapshot", f"{snapshot}.snapshot.json")
        for file, data in self._roots.items():
            write_atomically(self.folder / "metadata" / file, data)
        self._roots.clear()
        self._save("timestamp", "timestamp.json")

    @property
    def _root(self) -> Root:
        root: Root = self._metadata["root"].signed
        return root

    @property
    def _targets(self) -> Targets:
        targets: Targets = self._metadata["targets"].signed
        return targets

    def _put(self, path: str, data: bytes, custom: dict[str, Any] | None) -> None:
        from tuf.api.metadata import TargetFile

        sha256 = hashlib.sha256(data).hexdigest()
        said = {"custom": custom} if custom is not None else {}
        self._targets.targets[path] = TargetFile(len(data), {"sha256": sha256}, path, said)
        self._new[hashed_path(path, sha256)] = data

    def _sign(self, role: str, more: list[Any] | None = None) -> None:
        """Sign with the keys that the root names for a role, and with some more."""
        wanted = set(self._root.roles[role].keyids)
        signers = [_signer(key) for key in self._keys.load(role)]
        found = [each for each in signers if each.public_key.keyid in wanted]
        if len(found) < self._root.roles[role].threshold:
            raise PublishError(
                str(self.folder), f"{len(found)} keys of the role {role} are here, that is too few"
            )
        metadata = self._metadata[role]
        metadata.signatures.clear()
        for each in (*found, *map(_signer, more or ())):
            metadata.sign(each, append=True)

    def _save(self, role: str, file: str) -> None:
        write_atomically(self.folder / "metadata" / file, self._metadata[role].to_bytes())


def _fill_root(root: Root, keys: KeyFolder, policy: Policy) -> None:
    for role in ROLES:
        for key in keys.load(role):
            root.add_key(_signer(key).public_key, role)
        root.roles[role].threshold = policy.thresholds.get(role, 1)
        if len(root.roles[role].keyids) < root.roles[role].threshold:
            raise PublishError(role, f"fewer keys than its threshold of {root.roles[role].threshold}")


def _signer(key: Any) -> Any:
    from securesystemslib.signer import CryptoSigner

    return CryptoSigner(key)
