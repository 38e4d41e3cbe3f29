"""`auto` takes what works and measured best; named backends are used or refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.unit.runtimes.selection.conftest import Install

from edgewise_runtimes import BackendUnavailableError, UnknownBackendError
from edgewise_runtimes.selection import store, trials
from edgewise_runtimes.selection.candidate import Candidate, ObjectiveError
from edgewise_runtimes.selection.select import Offer, Wish, select

Offering = Callable[[Sequence[str]], Offer]

SLOW, FAST = 0.006, 0.0005


def loads(log: Path) -> list[list[str]]:
    return [line.split() for line in log.read_text().splitlines()]


def test_the_fastest_is_taken_and_the_others_are_named(
    install: Install, offer: Offering, tmp_path: Path, log: Path
) -> None:
    install("turtle", seconds=SLOW)
    install("hare", seconds=FAST)
    found = select(offer(["turtle", "hare"]), Wish(store=tmp_path / "store"))
    choice = found.choice
    assert (choice.chosen, choice.precision, choice.how) == ("hare", "fp32", "measured")
    assert choice.measured["turtle/fp32"] > 5 * choice.measured["hare/fp32"]
    assert choice.measured["hare/fp32"] >= 1000 * FAST
    assert dict(choice.rejected)["turtle/fp32"].startswith("measured ")
    assert choice.profile
    assert found.ranking == (Candidate("hare", "fp32"), Candidate("turtle", "fp32"))
    # Each was loaded once, in a process of its own.
    processes = {name: process for name, process in loads(log)}
    assert len({*processes.values(), str(os.getpid())}) == 3


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Puts a made-up result in the place of trials, and counts them."""
    asked: list[str] = []

    def run(artifacts: Mapping[Candidate, Any], task: trials.Task) -> trials.Results:
        asked.append(task.objective)
        places = dict(zip(artifacts, range(len(artifacts), 0, -1), strict=True))
        return trials.Results({}, {each: float(place) for each, place in places.items()}, {})

    monkeypatch.setattr(trials, "run_trials", run)
    return asked


def test_a_choice_is_remembered_until_something_changes(
    install: Install, offer: Offering, tmp_path: Path, counted: list[str]
) -> None:
    install("turtle")
    install("hare")
    wish = Wish(store=tmp_path / "store")
    first = select(offer(["turtle", "hare"]), wish).choice
    again = select(offer(["turtle", "hare"]), wish).choice
    assert len(counted) == 1
    assert again.how == "measured earlier, and remembered"
    assert (again.chosen, again.measured, again.rejected) == (first.chosen, first.measured, first.rejected)
    other = offer(["turtle", "hare"])
    select(Offer(other.candidates, other.read, other.rows, "model@2"), wish)
    assert len(counted) == 2, "another model"
    select(offer(["turtle", "hare"]), Wish(threads=2, store=wish.store))
    assert len(counted) == 3, "other settings"
    install("hare")
    select(offer(["turtle", "hare"]), wish)
    assert len(counted) == 4, "a backend installed anew"


def test_a_choice_of_another_rule_is_not_recalled(
    install: Install, offer: Offering, tmp_path: Path, counted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    install("turtle")
    install("hare")
    wish = Wish(store=tmp_path / "store")
    with monkeypatch.context() as before:
        before.setattr(store, "_VERSION", store._VERSION - 1)
        select(offer(["turtle", "hare"]), wish)
    assert select(offer(["turtle", "hare"]), wish).choice.how == "measured"
    assert len(counted) == 2


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"store": 2}', '{"store": 2, "ranking": [["gone", "fp32", ""]], "until": null}']
)
def test_a_spoilt_memory_is_no_harm(
    install: Install, offer: Offering, tmp_path: Path, text: str, counted: list[str]
) -> None:
    install("turtle")
    install("hare")
    wish = Wish(store=tmp_path / "store")
    select(offer(["turtle", "hare"]), wish)
    (file,) = (tmp_path / "store").iterdir()
    file.write_text(text)
    assert select(offer(["turtle", "hare"]), wish).choice.how == "measured"
    assert json.loads(file.read_text())["ranking"][0][0] == "hare"


def test_a_cache_that_cannot_be_written_is_no_harm(
    install: Install, offer: Offering, tmp_path: Path, counted: list[str]
) -> None:
    install("turtle")
    install("hare")
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file" / "store", Path("/proc/nowhere"), None):
        assert select(offer(["turtle", "hare"]), Wish(store=folder)).choice.chosen == "hare"
    assert len(counted) == 3


ILL = {
    "illegal": ("os.kill(os.getpid(), signal.SIGILL)", "SIGILL"),
    "crashing": ("os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
    "leaving": ("os._exit(3)", "exit code 3"),
    "failing": ("raise BackendLoadError('failing', 'model', 'the driver is gone')", "the driver is gone"),
}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no such signals")
def test_what_does_not_work_is_passed_over_with_the_reason(
    install: Install, offer: Offering, tmp_path: Path
) -> None:
    for name, (load, _) in ILL.items():
        install(name, load=load)
    install("turtle")
    wish = Wish(store=tmp_path / "store")
    for _ in range(2):  # the second time from memory
        choice = select(offer([*ILL, "turtle"]), wish).choice
        assert choice.chosen == "turtle"
        for name, (_, said) in ILL.items():
            assert said in dict(choice.rejected)[f"{name}/fp32"]


def test_strict_makes_an_error_of_what_is_installed_and_does_not_work(
    install: Install, offer: Offering
) -> None:
    install("hare", load="raise BackendLoadError('hare', 'model', 'the driver is gone')")
    install("turtle")
    with pytest.raises(BackendUnavailableError, match="the driver is gone"):
        select(offer(["hare", "turtle"]), Wish(strict=True))


NONSENSE = {
    "nan": ("np.full((len(ids), 3), np.nan, np.float32)", "not finite"),
    "empty": ("np.zeros((0, 3), np.float32)", "shape"),
    "wild": ("np.float32([[90, -90, 5]]) * (1 - 2 * (ids[:, :1] % 2))", "far from those of the others"),
}


def test_a_device_that_is_listed_but_answers_nonsense_is_passed_over(
    install: Install, offer: Offering
) -> None:
    for name, (answer, _) in NONSENSE.items():
        install(name, answer=answer, seconds=FAST)
    install("turtle", seconds=SLOW)
    install("snail", seconds=3 * SLOW)
    choice = select(offer([*NONSENSE, "turtle", "snail"]), Wish()).choice
    assert choice.chosen == "turtle"
    for name, (_, said) in NONSENSE.items():
        assert said in dict(choice.rejected)[f"{name}/fp32"]


def test_a_backend_that_hangs_is_stopped(install: Install, offer: Offering, log: Path) -> None:
    install("hare", load="time.sleep(600)")
    install("turtle")
    found = trials.run_trials(
        {each: (lambda each=each: offer([]).read(each)) for each in offer(["hare", "turtle"]).candidates},
        trials.Task([[1, 2]], seconds=5.0),
    )
    assert "within 5 seconds" in found.failed[Candidate("hare", "fp32")]
    assert Candidate("turtle", "fp32") in found.logits
    if sys.platform == "linux":
        assert not any(Path(f"/proc/{process}").exists() for _, process in loads(log))


def test_nothing_that_works_names_every_reason(install: Install, offer: Offering) -> None:
    install("hare", load="raise BackendLoadError('hare', 'model', 'too fast')")
    install("turtle", load="raise BackendLoadError('turtle', 'model', 'too slow')")
    with pytest.raises(BackendUnavailableError, match=r"too fast.*too slow"):
        select(offer(["hare", "turtle"]), Wish())


@pytest.mark.parametrize("objective", ["throughput", "memory"])
def test_other_objectives_are_measured_as_such(install: Install, offer: Offering, objective: str) -> None:
    install("hare", seconds=FAST, load="global KEPT; KEPT = np.ones(60_000_000 // 8)")
    install("turtle", seconds=4 * FAST)
    choice = select(offer(["hare", "turtle"]), Wish(objective=objective)).choice
    assert choice.chosen == ("hare" if objective == "throughput" else "turtle")
    assert choice.objective == objective
    if objective == "memory":
        assert choice.measured["hare/fp32"] - choice.measured["turtle/fp32"] > 40


def test_an_objective_that_does_not_exist() -> None:
    with pytest.raises(ObjectiveError, match="beauty"):
        Wish(objective="beauty")


def test_one_backend_is_taken_without_a_trial(
    install: Install, offer: Offering, monkeypatch: pytest.MonkeyPatch, log: Path
) -> None:
    install("hare")
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a process was started"))
    choice = select(offer(["hare/int8", "hare/fp32"]), Wish()).choice
    assert (choice.chosen, choice.precision, choice.measured) == ("hare", "int8", {})
    choice = select(offer(["nowhere", "hare"]), Wish()).choice
    assert choice.chosen == "hare"
    assert "no installed package" in dict(choice.rejected)["nowhere"]
    assert loads(log) == []


def test_a_named_backend_is_used_or_refused(install: Install, offer: Offering, log: Path) -> None:
    install("hare", seconds=FAST)
    install("turtle", seconds=SLOW)
    choice = select(offer(["hare", "turtle"]), Wish(backend="turtle")).choice
    assert (choice.chosen, choice.how) == ("turtle", "asked for")
    assert loads(log) == []
    with pytest.raises(BackendUnavailableError, match="no device 'gpu' here, only cpu"):
        select(offer(["hare", "turtle"]), Wish(backend="turtle:gpu"))
    with pytest.raises(UnknownBackendError):
        select(offer(["hare", "turtle"]), Wish(backend="snail"))
    with pytest.raises(BackendUnavailableError, match="pip install onnxruntime-gpu"):
        select(offer(["onnxruntime"]), Wish(backend="onnxruntime:cuda"))


def test_where_no_process_can_be_started_the_profile_decides(
    install: Install, offer: Offering, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("hare")
    install("turtle")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    found = select(offer(["hare", "turtle"]), Wish()).choice
    assert found.chosen == "hare"
    assert "nothing was measured, because this is a frozen app" in found.how


AT_ONCE = """
import sys, json
sys.path[:0] = [sys.argv[1]]
from pathlib import Path
from edgewise_runtimes import Artifact
from edgewise_runtimes.selection.candidate import Candidate
from edgewise_runtimes.selection.select import Offer, Wish, select
offer = Offer([Candidate("turtle", "fp32"), Candidate("hare", "fp32")],
    lambda each: Artifact("model", each.backend, each.precision, b"model"), lambda: [[1, 2]], "model@1")
for _ in range(2):
    choice = select(offer, Wish(store=Path(sys.argv[2]))).choice
    print(choice.chosen, choice.how)
"""


def test_two_processes_may_decide_at_once(install: Install, tmp_path: Path) -> None:
    install("turtle", seconds=SLOW)
    install("hare", seconds=FAST)
    command = [sys.executable, "-c", AT_ONCE, str(tmp_path / "site"), str(tmp_path / "store")]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=120)[0].splitlines() for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert all(lines[-1] == "hare measured earlier, and remembered" for lines in said)
    assert [file.suffix for file in (tmp_path / "store").iterdir()] == [".json"]
