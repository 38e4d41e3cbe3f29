"""From a bundle to a published version: gated, signed, checked as a device would check it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgewise.bundle import Bundle, Manifest
from edgewise.bundle.files import MANIFEST
from edgewise.updates import signing
from edgewise.updates.canonical import canonical
from edgewise.updates.errors import PublishError
from edgewise.updates.files import to_json, write_atomically
from edgewise.updates.keys import BUNDLE, KeyFolder
from edgewise.updates.repository import Repository
from edgewise.updates.revision import Revision, describe
from edgewise.updates.targets import BUNDLE_KEYS


def sign_bundle(folder: str | Path, keys: KeyFolder, report: Mapping[str, Any]) -> Path:
    """Write into a bundle's manifest that it passed its gates, and sign it.

    Args:
        folder: The bundle.
        keys: Where the newest key of the role `bundle` signs.
        report: The report of `edgewise gate --json`.

    Returns:
        The folder.

    Raises:
        PublishError: The gates did not pass, or the report is about another model.
        BundleError: The bundle is not whole.
        KeyFileError: There is no key.
    """
    bundle = Bundle.open(folder)
    bundle.verify()
    manifest = bundle.manifest
    named = f"{manifest.name}@{manifest.version}"
    if report.get("format") != 1 or not isinstance(report.get("results"), list):
        raise PublishError(named, "that is no report of gates; `edgewise gate --json` writes one")
    if report.get("passed") is not True:
        raise PublishError(named, "its gates did not pass")
    model = str(report.get("model", ""))
    judged = model.replace("@", " ").split()
    if judged[:1] != [manifest.name] or judged[1:2] not in ([], [manifest.version]):
        raise PublishError(named, f"the report of gates is about {model!r}")
    gate = {
        "passed": True,
        "gates": str(report.get("gates", "")),
        "model": model,
        "champion": str(report.get("champion", "")),
        "results": len(report["results"]),
        "report_sha256": hashlib.sha256(canonical(dict(report))).hexdigest(),
    }
    provenance = {**manifest.raw.get("provenance", {}), "gate": gate}
    signed = signing.sign({**manifest.raw, "provenance": provenance}, keys.load(BUNDLE)[0])
    write_atomically(Path(folder) / MANIFEST, to_json(signed))
    return Path(folder)


def publish_bundle(
    repository: Repository, folder: str | Path, *, downgrade: bool = False, budget_ms: float | None = None
) -> Revision:
    """Put a bundle into a repository; it is published at the next `commit`.

    Args:
        repository: The repository.
        folder: The bundle.
        downgrade: Whether devices with a newer version may be sent back to this one.
        budget_ms: The most a short text may take on a device, in the median; a slower device goes without.

    Raises:
        PublishError: It did not pass its gates, or another bundle has its name and version already.
        SignatureError: It is not signed, or not by a key that the repository lists.
        BundleError: It is not whole.
    """
    bundle = Bundle.open(folder)
    manifest = bundle.manifest
    named = f"{manifest.name}@{manifest.version}"
    gate = manifest.provenance.get("gate")
    if manifest.signature is None:
        raise PublishError(named, "it is not signed; `edgewise publish --gates report.json` signs it")
    if not isinstance(gate, Mapping) or gate.get("passed") is not True:
        raise PublishError(named, "its manifest does not say that it passed its gates")
    signing.verify(manifest.raw, _keys(repository))
    contents = {ref.file: bundle.read(ref) for ref in manifest.files}
    contents[MANIFEST] = (bundle.folder / MANIFEST).read_bytes()
    revision = Revision(
        manifest.name,
        manifest.version,
        manifest.min_sdk_version,
        backends_of(manifest),
        downgrade,
        budget_ms,
        tuple(describe(file, data) for file, data in contents.items()),
    )
    published = repository.manifest_sha256(manifest.name, manifest.version)
    if published is not None and published != revision.manifest_sha256:
        raise PublishError(
            named, "another bundle is published under this name and version; raise the version"
        )
    repository.put_revision(revision, contents)
    return revision


def backends_of(manifest: Manifest) -> tuple[str, ...]:
    """Return the backends that every encoder of a bundle has an artifact for."""
    encoders = [model for model in manifest.models.values() if model.kind == "encoder"]
    if not encoders:
        return ()
    shared = set.intersection(*({each.backend for each in model.artifacts} for model in encoders))
    return tuple(dict.fromkeys(each.backend for each in encoders[0].artifacts if each.backend in shared))


def _keys(repository: Repository) -> signing.PublicKeys:
    from edgewise.bundle.strict_json import parse_object

    data = repository.document(BUNDLE_KEYS)
    return signing.parse_keys(None if data is None else parse_object(data, BUNDLE_KEYS))
