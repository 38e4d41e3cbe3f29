"""What somebody without the keys may try: we refuse it, and so does The Update Framework's own client."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.update_faults import At, take, whole
from tests.support.update_repository import Made, make_repository
from tests.support.update_server import UpdateServer
from tuf.api.exceptions import DownloadError, RepositoryError
from tuf.ngclient import Updater

from edgewise.errors import BundleError, SignatureError
from edgewise.updates import Store, Trust, pull
from edgewise.updates.errors import (
    MetadataRefusedError,
    PublishError,
    SourceAwayError,
    TargetRefusedError,
    TrustError,
)
from edgewise.updates.keys import KeyFolder
from edgewise.updates.preflight import Trial
from edgewise.updates.publishing import publish_bundle, sign_bundle
from edgewise.updates.repository import Policy, Repository
from edgewise.updates.revision import PublishedFile, Revision, describe, parse_revision


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    monkeypatch.setattr("edgewise.updates.pulling.run_preflight", lambda *_: Trial(1.0, 1))


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A repository that has 1.1.0; the device has 1.0.0, and so has the other client."""
    made = make_repository(tmp_path)
    made.publish("1.0.0")
    take(made, tmp_path / "device", At())
    with UpdateServer(made.folder) as server:
        ngclient(made, server.url)
    shutil.copytree(made.folder, tmp_path / "before")
    made.publish("1.1.0")
    return made


def ngclient(made: Made, url: str) -> None:
    """Fetch all that is published of the newest version, as the framework's own client does it."""
    home, files = made.work / "ngclient", made.work / "files"
    files.mkdir(exist_ok=True)
    home.mkdir(exist_ok=True)
    updater = Updater(str(home), f"{url}metadata/", str(files), f"{url}targets/", bootstrap=made.trust.root)
    updater.refresh()
    for path in updater._trusted_set.targets.targets:
        target = updater.get_targetinfo(path)
        if target is not None:
            updater.download_target(target)


def timestamp(made: Made) -> Path:
    return made.folder / "metadata" / "timestamp.json"


def newest(made: Made, ending: str) -> Path:
    return max(made.folder.rglob(f"*{ending}"), key=lambda path: path.stat().st_mtime_ns)


def truncated(made: Made) -> None:
    path = newest(made, ".manifest.json")
    path.write_bytes(path.read_bytes()[:-10])


def swapped(made: Made) -> None:
    newest(made, ".manifest.json").write_bytes(newest(made, ".tiny.onnx").read_bytes())


def oversized(made: Made) -> None:
    path = newest(made, ".manifest.json")
    path.write_bytes(path.read_bytes() + b" " * 1000)


def endless_metadata(made: Made) -> None:
    timestamp(made).write_bytes(b" " * 9_000_000)


def replayed(made: Made) -> None:
    """The device has seen the new state; then somebody shows it the old one again."""
    take(made, made.work / "device", At())
    with UpdateServer(made.folder) as server:
        ngclient(made, server.url)
    shutil.copy(made.work / "before" / "metadata" / "timestamp.json", timestamp(made))


def forged(made: Made) -> None:
    """Somebody with keys of his own signs a version of his own."""
    (made.work / "evil").mkdir()
    evil = make_repository(made.work / "evil")
    evil.publish("9.0.0")
    for path in (evil.folder / "metadata").iterdir():
        if path.name != "1.root.json":
            shutil.copy(path, made.folder / "metadata")
    shutil.copytree(evil.folder / "targets", made.folder / "targets", dirs_exist_ok=True)
    path = timestamp(made)
    path.write_bytes(path.read_bytes().replace(b'"version":2', b'"version":99'))


def unsigned_metadata(made: Made) -> None:
    found = json.loads(timestamp(made).read_text())
    found["signatures"] = []
    timestamp(made).write_text(json.dumps(found))


def changed_targets(made: Made) -> None:
    path = newest(made, ".targets.json")
    before = path.read_bytes()
    path.write_bytes(before.replace(b'"downgrade":false', b'"downgrade":true'))
    assert path.read_bytes() != before


def expired(made: Made) -> None:
    repository = made.open(Policy(days={"timestamp": -1}))
    repository.commit()


def missing(made: Made) -> None:
    newest(made, ".manifest.json").unlink()


ATTACKS = [
    truncated,
    swapped,
    oversized,
    endless_metadata,
    replayed,
    forged,
    unsigned_metadata,
    changed_targets,
    expired,
    missing,
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_both_clients_refuse_and_the_device_keeps_its_model(
    made: Made, attack: Callable[[Made], None]
) -> None:
    attack(made)
    before = whole(made.work / "device")
    with pytest.raises((MetadataRefusedError, TargetRefusedError, SourceAwayError)):
        take(made, made.work / "device", At())
    assert whole(made.work / "device") == before
    with UpdateServer(made.folder) as server, pytest.raises((RepositoryError, DownloadError)):
        ngclient(made, server.url)


def test_without_an_attack_both_take_it(made: Made) -> None:
    take(made, made.work / "device", At())
    assert whole(made.work / "device") == "1.1.0"
    with UpdateServer(made.folder) as server:
        ngclient(made, server.url)


def test_a_clock_that_is_set_back_revives_nothing(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    device = made.work / "device"
    repository = made.open(Policy(days={"timestamp": 1}))
    repository.commit()
    take(made, device, At())
    clock = Store(device).read_json("clock.json") or {}
    later = datetime.fromisoformat(clock["seen"]) + timedelta(days=2)
    Store(device).write_json("clock.json", {"seen": later.isoformat()})  # as if it had been asked then
    with pytest.raises(MetadataRefusedError, match="Expired"):
        take(made, device, At())
    made.open().commit()
    take(made, device, At())
    assert datetime.fromisoformat((Store(device).read_json("clock.json") or {})["seen"]) > datetime.now(UTC)


def test_a_bundle_signed_by_a_key_that_may_not_is_refused(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even when the keys of the repository were misused to publish it."""
    stranger = KeyFolder(made.work / "stranger")
    stranger.create("bundle")
    folder = made.bundle("1.2.0", signed=False)
    sign_bundle(folder, stranger, {"format": 1, "passed": True, "results": [], "model": "tiny"})
    repository = made.open()
    with pytest.raises(SignatureError, match="may not sign"):
        publish_bundle(repository, folder)
    monkeypatch.setattr("edgewise.updates.signing.verify", lambda *_: "")
    publish_bundle(repository, folder)
    repository.commit()
    monkeypatch.undo()
    monkeypatch.setattr("edgewise.updates.pulling.run_preflight", lambda *_: Trial(1.0, 1))
    with pytest.raises(SignatureError, match="may not sign"):
        take(made, made.work / "device", At())
    assert whole(made.work / "device") == "1.0.0"


def test_an_unsigned_bundle_is_refused_even_when_its_metadata_are_signed(made: Made) -> None:
    folder = made.bundle("1.2.0", signed=False)
    contents = {path.name: path.read_bytes() for path in folder.iterdir()}
    files = tuple(describe(name, data) for name, data in contents.items())
    revision = Revision("tiny", "1.2.0", "0.1.0", ("onnxruntime",), False, None, files)
    repository = made.open()
    repository.put_revision(replace(revision, files=tuple(sorted(files, key=_manifest_last))), contents)
    repository.commit()
    with pytest.raises(SignatureError, match="not signed"):
        take(made, made.work / "device", At())
    assert whole(made.work / "device") == "1.0.0"


def _manifest_last(file: PublishedFile) -> bool:
    return file.file == "manifest.json"


def test_a_bundle_that_was_changed_after_signing_is_refused(made: Made) -> None:
    folder = made.bundle("1.2.0")
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"licence": "Apache-2.0"', '"licence": "MIT"', 1))
    with pytest.raises(SignatureError, match="does not fit"):
        publish_bundle(made.open(), folder)


def test_ungated_and_unsigned_bundles_are_not_published(made: Made) -> None:
    folder = made.bundle("1.2.0", signed=False)
    with pytest.raises(PublishError, match="not signed"):
        publish_bundle(made.open(), folder)
    for report, reason in [
        ({"format": 1, "passed": False, "results": [], "model": "tiny 1.2.0"}, "did not pass"),
        ({"format": 1, "passed": True, "results": [], "model": "other 1.2.0"}, "is about 'other"),
        ({"format": 1, "passed": True, "results": [], "model": "tiny 1.1.0"}, "is about 'tiny 1.1.0'"),
        ({"passed": True}, "no report"),
    ]:
        with pytest.raises(PublishError, match=reason):
            sign_bundle(folder, made.keys, report)
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"signature": null', '"signature": {}', 1))
    with pytest.raises(PublishError, match="passed its gates"):
        publish_bundle(made.open(), folder)


def test_a_version_is_published_once(made: Made) -> None:
    other = made.bundle("1.1.0", lambda spec: spec.update(description="another one"))
    with pytest.raises(PublishError, match="raise the version"):
        publish_bundle(made.open(), other)


BAD_NAMES = ["../evil", "/etc/passwd", "a\\b", "C:evil", "con", "a/../../b", ".hidden", "x" * 300]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_signed_metadata_cannot_name_a_file_outside(name: str) -> None:
    one = {"size": 1, "sha256": "0" * 64, "part_size": 1, "parts": ["0" * 64]}
    record = {
        "format": 1,
        "name": "tiny",
        "version": "1.0.0",
        "min_sdk_version": "0.1.0",
        "files": {name: one, "manifest.json": one},
    }
    with pytest.raises(TargetRefusedError):
        parse_revision(record, "tiny", "1.0.0")
    record["files"] = {"A.onnx": one, "a.onnx": one, "manifest.json": one}
    with pytest.raises(TargetRefusedError, match="not those of a bundle"):
        parse_revision(record, "tiny", "1.0.0")


def test_keys_can_be_replaced_and_old_ones_are_worth_nothing(made: Made) -> None:
    device = made.work / "device"
    for role in ("timestamp", "targets", "root"):
        repository = made.open()
        repository.rotate(role)
        repository.commit()
    take(made, device, At())
    assert whole(device) == "1.1.0"
    for path in made.keys.folder.glob("*-1.pem"):
        if path.name[:4] in ("root", "targ", "time"):
            path.unlink()
    made.publish("1.2.0")
    take(made, device, At())
    assert whole(device) == "1.2.0"
    with UpdateServer(made.folder) as server:
        ngclient(made, server.url)


def test_a_threshold_asks_for_that_many_keys(tmp_path: Path) -> None:
    made = make_repository(tmp_path, Policy(thresholds={"root": 2}), roots=3)
    (tmp_path / "keys" / "root-1.pem").unlink()
    repository = made.open()
    repository.rotate("timestamp")
    repository.commit()
    made.publish("1.0.0")
    take(made, tmp_path / "device", At())
    (tmp_path / "keys" / "root-2.pem").unlink()
    with pytest.raises(PublishError, match="too few"):
        made.open().rotate("timestamp")


def test_what_is_no_root_is_told(made: Made) -> None:
    with pytest.raises(TrustError, match="no root of trust"):
        pull("tiny", store=Store(made.work / "new"), source=made.folder, trust=Trust(b"{}", "a test"))
    with pytest.raises(TrustError):
        Trust.load(made.work / "nobody.json")


def test_an_organisation_s_own_root_replaces_the_other(made: Made) -> None:
    (made.work / "own").mkdir()
    own = make_repository(made.work / "own")
    own.publish("1.5.0")
    device = made.work / "device"
    with pytest.raises(MetadataRefusedError):
        pull("tiny", store=Store(device), source=own.folder, trust=made.trust)
    own.trust.keep(Store(device))
    assert pull("tiny", store=Store(device), source=own.folder).version == "1.5.0"


def test_a_repository_names_every_file_by_its_hash(made: Made) -> None:
    files = [path for path in (made.folder / "targets").rglob("*") if path.is_file()]
    assert len(files) >= 7
    for path in files:
        assert path.name.startswith(hashlib.sha256(path.read_bytes()).hexdigest() + ".")
    with pytest.raises(PublishError, match="already"):
        Repository.create(made.folder, made.keys)
    with pytest.raises((MetadataRefusedError, BundleError)):
        Repository.open(made.work / "nobody", made.keys)
