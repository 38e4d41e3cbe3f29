"""Updates on a file system that does not tell cases apart and has no links, as that of many an SD card."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.programs import fuse
from tests.support.update_faults import At, full, in_child, take, whole
from tests.support.update_repository import Made, make_repository

from edgewise import Analyzer
from edgewise.updates import Store
from edgewise.updates.device_id import device_id
from edgewise.updates.preflight import Trial
from edgewise.updates.upkeep import prune, rollback

FILE_SYSTEM = Path(__file__).parents[1] / "support" / "caseless_fs.py"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    monkeypatch.setattr("edgewise.updates.pulling.run_preflight", lambda *_: Trial(1.0, 1))


@pytest.fixture(scope="module")
def caseless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Such a file system: the one that is named, the one that is there, or one that is made here."""
    named = os.environ.get("EDGEWISE_TEST_CASELESS")
    place = Path(named) if named else tmp_path_factory.mktemp("caseless")
    (place / "Probe").touch()
    if named or (place / "pROBE").exists():
        yield place
        return
    with mounted(place, tmp_path_factory.mktemp("mounted")) as made:
        yield made


@pytest.fixture
def folder(caseless: Path) -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(dir=caseless))
    yield place
    shutil.rmtree(place, ignore_errors=True)


@contextmanager
def mounted(kept: Path, place: Path) -> Iterator[Path]:
    """Show a folder at another place, where cases are not told apart."""
    there = fuse()
    if there is None:
        pytest.skip(
            "cases are told apart here, and FUSE is not there (`make test` fetches it, root may use it); "
            "EDGEWISE_TEST_CASELESS names a folder where they are not"
        )
    python, library = there
    command = [str(python), str(FILE_SYSTEM), str(kept), str(place)]
    process = subprocess.Popen(command, env={**os.environ, "FUSE_LIBRARY_PATH": str(library)})
    try:
        for _ in range(300):
            if (place / "pROBE").exists() or process.poll() is not None:
                break
            time.sleep(0.1)
        if not (place / "pROBE").exists():
            pytest.skip("no file system of our own can be mounted here")
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=False, capture_output=True)
        process.terminate()
        process.wait(30)


@pytest.fixture
def made(folder: Path) -> Made:
    made = make_repository(folder)
    made.publish("1.0.0")
    return made


def test_a_device_has_an_id_where_there_are_no_links(folder: Path) -> None:
    if os.environ.get("EDGEWISE_TEST_CASELESS") is None:
        (folder / "file").touch()
        with pytest.raises(OSError, match="not permitted"):
            (folder / "hard").hardlink_to(folder / "file")
        with pytest.raises(OSError, match="not permitted"):
            (folder / "soft").symlink_to(folder / "file")
    kept = device_id(folder / "Store")
    assert kept.kept
    assert device_id(folder / "sTORE") == kept


def test_versions_come_go_and_answer(made: Made, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEWISE_STORE", str(folder / "Store"))
    store = folder / "store"
    take(made, store, At())
    made.publish("1.1.0", extra=os.urandom(100_000))
    with Analyzer("tiny") as analyzer:
        take(made, store, At())
        assert analyzer.reload()
        assert analyzer.bundle.manifest.version == "1.1.0"
        assert analyzer.analyze("great").sentiment.label == "positive"
    assert rollback(Store(store), "tiny").name.startswith("1.0.0")
    assert whole(store) == "1.0.0"
    with Store(store).lock():
        assert [name[:5] for name in prune(Store(store), "tiny", keep=1)] == ["1.1.0"]


def test_versions_that_differ_in_case_alone_do_not_mix(made: Made, folder: Path) -> None:
    from edgewise.updates import pull

    for version in ("1.1.0-RC.1", "1.1.0-rc.1"):
        made.publish(version)
    store = Store(folder / "store")
    for version in ("1.1.0-RC.1", "1.1.0-rc.1", "1.1.0-RC.1"):
        done = pull(f"tiny@{version}", store=store, source=made.folder, trust=made.trust)
        assert done.version == version
        assert whole(store.folder) == version
    assert store.known() == ("tiny@1.1.0-rc.1", "tiny@1.1.0-RC.1")


def test_faults_leave_a_whole_model_there_too(made: Made, folder: Path) -> None:
    store = folder / "store"
    take(made, store, At())
    made.publish("1.1.0", extra=os.urandom(20_000))
    steps = At()
    shutil.copytree(store, folder / "dry")
    take(made, folder / "dry", steps)
    for number in range(0, len(steps.names), 8):
        device = folder / f"device-{number}"
        shutil.copytree(store, device)
        assert (
            in_child(lambda device=device, number=number: take(made, device, At(number))) == -signal.SIGKILL
        )
        assert whole(device) in ("1.0.0", "1.1.0")
        in_child(lambda device=device, number=number: take(made, device, At(number, full)))
        assert whole(device) in ("1.0.0", "1.1.0")
        take(made, device, At())
        assert whole(device) == "1.1.0"
