"""An analyzer on models that were pulled: reload under load, falling back, trials that crash."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.support.mounts import read_only
from tests.support.update_repository import Made
from tests.unit.updates.conftest import Take

from edgewise import Analyzer, BackendError
from edgewise.errors import AnalyzerClosedError, BundleNotFoundError, UnknownTaskError
from edgewise.updates import Store
from edgewise.updates.errors import NotInstalledError
from edgewise.updates.locking import Lease
from edgewise.updates.shadow_analyzer import ShadowAnalyzer
from edgewise.updates.trial import Trial


def test_swapping_under_load_drops_no_call(made: Made, take: Take) -> None:
    made.publish("1.0.0")
    take()
    analyzer = Analyzer("tiny")
    analyzer.warm_up()
    stop, failed, versions = threading.Event(), [], set()

    def call() -> None:
        while not stop.is_set():
            try:
                versions.add(analyzer.analyze("great").model)
                analyzer.analyze_batch(["great", "idiot"])
                list(analyzer.stream(["bad", "good"], look_ahead=1))
                asyncio.run(analyzer.aanalyze("good"))
            except Exception as error:
                failed.append(error)
                return

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for number in range(1, 6):
        made.publish(f"1.{number}.0")
        take()
        assert analyzer.reload()
    stop.set()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(versions) > 1
    assert analyzer.bundle.manifest.version == "1.5.0"
    analyzer.close()
    with pytest.raises(AnalyzerClosedError):
        analyzer.reload()


def test_reload_of_what_cannot_change_does_nothing(tiny_bundle: Path) -> None:
    with Analyzer(tiny_bundle) as analyzer:
        assert analyzer.reload() is False


def test_a_reload_that_cannot_be_used_leaves_the_old_one(made: Made, take: Take) -> None:
    made.publish("1.0.0")
    take()
    with Analyzer("tiny", tasks=["emotion"]) as analyzer:

        def without_emotion(spec: dict) -> None:
            spec["models"]["encoder"]["tasks"].pop("emotion")
            for golden in spec["models"]["encoder"]["golden"]:
                golden["expected"].pop("emotion", None)

        made.publish("1.1.0", without_emotion)
        take()
        with pytest.raises(UnknownTaskError):
            analyzer.reload()
        assert analyzer.analyze("happy").emotion.label == "joy"


def damage(folder: Path) -> None:
    path = folder / "tiny.onnx"
    path.write_bytes(bytes(path.stat().st_size))


def test_a_version_that_cannot_be_loaded_is_left_for_the_one_before(
    made: Made, take: Take, store: Store
) -> None:
    made.publish("1.0.0")
    take()
    made.publish("1.1.0")
    damage(take().folder)
    with Analyzer("tiny") as analyzer:
        assert analyzer.bundle.manifest.version == "1.1.0"
        assert analyzer.analyze("great").sentiment.label == "positive"
        assert analyzer.bundle.manifest.version == "1.0.0"
    assert [each.refused is None for each in store.installed("tiny")] == [False, True]
    with Analyzer("tiny") as analyzer:
        assert analyzer.bundle.manifest.version == "1.0.0"


def test_reload_of_a_damaged_version_tells_and_goes_on(made: Made, take: Take, store: Store) -> None:
    made.publish("1.0.0")
    take()
    with Analyzer("tiny") as analyzer:
        made.publish("1.1.0")
        damage(take().folder)
        with pytest.raises(Exception, match="sha256"):
            analyzer.reload()
        assert analyzer.analyze("great").sentiment.label == "positive"
        assert analyzer.reload() is False
    assert store.state("tiny").active is not None
    assert store.state("tiny").active.startswith("1.0.0")


def test_with_nothing_to_fall_back_to_the_error_is_told(made: Made, take: Take) -> None:
    made.publish("1.0.0")
    damage(take().folder)
    with Analyzer("tiny") as analyzer, pytest.raises(Exception, match="sha256"):
        analyzer.analyze("great")


CRASH = """
import os, signal, sys
from edgewise import Analyzer
from edgewise.engine.engine import Engine
Engine.judge_one = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
Analyzer("tiny").analyze("great")
"""


def test_a_version_that_kills_its_process_is_left_after_two(made: Made, take: Take, store: Store) -> None:
    made.publish("1.0.0")
    with Analyzer(str(take().folder)):
        pass
    with Analyzer("tiny") as analyzer:
        analyzer.analyze("great")  # 1.0.0 has answered: its trial is over
    made.publish("1.1.0")
    trial = Trial(take().folder)
    for crashes in (1, 2):
        done = subprocess.run([sys.executable, "-c", CRASH], env={**os.environ}, timeout=120, check=False)
        assert done.returncode == -signal.SIGKILL
        assert trial.crashes() == crashes
    with Analyzer("tiny") as analyzer:
        assert analyzer.bundle.manifest.version == "1.0.0"
        assert analyzer.analyze("great").sentiment.label == "positive"
    assert "died" in (store.installed("tiny")[0].refused or "")


def test_a_version_that_answered_is_not_on_trial_any_more(made: Made, take: Take) -> None:
    made.publish("1.0.0")
    trial = Trial(take().folder)
    assert trial.pending
    with Analyzer("tiny") as analyzer:
        analyzer.analyze("great")
    assert not trial.pending
    assert trial.crashes() == 0


def test_an_error_of_a_call_is_no_reason_to_leave_a_proven_version(
    made: Made, take: Take, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.publish("1.0.0")
    take()
    made.publish("1.1.0")
    take()
    with Analyzer("tiny") as analyzer:
        analyzer.analyze("great")

        def fail(*_: object) -> None:
            raise BackendError("no memory")

        monkeypatch.setattr("edgewise.engine.engine.Engine.judge_one", fail)
        with pytest.raises(BackendError, match="no memory"):
            analyzer.analyze("great")
        assert analyzer.bundle.manifest.version == "1.1.0"


def test_names_are_looked_for_in_the_package_a_folder_and_the_store(
    made: Made, take: Take, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.publish("1.0.0")
    folder = take().folder
    assert Analyzer("tiny@1.0").bundle.folder == folder
    assert Analyzer("tiny@current").bundle.folder == folder
    assert Analyzer("edgewise-base@current").bundle.folder == Analyzer().bundle.folder
    with pytest.raises(NotInstalledError, match=r"tiny@1\.0\.0"):
        Analyzer("tiny@2")
    with pytest.raises(BundleNotFoundError):
        Analyzer("nobody")


def test_whatever_an_app_does_with_a_pulled_model_opens_no_socket(
    made: Made, take: Take, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.publish("1.0.0")
    take()
    made.publish("1.1.0")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    with Analyzer("tiny") as analyzer, ShadowAnalyzer("tiny", challenger="tiny", share=1.0) as shadowed:
        for one in (analyzer, shadowed):
            assert one.analyze("great").sentiment.label == "positive"
            assert one.reload() is False  # what is published is not asked for
        assert shadowed.shadow.flush(60)
    assert shadowed.shadow.log.read().failures.total() == 0
    assert [each.version for each in store.installed("tiny")] == ["1.0.0"]


def test_a_running_analyzer_keeps_its_folder(made: Made, take: Take, store: Store) -> None:
    made.publish("1.0.0")
    folder = take().folder
    analyzer = Analyzer("tiny")
    for number in range(1, 5):
        made.publish(f"1.{number}.0")
        take()
    assert folder.is_dir()
    assert analyzer.analyze("great").sentiment.label == "positive"
    assert analyzer.reload()
    made.publish("1.5.0")
    take()
    assert not folder.exists()


def test_a_read_only_store_is_read_as_a_user(made: Made, take: Take, store: Store) -> None:
    made.publish("1.0.0")
    folder = take().folder
    with read_only(store.folder):
        with pytest.raises(OSError, match=r"Read-only|denied"):
            (folder / "new").touch()
        with Analyzer("tiny") as analyzer:
            assert analyzer.analyze("great").sentiment.label == "positive"
    assert folder.is_dir()


def test_a_store_that_refuses_every_write_is_still_read(
    made: Made, take: Take, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.publish("1.0.0")
    take()
    made.publish("1.1.0")
    damage(take().folder)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "read-only")

    monkeypatch.setattr(Path, "touch", refuse)
    monkeypatch.setattr(Path, "mkdir", refuse)
    monkeypatch.setattr(Path, "replace", refuse)
    with Analyzer("tiny") as analyzer:
        assert analyzer.analyze("great").sentiment.label == "positive"
        assert analyzer.bundle.manifest.version == "1.0.0"


def test_a_lease_ends_with_whoever_refers_to_it(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").touch()
    lease = Lease(tmp_path / "manifest.json")
    lease.release()
    lease.release()
    Lease(tmp_path / "nobody").release()
