"""`edgewise keys`, `publish`, and the commands of `edgewise models` that change models."""

import json
import pickle
import shutil
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.support.update_repository import PASSED, Made, make_small_bundle
from tests.unit.updates.conftest import Take

from edgewise.cli import main
from edgewise.errors import SignatureError
from edgewise.updates import Limits, Store
from edgewise.updates.errors import ModelNameError, PackageFileError, RefusedBeforeError
from edgewise.updates.package_file import export_package, import_package
from edgewise.updates.pulling import How
from edgewise.updates.source import Source


def edgewise(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def ok(*arguments: object) -> str:
    done = edgewise(*arguments)
    assert done.exit_code == 0, done.output
    return done.output


def test_from_keys_to_a_rollback_on_the_command_line(tmp_path: Path, store: Store, no_trial: None) -> None:
    keys, site, report = tmp_path / "keys", tmp_path / "site", tmp_path / "report.json"
    assert "Lock root" in ok("keys", "new", keys, "--roots", 2)
    assert (keys / "root-2.pem").stat().st_mode & 0o077 == 0
    report.write_text(json.dumps(PASSED))
    for version in ("1.0.0", "1.1.0"):
        bundle = make_small_bundle(tmp_path / version, lambda spec, v=version: spec.update(version=v))
        refused = edgewise("publish", bundle, "--to", site, "--keys", keys)
        assert refused.exit_code == 2
        assert "not signed" in refused.output
        before = (bundle / "manifest.json").read_bytes()
        said = ok("publish", bundle, "--to", site, "--keys", keys, "--gates", report, "--threshold", "root=2")
        assert "1.root.json" in said
        assert (bundle / "manifest.json").read_bytes() == before, "a copy is signed"
    root = site / "metadata" / "1.root.json"
    assert "no root of trust" in edgewise("models", "pull", "tiny", "--from", site).output
    assert "tiny@1.0.0 is in use now" in ok("models", "pull", "tiny@1.0", "--from", site, "--trust", root)
    found = json.loads(ok("models", "pull", "tiny", "--json"))
    assert (found["version"], found["changed"]) == ("1.1.0", True)
    listed = [json.loads(line) for line in ok("models", "list", "--json").splitlines()]
    assert [(each["version"], each["active"]) for each in listed] == [("1.1.0", True), ("1.0.0", False)]
    assert "in use" in ok("models", "list")
    assert "1.1.0" in ok("models", "show", "tiny@1.1")
    assert "test inputs answered as expected" in ok("models", "verify")
    assert "1.0.0 of tiny is in use again" in ok("models", "rollback", "tiny")
    assert "failed on this device before" in edgewise("models", "pull", "tiny").output
    assert "by hand" in ok("models", "list")
    assert "1.1.0 of tiny is in use" in ok("models", "use", "tiny@1.1.0")
    assert "keeps to 1.0" in ok("models", "pin", "tiny@1.0")
    assert "tiny@1.0.0 is in use now" in ok("models", "pull", "tiny")
    assert "follows its channel" in ok("models", "pin", "tiny@current")
    assert "tiny@1.1.0" in ok("models", "prune", "--keep", 1)
    assert "signed anew" in ok("keys", "renew", "--to", site, "--keys", keys)
    assert "new keys" in ok("keys", "rotate", "timestamp", "--to", site, "--keys", keys)
    assert "new keys" in ok("keys", "rotate", "bundle", "--to", site, "--keys", keys)
    assert "tiny@1.1.0 is in use now" in ok("models", "pull", "tiny")
    assert "tiny" in ok("models")


def test_a_mirror_stands_before_the_source_that_was_used_last(
    made: Made, store: Store, tmp_path: Path, no_trial: None
) -> None:
    made.publish("1.0.0")
    ok("models", "pull", "tiny", "--from", made.folder, "--trust", made.folder / "metadata" / "1.root.json")
    made.publish("1.1.0")
    mirror, away = shutil.copytree(made.folder, tmp_path / "mirror"), tmp_path / "away"
    made.folder.rename(away)
    assert edgewise("models", "pull", "tiny").exit_code == 2
    assert "tiny@1.1.0 is in use now" in ok("models", "pull", "tiny", "--mirror", mirror)
    away.rename(made.folder)
    assert "tiny@1.1.0" in ok("models", "export", "tiny", tmp_path / "tiny.zip", "--mirror", tmp_path / "no")


def test_a_broken_version_is_found_by_verify(made: Made, take: Take) -> None:
    made.publish("1.0.0")
    folder = take().folder
    (folder / "tokenizer.json").write_bytes(b"x" * (folder / "tokenizer.json").stat().st_size)
    done = edgewise("models", "verify", "tiny@1.0.0")
    assert done.exit_code == 1
    assert "BROKEN" in done.output


def test_one_file_carries_a_model_to_a_device_without_network(
    made: Made, store: Store, tmp_path: Path, no_trial: None
) -> None:
    made.publish("1.0.0")
    made.publish("1.1.0")
    file, root = tmp_path / "tiny.zip", made.folder / "metadata" / "1.root.json"
    assert "tiny@1.0.0" in ok("models", "export", "tiny@1.0", file, "--from", made.folder, "--trust", root)
    air_gapped = tmp_path / "air-gapped"
    left = air_gapped / ".import" / "metadata" / "1.root.json"  # by an import that was killed
    left.parent.mkdir(parents=True)
    left.touch()
    said = ok("models", "import", file, "--trust", root, "--store", air_gapped)
    assert "tiny@1.0.0 is in use now" in said
    assert Store(air_gapped).known() == ("tiny@1.0.0",)
    assert not (air_gapped / "source.json").exists()
    assert not (air_gapped / ".import").exists()
    assert edgewise("models", "export", "tiny", file, "--from", made.folder).exit_code == 2


@pytest.fixture
def package(made: Made, store: Store, tmp_path: Path) -> Path:
    made.publish("1.0.0")
    path = tmp_path / "good.zip"
    export_package("tiny", path, store=store, source=Source.parse(made.folder), trust=made.trust)
    return path


def entries(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


def rewrite(path: Path, content: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", how) as package:
        for name, data in content.items():
            package.writestr(name, data)
    return path


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil", "does not look as it must"),
        ("/etc/evil", "does not look as it must"),
        ("metadata/../../evil", "does not look as it must"),
        ("targets/a/b/c/d", "does not look as it must"),
        ("PACKAGE.json", "does not look as it must"),
        ("metadata/TIMESTAMP.json", "there twice"),
    ],
)
def test_a_file_that_leads_out_is_refused(
    package: Path, made: Made, tmp_path: Path, name: str, reason: str
) -> None:
    rewrite(package, {**entries(package), name: b"evil"})
    with pytest.raises(PackageFileError, match=reason):
        import_package(package, store=Store(tmp_path / "new"), trust=made.trust)
    assert not (tmp_path / "evil").exists()


def test_a_bomb_is_refused_before_it_is_opened(package: Path, made: Made, tmp_path: Path) -> None:
    content = entries(package)
    new = Store(tmp_path / "new")
    rewrite(package, {**content, "targets/bomb": bytes(30_000_000)}, zipfile.ZIP_DEFLATED)
    assert package.stat().st_size < 100_000
    small = How(limits=Limits(bundle_bytes=1_000_000))
    with pytest.raises(PackageFileError, match="unpack to more than"):
        import_package(package, store=new, trust=made.trust, how=small)
    rewrite(package, content, zipfile.ZIP_DEFLATED)
    with pytest.raises(PackageFileError, match="is packed"):
        import_package(package, store=new, trust=made.trust)
    rewrite(package, {**content, **{f"targets/{number}": b"" for number in range(1000)}})
    with pytest.raises(PackageFileError, match="entries"):
        import_package(package, store=new, trust=made.trust)
    assert not new.known()


def test_what_is_in_a_file_is_not_trusted_for_being_there(
    package: Path, made: Made, tmp_path: Path, no_trial: None
) -> None:
    new, content = Store(tmp_path / "new"), entries(package)
    for name in [each for each in content if each.endswith(".tiny.onnx")]:
        rewrite(package, {**content, name: content[name][:-1] + b"!"})
        with pytest.raises(Exception, match="another sha256"):
            import_package(package, store=new, trust=made.trust)
    package.write_bytes(package.read_bytes()[:2000])
    with pytest.raises(PackageFileError, match="damaged"):
        import_package(package, store=new, trust=made.trust)
    with pytest.raises(PackageFileError):
        import_package(tmp_path / "nobody.zip", store=new, trust=made.trust)
    assert not new.known()


def test_errors_of_the_command_line_are_one_line(made: Made, store: Store, tmp_path: Path) -> None:
    for arguments in (
        ["models", "pull", "Not A Name"],
        ["models", "use", "tiny@1"],
        ["models", "rollback", "tiny"],
        ["models", "import", tmp_path / "nobody.zip"],
        ["publish", tmp_path, "--to", made.folder, "--keys", tmp_path / "no-keys"],
        ["keys", "renew", "--to", tmp_path / "nowhere", "--keys", tmp_path / "no-keys"],
    ):
        done = edgewise(*arguments)
        assert done.exit_code == 2, arguments
        assert done.output.startswith("Error: ")
        assert done.output.count("\n") == 1
    assert "names no model" in edgewise("models", "use", "Not A Name").output
    error = pickle.loads(pickle.dumps(ModelNameError("Not A Name")))
    assert "'Not A Name' names no model" in str(error)
    assert issubclass(SignatureError, ValueError)
    assert issubclass(RefusedBeforeError, RuntimeError)
