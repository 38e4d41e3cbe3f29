"""Updates on a file system that does not tell cases apart, as those of macOS, Windows and SD cards."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.update_faults import At, full, in_child, take, whole
from tests.support.update_repository import Made, make_repository

from edgewise import Analyzer
from edgewise.updates import Store
from edgewise.updates.preflight import Trial
from edgewise.updates.upkeep import prune, rollback


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    monkeypatch.setattr("edgewise.updates.pulling.run_preflight", lambda *_: Trial(1.0, 1))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder on such a file system."""
    named = os.environ.get("EDGEWISE_TEST_CASELESS")
    place = Path(tempfile.mkdtemp(dir=named)) if named else tmp_path
    (place / "Probe").touch()
    if not (place / "pROBE").exists():
        pytest.skip("cases are told apart here; EDGEWISE_TEST_CASELESS names a folder where they are not")
    yield place
    if named:
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def made(folder: Path) -> Made:
    made = make_repository(folder)
    made.publish("1.0.0")
    return made


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
