"""Pulls that are killed, run into a full disk, or meet another pull: the device always has a whole model."""

import errno
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.support.update_faults import WRITES, At, in_child, take, whole
from tests.support.update_repository import Made, make_repository
from tests.support.update_server import UpdateServer

from edgewise.updates import Store
from edgewise.updates.errors import StoreWriteError
from edgewise.updates.preflight import Trial


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    monkeypatch.setattr("edgewise.updates.pulling.run_preflight", lambda *_: Trial(1.0, 1))


def drive(folder: Path, *what: str) -> dict:
    command = [sys.executable, "-m", "tests.support.update_faults", str(folder), *what]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_killed_before_every_step_the_device_answers_and_goes_on(tmp_path: Path) -> None:
    found = drive(tmp_path, "every")
    assert found["without"] == []
    assert set(found["between"]) == {"1.0.0", "1.1.0"}  # before and after the one rename that counts
    steps = Counter(name.split()[0] for name in found["steps"])
    assert {"write", "sync", "rename", "copy", "preflight", "adopt", "activate"} <= set(steps)
    assert {"replace", "prune", "pruned", "done"} <= set(steps)
    assert len(found["steps"]) > 70


def test_broken_at_random_again_and_again_the_device_answers(tmp_path: Path) -> None:
    found = drive(tmp_path, "random", "25", "7")
    assert found["without"] == []
    assert found["faults"] >= 25


def test_a_disk_that_is_full_at_any_write_leaves_the_old_model(tmp_path: Path, quick: None) -> None:
    made = make_repository(tmp_path)
    made.publish("1.0.0")
    old = tmp_path / "old"
    take(made, old, At())
    made.publish("1.1.0", extra=b"b" * 70_000)
    refused, steps = 0, At()
    take(made, Path(shutil.copytree(old, tmp_path / "dry")), steps)
    for number in range(len(steps.names)):
        device = Path(shutil.copytree(old, tmp_path / f"device-{number}"))
        step = At(number, lambda name: _full(name) if name.split()[0] in WRITES else None)
        try:
            take(made, device, step)
        except StoreWriteError as error:
            assert "cannot be written" in str(error)
            refused += 1
        assert whole(device) in ("1.0.0", "1.1.0")
        assert not list(device.rglob(".*.new"))
        take(made, device, At())
        assert whole(device) == "1.1.0"
    assert refused == sum(name.split()[0] in WRITES for name in steps.names) > 20


def _full(name: str) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="the system has no limit on file sizes")
def test_a_limit_on_the_size_of_files_is_a_full_disk(tmp_path: Path, quick: None) -> None:
    made = make_repository(tmp_path)
    made.publish("1.0.0")
    device = tmp_path / "device"
    take(made, device, At())
    made.publish("1.1.0", extra=b"b" * 200_000)

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
        take(made, device, At())

    assert in_child(limited) == 3
    assert whole(device) == "1.0.0"
    kept = next(device.rglob(".*.part"))
    assert kept.stat().st_size == 100_000
    take(made, device, At())
    assert whole(device) == "1.1.0"


PULL = """
import sys
from edgewise.updates import Store, pull
from edgewise.updates.network import Network
from edgewise.updates.pulling import How
store, source, root = sys.argv[1:]
how = How(network=Network(proxies={}), wait=120)
done = pull("tiny", store=Store(store), source=source, trust=root, how=how)
print(done.version, done.fetched)
"""


@pytest.mark.skipif(os.name != "posix", reason="there is no such signal elsewhere")
def test_a_pull_that_is_stopped_by_hand_says_so_and_goes_on_later(tmp_path: Path) -> None:
    made = make_repository(tmp_path)
    made.publish("1.0.0", extra=os.urandom(300_000))
    store, root = tmp_path / "device", made.folder / "metadata" / "1.root.json"
    with UpdateServer(made.folder) as server:
        server.misbehave("large.bin", "always:drip")
        command = [sys.executable, "-m", "edgewise", "models", "pull", "tiny", "--from", server.url]
        process = subprocess.Popen(
            [*command, "--trust", str(root), "--store", str(store)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "NO_PROXY": "127.0.0.1"},
            # A shell that started pytest in its background had it passed over.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        for _ in range(1200):
            if any(path.endswith("large.bin") for path, _ in server.requests):
                break
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)
        assert (process.returncode, said[0]) == (130, "")
        assert said[1].strip() == "Stopped."
        kept = next(store.rglob(".*.part")).stat().st_size
        server.well()
        take(made, store, At(), server.url)
        starts = [start for path, start in server.requests if path.endswith("large.bin")]
    assert starts == [0, kept]
    assert kept > 0
    assert whole(store) == "1.0.0"


def test_two_pulls_at_once_do_the_work_once(tmp_path: Path) -> None:
    made = make_repository(tmp_path)
    made.publish("1.0.0", extra=b"x" * 300_000)
    root = made.folder / "metadata" / "1.root.json"
    with UpdateServer(made.folder) as server:
        command = [sys.executable, "-c", PULL, str(tmp_path / "device"), server.url, str(root)]
        both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        said = [process.communicate(timeout=240)[0].split() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert [version for version, _ in said] == ["1.0.0", "1.0.0"]
    assert sorted(int(fetched) > 300_000 for _, fetched in said) == [False, True]
    assert whole(tmp_path / "device") == "1.0.0"


def test_a_killed_download_goes_on_where_it_was(tmp_path: Path, quick: None) -> None:
    made = make_repository(tmp_path)
    size = 1_500_000
    made.publish("1.0.0", extra=os.urandom(size))
    store = tmp_path / "device"
    with UpdateServer(made.folder, small_buffer=True) as server:

        def killed_after(blocks: int) -> None:
            seen = 0

            def step(name: str) -> None:
                nonlocal seen
                seen += name == "write large.bin"
                if seen > blocks:
                    os.kill(os.getpid(), signal.SIGKILL)

            take(made, store, step, server.url)

        had = 0
        for _ in range(4):
            assert in_child(lambda: killed_after(6)) == -signal.SIGKILL
            part = next(store.rglob(".*.part"))
            assert part.stat().st_size > had
            had = part.stat().st_size
        take(made, store, At(), server.url)
        starts = [start for path, start in server.requests if path.endswith("large.bin")]
    assert starts == sorted(starts)
    assert starts[-1] == had
    assert whole(store) == "1.0.0"


def test_a_part_that_was_changed_on_the_disk_is_fetched_again(tmp_path: Path, quick: None) -> None:
    made: Made = make_repository(tmp_path)
    made.publish("1.0.0", extra=os.urandom(800_000))
    store = tmp_path / "device"
    stop = At(-1)

    def step(name: str) -> None:
        stop(name)
        if stop.names.count("write large.bin") > 9:
            os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(lambda: take(made, store, step)) == -signal.SIGKILL
    part = next(store.rglob(".*.part"))
    with part.open("r+b") as file:
        file.seek(300_000)  # in the second part
        file.write(b"damage")
    with UpdateServer(made.folder) as server:
        take(made, store, At(), server.url)
        starts = [start for path, start in server.requests if path.endswith("large.bin")]
    assert starts == [262_144]
    assert whole(store) == "1.0.0"
    assert Store(store).installed("tiny")[0].version == "1.0.0"
