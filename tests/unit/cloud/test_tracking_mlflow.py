"""Tracking into a real MLflow store: a SQLite file, and a server that goes away in the middle of a run."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("mlflow", reason="tracking needs the extra 'track'")

from edgewise_cloud.catalogue import load_catalogue
from edgewise_cloud.evaluate.records import Record
from edgewise_cloud.evaluate.report import Report
from edgewise_cloud.evaluate.scoring import Judged
from edgewise_cloud.tracking import (
    MetricError,
    NoRunError,
    NoTracker,
    RunStatusError,
    SpoolBusyError,
    data_hashes,
    log_report,
    open_tracker,
    provenance_tags,
    report_metrics,
    send,
)
from edgewise_cloud.tracking.mlflow_client import mlflow_client
from edgewise_cloud.tracking.sender import Sender
from edgewise_cloud.tracking.server import MlflowStore
from edgewise_cloud.tracking.spool import Spool
from edgewise_cloud.tracking.spooled import SpoolTracker

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('store') / 'mlflow.db'}"


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let spools be sent by this process: no second one has to import mlflow."""
    idle = SimpleNamespace(stdin=None, poll=lambda: None, wait=lambda _: 0)
    monkeypatch.setattr("edgewise_cloud.tracking.spooled.launch", lambda *_, **__: idle)


def drained(tracker: SpoolTracker, url: str) -> dict[str, str]:
    """Send a tracker's spool; return the server's ids of its runs."""
    sender = Sender(tracker._spool, MlflowStore(url))
    while sender.step():
        pass
    return dict(tracker._spool.sent.runs)


def tracker_of(url: str, folder: Path) -> SpoolTracker:
    return SpoolTracker(url, "teachers", folder, start_wait=0.0, patience=1.0)


@pytest.mark.usefixtures("here")
def test_a_run_is_there_with_all_it_was_told(url: str, tmp_path: Path) -> None:
    tracker = tracker_of(url, tmp_path / "spool")
    local = tracker.start("english", {"training": {"rate": 0.1}, "seed": 3}, {"git.commit": "abc"})
    for step in range(5):
        tracker.metrics({"loss": 1 / (step + 1)}, step)
    tracker.metrics({"test/accuracy": 0.5})
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.txt").write_text("a", encoding="utf-8")
    tracker.artifact(tmp_path / "out" / "a.txt", "texts")
    tracker.artifact(tmp_path / "out", "folders")
    tracker.end("finished")
    assert tracker.unsent is not None, "nobody has sent anything yet"
    run = drained(tracker, url)[local]
    assert tracker.unsent is None
    client = mlflow_client(url)
    found = client.get_run(run)
    assert (found.info.run_name, found.info.status) == ("english", "FINISHED")
    assert found.info.end_time >= found.info.start_time
    assert found.data.params == {"training.rate": "0.1", "seed": "3"}
    assert found.data.tags["git.commit"] == "abc"
    assert found.data.metrics == {"loss": 0.2, "test/accuracy": 0.5}
    history = client.get_metric_history(run, "loss")
    assert [(each.step, each.value) for each in history] == [(i, 1 / (i + 1)) for i in range(5)]
    assert {each.path for each in client.list_artifacts(run, "folders/out")} == {"folders/out/a.txt"}
    text = Path(client.download_artifacts(run, "texts/a.txt", str(tmp_path))).read_text(encoding="utf-8")
    assert text == "a"


@pytest.mark.usefixtures("here")
def test_sending_twice_changes_nothing(url: str, tmp_path: Path) -> None:
    tracker = tracker_of(url, tmp_path / "spool")
    local = tracker.start("twice", {"seed": 3}, {})
    tracker.metrics({"loss": 1.0}, 1)
    tracker.end()
    first = drained(tracker, url)[local]
    (tmp_path / "spool" / "sent.json").unlink()
    assert drained(tracker, url)[local] == first
    assert len(mlflow_client(url).get_metric_history(first, "loss")) == 1


@pytest.mark.usefixtures("here")
def test_a_killed_run_is_resumed_by_either_id(url: str, tmp_path: Path) -> None:
    tracker = tracker_of(url, tmp_path / "spool")
    local = tracker.start("killed", {}, {})
    tracker.metrics({"loss": 1.0}, 1)
    tracker._lock.release()
    for run_id in (local, None):
        again = tracker_of(url, tmp_path / "spool")
        again.resume(run_id or drained(again, url)[local])
        again.metrics({"loss": 0.5}, 2)
        again.end("FAILED" if run_id else "FINISHED")
        again._lock.release()
    run = drained(again, url)[local]
    found = mlflow_client(url).get_run(run)
    assert found.info.status == "FINISHED"
    assert found.data.metrics == {"loss": 0.5}


@pytest.mark.usefixtures("here")
def test_wrong_calls_are_named_at_once(url: str, tmp_path: Path) -> None:
    tracker = tracker_of(url, tmp_path / "spool")
    for call in (lambda: tracker.metrics({"a": 1.0}), lambda: tracker.artifact(tmp_path), tracker.end):
        with pytest.raises(NoRunError):
            call()
    tracker.start("x", {}, {})
    with pytest.raises(MetricError):
        tracker.metrics({"a:b": 1.0})
    with pytest.raises(RunStatusError, match="FINISHED"):
        tracker.end("done")
    with pytest.raises(SpoolBusyError, match="spool"):
        tracker_of(url, tmp_path / "spool")


def test_off_tracks_nothing(tmp_path: Path) -> None:
    tracker = open_tracker("off", "teachers", tmp_path / "spool")
    assert isinstance(tracker, NoTracker)
    assert tracker.start("x", {}, {}).startswith("untracked-")
    tracker.metrics({"a": 1.0}, 1)
    tracker.artifact(tmp_path)
    tracker.resume("x")
    tracker.end()
    assert tracker.unsent is None
    assert list(tmp_path.iterdir()) == []


def made_report() -> Report:
    """A small report of two tasks, with answers to plot."""
    random = np.random.default_rng(1)
    gold = random.integers(0, 3, 60)
    guess = np.where(random.random(60) < 0.7, gold, random.integers(0, 3, 60))
    labels = ("negative", "neutral", "positive")
    judged = Judged("sentiment", labels, gold, guess, random.uniform(0.4, 1.0, 60), guess == gold)
    records = [
        Record("sentiment", "sentiment/en_sst", "test", "en", 40, {"accuracy": 0.9, "macro_f1": 0.8}),
        Record("sentiment", "sentiment/en_sst:binary", "test", "en", 40, {"accuracy": 0.95}),
        Record("sentiment", "sentiment/de_x", "test", "de", 20, {"accuracy": 0.7, "macro_f1": 0.6}),
    ]
    return Report("made 1.0.0", "test", None, 0, records, {"sentiment": [judged]})


def test_a_report_becomes_figures_by_task_set_and_language() -> None:
    found = report_metrics(made_report())
    assert found["test/sentiment/en_sst/en/accuracy"] == 0.9
    assert found["test/sentiment/en_sst.binary/en/accuracy"] == 0.95
    assert found["test/sentiment/de_x/de/rows"] == 20
    assert found["test/sentiment/mean/macro_f1"] == pytest.approx(0.7)
    assert found["test/sentiment/mean/macro_f1_without_en"] == pytest.approx(0.6)


@pytest.mark.usefixtures("here")
def test_a_report_is_tracked_with_its_plots(url: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    tracker = tracker_of(url, tmp_path / "spool")
    local = tracker.start("reported", {}, {})
    log_report(tracker, made_report())
    tracker.end()
    run = drained(tracker, url)[local]
    client = mlflow_client(url)
    assert client.get_run(run).data.metrics == report_metrics(made_report())
    plots = {each.path for each in client.list_artifacts(run, "plots/test")}
    kinds = ("confusion", "reliability", "selective")
    assert plots == {f"plots/test/{kind}-sentiment.png" for kind in kinds}
    (json_file,) = client.list_artifacts(run, "reports")
    assert json_file.path == "reports/report-test.json"


def test_provenance_changes_with_the_data(data: Path) -> None:
    catalogue = load_catalogue(data)
    before = provenance_tags(ROOT, catalogue, ["sentiment/en_sst"])
    assert before["version.numpy"] == np.__version__
    assert before["git.commit"] == "unknown" or len(before["git.commit"].removesuffix("+changes")) == 40
    assert before["data.sentiment/en_sst"] == data_hashes(catalogue)["sentiment/en_sst"]
    file = data / "sentiment" / "en_sst.parquet"
    file.write_bytes(file.read_bytes() + b"x")
    after = provenance_tags(ROOT, catalogue, ["sentiment/en_sst"])
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"data.files", "data.sentiment/en_sst"}


def test_provenance_outside_a_working_tree(tmp_path: Path) -> None:
    assert provenance_tags(tmp_path, None)["git.commit"] == "unknown"


QUIET = """
import logging, os, sys, threading
before = dict(os.environ)
logging.raiseExceptions = True
from pathlib import Path
from edgewise_cloud.registry import Registry
from edgewise_cloud.tracking.mlflow_client import mlflow_client
mlflow_client("sqlite:///" + sys.argv[1])
import mlflow.telemetry
# Looked at before the first event: without a network, telemetry that is on turns itself off at that.
assert mlflow.telemetry.get_telemetry_client() is None
registry = Registry("sqlite:///" + sys.argv[1])
registry.register("m", Path(sys.argv[2]), None)
assert dict(os.environ) == before, set(os.environ.items()) ^ set(before.items())
names = [thread.name for thread in threading.enumerate() if "elemetry" in thread.name]
assert not names, names
"""


def test_mlflow_phones_nobody_and_the_environment_is_left_alone(tmp_path: Path) -> None:
    # What tells mlflow that it is being tested would silence it, too.
    known = ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK", "PYTEST_CURRENT_TEST", "CI", "GITHUB_ACTIONS")
    environment = {name: value for name, value in os.environ.items() if name not in known}
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "w.bin").write_bytes(b"w")
    done = subprocess.run(
        [sys.executable, "-c", QUIET, str(tmp_path / "m.db"), str(tmp_path / "model")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


KILLED = """
import os, signal, sys
from pathlib import Path
from edgewise_cloud.tracking import open_tracker
tracker = open_tracker(sys.argv[1], "teachers", Path(sys.argv[2]))
tracker.start("killed", {"seed": 1}, {})
for step in range(50):
    tracker.metrics({"loss": step}, step)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the system has no SIGKILL")
def test_what_a_killed_training_had_measured_still_arrives(url: str, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    killed = subprocess.run([sys.executable, "-c", KILLED, url, str(spool)], check=False)
    assert killed.returncode == -signal.SIGKILL
    # The sender that it left behind is at work; ours waits for it and sends the rest.
    assert send(spool, patience=20.0) is None
    (run,) = Spool(spool).sent.runs.values()
    assert len(mlflow_client(url).get_metric_history(run, "loss")) == 50


class Server:
    """An MLflow server on loopback."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        words = ["--backend-store-uri", f"sqlite:///{self.folder / 'server.db'}", "--workers", "1"]
        words += ["--artifacts-destination", str(self.folder / "artifacts"), "--port", str(self.port)]
        quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", *words],
                env={**os.environ, **quiet, "PATH": path},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=2):
                    return
            except OSError:
                time.sleep(0.2)
        raise AssertionError((self.folder / "server.log").read_text(encoding="utf-8")[-3000:])

    def kill(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    pytest.importorskip("flask", reason="the server needs the whole of mlflow, not mlflow-skinny")
    (tmp_path / "server").mkdir()
    server = Server(tmp_path / "server")
    try:
        yield server
    finally:
        server.kill()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="process groups are another matter there")
def test_a_server_that_goes_away_in_the_middle_of_a_run_loses_nothing(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    server.start()
    tracker = SpoolTracker(server.url, "teachers", tmp_path / "spool", start_wait=120.0, patience=0.5)
    run = tracker.start("english", {"seed": 1}, {"git.commit": "abc"})
    assert not run.startswith("local-")
    tracker.metrics({"loss": 0.0}, 0)
    server.kill()
    for step in range(1, 30):
        tracker.metrics({"loss": float(step)}, step)
    file = tmp_path / "model.bin"
    file.write_bytes(b"weights")
    tracker.artifact(file, "model")
    tracker.end("FINISHED")
    assert f"edgewise registry sync {tmp_path / 'spool'}" in caplog.text
    assert tracker.unsent is not None
    server.start()
    assert send(tmp_path / "spool", patience=60.0) is None
    client = mlflow_client(server.url)
    history = client.get_metric_history(run, "loss")
    assert [each.step for each in history] == list(range(30))
    assert client.get_run(run).info.status == "FINISHED"
    assert [each.path for each in client.list_artifacts(run, "model")] == ["model/model.bin"]
    assert capfd.readouterr().out == "", "nothing is printed, not by mlflow either"
