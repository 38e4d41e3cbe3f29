"""The spool and its sender, against a store that fails on command."""

import json
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise_cloud.tracking import (
    ArtifactMissingError,
    SpoolFormatError,
    SpoolTargetError,
    SpoolWriteError,
    send,
)
from edgewise_cloud.tracking.sender import UNSENT, Sender, follow
from edgewise_cloud.tracking.sending import unsent
from edgewise_cloud.tracking.server import CallRefusedError, ServerAwayError
from edgewise_cloud.tracking.spool import Spool


class FakeStore:
    """Keeps what it is sent; fails as the list of failures says, one entry a call."""

    def __init__(self, failures: Sequence[type[Exception] | None] = ()) -> None:
        self.failures = list(failures)
        self.got: list[tuple[Any, ...]] = []
        self.files: dict[str, bytes] = {}

    def _maybe(self) -> None:
        failure = self.failures.pop(0) if self.failures else None
        if failure:
            raise failure("on command")

    def start(self, experiment: str, call: Mapping[str, Any]) -> str:
        self._maybe()
        self.got.append(("start", experiment, call["name"]))
        return f"server-{call['run']}"

    def resume(self, run: str) -> None:
        self._maybe()
        self.got.append(("resume", run))

    def metrics(self, run: str, calls: Sequence[Mapping[str, Any]]) -> None:
        self._maybe()
        if any("bad" in call["values"] for call in calls):
            raise CallRefusedError("a bad name")
        self.got.extend(("metrics", run, call["step"], call["values"]["x"]) for call in calls)

    def artifact(self, run: str, path: Path, folder: str) -> None:
        self._maybe()
        self.files[f"{folder}/{path.name}"] = path.read_bytes()
        self.got.append(("artifact", run, path.name))

    def end(self, run: str, status: str, time: int) -> None:
        self._maybe()
        self.got.append(("end", run, status))


def figures(run: str, step: int, name: str = "x") -> dict[str, Any]:
    return {"call": "metrics", "run": run, "time": 1, "step": step, "values": {name: step / 2}}


def begin(run: str) -> dict[str, Any]:
    return {"call": "start", "run": run, "time": 1, "name": run, "params": {}, "tags": {}}


def end(run: str) -> dict[str, Any]:
    return {"call": "end", "run": run, "time": 1, "status": "FINISHED"}


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool.create(tmp_path / "spool", "http://host", "teachers")


def drain(spool: Spool, store: FakeStore, patience: int = 100) -> None:
    """Send everything; each failure is followed by a new sender, as after a kill."""
    for _ in range(patience):
        try:
            sender = Sender(spool, store)
            while sender.step():
                pass
            return
        except ServerAwayError:
            continue
    raise AssertionError("never done")


def test_calls_arrive_in_order_and_figures_together(spool: Spool, tmp_path: Path) -> None:
    store = FakeStore()
    file = tmp_path / "plot.png"
    file.write_bytes(b"one")
    for call in (begin("a"), figures("a", 1), figures("a", 2)):
        spool.append(call)
    spool.append({"call": "artifact", "run": "a", "time": 1, "file": spool.keep(file), "folder": "plots"})
    file.write_bytes(b"changed later")
    spool.append(end("a"))
    assert spool.waiting() == 5
    sender = Sender(spool, store)
    steps = 0
    while sender.step():
        steps += 1
    assert steps == 4, "both calls of figures go in one request"
    run = "server-a"
    assert store.got == [
        ("start", "teachers", "a"),
        ("metrics", run, 1, 0.5),
        ("metrics", run, 2, 1.0),
        ("artifact", run, "plot.png"),
        ("end", run, "FINISHED"),
    ]
    assert store.files == {"plots/plot.png": b"one"}
    assert list(spool.files.iterdir()) == [], "a sent copy is removed"
    assert unsent(spool, "http://host") is None


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(st.integers(0, 50), max_size=30),
    failures=st.lists(st.sampled_from([None, ServerAwayError]), max_size=40),
)
def test_whatever_the_server_does_every_call_arrives_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int], failures: list[type[Exception] | None]
) -> None:
    spool = Spool.create(tmp_path_factory.mktemp("spool"), "http://host", "teachers")
    store = FakeStore(failures)
    for call in (begin("a"), *(figures("a", step) for step in steps), end("a")):
        spool.append(call)
    drain(spool, store)
    assert [call[2] for call in store.got if call[0] == "metrics"] == steps
    assert [call[0] for call in store.got if call[0] != "metrics"] == ["start", "end"]
    assert spool.waiting() == 0


def test_a_refused_call_is_kept_with_its_reason_and_holds_up_nothing(spool: Spool) -> None:
    store = FakeStore()
    for call in (begin("a"), figures("a", 1), figures("a", 2, "bad"), figures("a", 3), end("a")):
        spool.append(call)
    drain(spool, store)
    assert [call[2] for call in store.got if call[0] == "metrics"] == [1, 3]
    (line,) = (spool.folder / "refused.jsonl").read_text(encoding="utf-8").splitlines()
    assert (json.loads(line)["step"], json.loads(line)["reason"]) == (2, "a bad name")
    rest = unsent(spool, "http://me:secret@host")
    assert rest is not None
    assert (rest.calls, rest.refused) == (0, 1)
    assert "refused.jsonl" in str(rest)
    assert "secret" not in str(rest)


def test_a_refused_artifact_is_kept(spool: Spool, tmp_path: Path) -> None:
    file = tmp_path / "big.bin"
    file.write_bytes(b"dear")
    spool.append({"call": "artifact", "run": "a", "time": 1, "file": spool.keep(file), "folder": ""})
    drain(spool, FakeStore([CallRefusedError]))
    assert [path.read_bytes() for path in (spool.folder / "refused").rglob("*.bin")] == [b"dear"]


def test_a_run_that_cannot_begin_waits_with_all_that_follows(spool: Spool) -> None:
    spool.append(begin("a"))
    spool.append(figures("a", 1))
    sender = Sender(spool, FakeStore([CallRefusedError]))
    with pytest.raises(ServerAwayError):
        sender.step()
    rest = unsent(spool, "http://host")
    assert rest is not None
    assert rest.calls == 2
    assert "on command" in str(rest)
    assert f"edgewise registry sync {spool.folder}" in str(rest)


def test_following_ends_when_told_and_says_what_is_left(spool: Spool) -> None:
    finish = threading.Event()
    finish.set()
    spool.append(begin("a"))
    assert follow(Sender(spool, FakeStore([ServerAwayError] * 9)), finish, patience=0.0) == UNSENT
    assert follow(Sender(spool, FakeStore()), finish, patience=0.0) == 0
    assert spool.sent.problem == ""


def test_a_server_that_is_back_gets_what_waited_while_the_run_goes_on(spool: Spool) -> None:
    finish = threading.Event()

    class Back(FakeStore):
        def end(self, run: str, status: str, time: int) -> None:
            super().end(run, status, time)
            finish.set()

    store = Back([None, ServerAwayError])
    for call in (begin("a"), figures("a", 1), end("a")):
        spool.append(call)
    assert follow(Sender(spool, store), finish, patience=0.0) == 0
    assert [call[0] for call in store.got] == ["start", "metrics", "end"]


def test_a_line_that_a_kill_cut_off_never_was(spool: Spool) -> None:
    spool.append(begin("a"))
    with spool.calls.open("ab") as file:
        file.write(b'{"call": "metr')
    assert spool.waiting() == 1, "a reader does not take half a line"
    again = Spool.create(spool.folder, "http://host", "teachers")
    again.append(end("a"))
    assert [call["call"] for call, _ in again.after(0)] == ["start", "end"]


def test_a_full_disk_is_a_named_error_and_leaves_whole_lines(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    spool.append(begin("a"))
    if not Path("/dev/full").exists():
        pytest.skip("the system has no /dev/full")
    monkeypatch.setattr(spool, "calls", Path("/dev/full"))
    with pytest.raises(SpoolWriteError, match="No space left"):
        spool.append(end("a"))


def test_an_artifact_on_a_full_disk_leaves_nothing_half(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    file = tmp_path / "a.bin"
    file.write_bytes(b"x")
    with pytest.raises(SpoolWriteError, match="No space left"):
        spool.keep(file)
    assert list(spool.files.iterdir()) == []


def test_an_artifact_that_is_not_there_is_a_named_error(spool: Spool, tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissingError, match="nowhere"):
        spool.keep(tmp_path / "nowhere")


def test_a_folder_is_kept_whole(spool: Spool, tmp_path: Path) -> None:
    (tmp_path / "model" / "inner").mkdir(parents=True)
    (tmp_path / "model" / "inner" / "w.bin").write_bytes(b"w")
    kept = spool.files / spool.keep(tmp_path / "model")
    assert (kept / "inner" / "w.bin").read_bytes() == b"w"


def test_a_spool_of_another_store_is_refused_and_its_password_not_written(tmp_path: Path) -> None:
    url = "postgresql+psycopg2://me:secret@host/db"
    spool = Spool.create(tmp_path / "s", url, "x")
    assert "secret" not in (tmp_path / "s" / "spool.json").read_text(encoding="utf-8")
    assert Spool.create(tmp_path / "s", url.replace("secret", "other"), "x").url == spool.url
    with pytest.raises(SpoolTargetError, match="belongs to"):
        Spool.create(tmp_path / "s", "http://elsewhere", "x")


@pytest.mark.parametrize("content", ["", "[]", '{"version": 2}', "{"])
def test_what_is_no_spool_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(SpoolFormatError):
        send(tmp_path)
    (tmp_path / "spool.json").write_text(content, encoding="utf-8")
    with pytest.raises(SpoolFormatError):
        Spool(tmp_path)


@pytest.mark.parametrize("line", [b"no json\n", b"[]\n", b"{}\n"])
def test_a_broken_line_is_a_named_error(spool: Spool, line: bytes) -> None:
    spool.calls.write_bytes(line)
    with pytest.raises(SpoolFormatError, match="byte"):
        spool.after(0)


def test_a_shortened_spool_is_a_named_error(spool: Spool) -> None:
    spool.append(begin("a"))
    drain(spool, FakeStore())
    os.truncate(spool.calls, 3)
    with pytest.raises(SpoolFormatError, match="shorter"):
        spool.waiting()
