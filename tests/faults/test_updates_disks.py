"""Real disks: full at any point of a pull, a home that may only be read, and readers while models change."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.support.mounts import read_only, small_disk
from tests.support.update_faults import At, take, whole
from tests.support.update_repository import Made, make_repository

from edgewise.updates import Limits, Store, pull
from edgewise.updates.errors import DoesNotFitError, StoreWriteError
from edgewise.updates.network import Network
from edgewise.updates.preflight import Trial
from edgewise.updates.pulling import How


@pytest.fixture
def made(tmp_path: Path) -> Made:
    made = make_repository(tmp_path / "made")
    made.publish("1.0.0")
    return made


def test_a_disk_with_any_room_left_keeps_a_whole_model(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgewise.updates.pulling.run_preflight", lambda *_: Trial(1.0, 1))
    take(made, tmp_path / "old", At())
    made.publish("1.1.0", extra=os.urandom(150_000))
    anyway = How(network=Network(attempts=1), limits=Limits(spare_bytes=-(1 << 40)))  # do not look first
    refused = 0
    with small_disk(tmp_path / "disk") as disk:
        for room in (*range(0, 40_000, 4096), *range(40_000, 280_000, 20_000)):
            device = Path(shutil.copytree(tmp_path / "old", disk.place / "device"))
            disk.leave_free(room)
            try:
                pull("tiny", store=Store(device), source=made.folder, trust=made.trust, how=anyway)
            except StoreWriteError as error:
                assert "No space left" in str(error)
                assert whole(device) == "1.0.0"
                refused += 1
            else:
                assert whole(device) == "1.1.0"
            disk.leave_free(1 << 26)
            take(made, device, At())
            assert whole(device) == "1.1.0"
            shutil.rmtree(device)
        assert 10 < refused < 22
        device = Path(shutil.copytree(tmp_path / "old", disk.place / "device"))
        disk.leave_free(1 << 20)
        with pytest.raises(DoesNotFitError, match="free"):  # who looks first fetches nothing
            take(made, device, At())


def edgewise(home: Path, *words: object) -> subprocess.CompletedProcess[str]:
    hidden = ("EDGEWISE_STORE", "XDG_DATA_HOME", "XDG_CACHE_HOME")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    return subprocess.run(
        [sys.executable, "-m", "edgewise", *map(str, words)],
        env={**environment, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="the store lies elsewhere on other systems")
def test_in_a_read_only_home_models_answer_and_may_be_kept_elsewhere(made: Made, tmp_path: Path) -> None:
    home, root = tmp_path / "home", made.folder / "metadata" / "1.root.json"
    home.mkdir()
    done = edgewise(home, "models", "pull", "tiny", "--from", made.folder, "--trust", root)
    assert (done.returncode, done.stderr) == (0, "")
    made.publish("1.1.0")
    with read_only(home):
        listed = edgewise(home, "models", "list")
        assert "1.0.0" in listed.stdout
        for model in ("tiny", "edgewise-base@current"):
            said = edgewise(home, "analyze", "great", "--model", model)
            assert (said.returncode, said.stderr) == (0, "")
        for words in (("pull", "tiny"), ("pin", "tiny@1.0"), ("rollback", "tiny")):
            refused = edgewise(home, "models", *words)
            assert refused.returncode == 2
            assert refused.stderr.startswith("Error: ")
            assert refused.stderr.count("\n") == 1
            assert "Read-only" in refused.stderr or "denied" in refused.stderr
        assert edgewise(home, "models", "verify").returncode == 0
        store = tmp_path / "elsewhere"
        named = ("--from", made.folder, "--trust", root, "--store", store)
        done = edgewise(home, "models", "pull", "tiny", *named)
        assert (done.returncode, done.stderr) == (0, "")
        assert whole(store) == "1.1.0"
    assert whole(home / ".local" / "share" / "edgewise" / "updates") == "1.0.0"


READER = """
import sys, time
from pathlib import Path
from edgewise import Analyzer
from edgewise.bundle import Bundle
from edgewise.updates import Store
stop, seen, count = Path(sys.argv[1]), set(), 0
while not stop.exists() or not count:
    with Analyzer("tiny") as analyzer:
        assert analyzer.analyze("great").sentiment.label == "positive"
        analyzer.bundle.verify()
        seen.add(analyzer.bundle.manifest.version)
        count += 1
print(count, *sorted(seen))
"""


def test_other_processes_see_the_old_model_or_the_new_one_and_never_half(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgewise.updates.pulling.run_preflight", lambda *_: Trial(1.0, 1))
    store, stop = tmp_path / "store", tmp_path / "stop"
    how = How(network=Network(attempts=1), keep=1)  # what is old goes at once

    def take_one() -> None:
        pull("tiny", store=Store(store), source=made.folder, trust=made.trust, how=how)

    take_one()
    environment = {**os.environ, "EDGEWISE_STORE": str(store)}
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(stop)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for number in range(1, 16):
        made.publish(f"1.{number}.0", extra=os.urandom(100_000))
        take_one()
        time.sleep(0.1)
    stop.touch()
    said = [reader.communicate(timeout=240) for reader in readers]
    assert [(reader.returncode, error) for reader, (_, error) in zip(readers, said, strict=True)] == [
        (0, "")
    ] * 2
    versions = {version for out, _ in said for version in out.split()[1:]}
    assert versions <= {f"1.{number}.0" for number in range(16)}
    assert len(versions) > 1
    assert Store(store).state("tiny").refused == {}
    take_one()
    assert len(Store(store).installed("tiny")) <= 2
