"""The search itself: pruning, workers that share, workers that die, PostgreSQL."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

pytest.importorskip("optuna", reason="tuning needs the extra 'track'")

import optuna

from edgewise.cli.app import main
from edgewise_cloud.commands.tune import _PRUNERS, tune
from edgewise_cloud.tune import (
    PRUNERS,
    NoTrialError,
    PrunerError,
    SearchResult,
    StudyChangedError,
    StudyStorageError,
    StudyUrlError,
    TrialsFailError,
    objective,
    search,
)

SPACE = {
    "x": {"type": "float", "low": 0.0, "high": 1.0},
    "rate": {"type": "float", "low": 1e-5, "high": 1e-1, "log": True},
    "pooling": {"type": "choice", "choices": ["mean", "first"]},
}

WORKER = """
import json, os, signal, sys, time
from pathlib import Path
from edgewise_cloud.tune import search
url, work, trials, mode = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
space = {"x": {"type": "float", "low": 0.0, "high": 1.0}}
def objective(params, report, folder):
    with (folder / "who").open("a") as file:
        file.write(f"{os.getpid()} {params['x']!r}\\n")
    if mode == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    for step in range(4):
        time.sleep(0.05)
        report(step, params["x"] * (step + 1))
    return params["x"]
found = search(objective, space, "shared", url, trials, 1, "median", work=work, heartbeat=1)
print(json.dumps(found.to_dict()))
"""


def x_of(params: dict[str, Any], report: Any, work: Path) -> float:
    """Report x growing over four steps."""
    for step in range(4):
        report(10 * step, params["x"] * (step + 1))
    return float(params["x"])


def found(tmp_path: Path, trials: int, objective: Any = x_of, **given: Any) -> SearchResult:
    url = f"sqlite:///{tmp_path / 'tune.db'}"
    arguments = {"seed": 3, "pruner": "none", "work": tmp_path / "work", "heartbeat": 1, **given}
    return search(objective, SPACE, "study", url, trials, **arguments)


def study_of(url: str, name: str = "study") -> optuna.Study:
    return optuna.load_study(study_name=name, storage=url)


def test_the_best_is_the_best_of_all_trials(tmp_path: Path) -> None:
    told: list[str] = []
    result = found(tmp_path, 12, tell=told.append)
    study = study_of(f"sqlite:///{tmp_path / 'tune.db'}")
    assert (result.finished, result.pruned, result.failed) == (12, 0, 0)
    assert result.best == max(trial.value for trial in study.trials) == result.params["x"]
    assert set(result.params) == set(SPACE)
    assert len(told) == 12
    assert told[0].startswith("trial 0: complete")
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == [
        f"trial-{n:04d}" for n in range(12)
    ]
    with sqlite3.connect(tmp_path / "tune.db") as file:
        assert file.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("pruner", ["median", "asha"])
def test_poor_trials_end_early_and_are_not_the_best(tmp_path: Path, pruner: str) -> None:
    steps: list[int] = []

    def counted(params: dict[str, Any], report: Any, work: Path) -> float:
        for step in range(12):
            steps.append(step)
            report(step, params["x"])
        return float(params["x"])

    result = found(tmp_path, 14, counted, pruner=pruner)
    assert result.pruned > 0
    assert result.finished + result.pruned == 14
    assert len(steps) < 14 * 12
    study = study_of(f"sqlite:///{tmp_path / 'tune.db'}")
    assert result.best == max(t.value for t in study.trials if t.state.name == "COMPLETE")


def test_a_search_that_was_interrupted_ends_as_one_that_was_not(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    whole = found(tmp_path / "a", 12)
    for trials in (3, 10, 12):
        parts = found(tmp_path / "b", trials)
    assert parts == whole
    trials = [
        [trial.params for trial in study_of(f"sqlite:///{tmp_path / name / 'tune.db'}").trials]
        for name in "ab"
    ]
    assert trials[0] == trials[1]


def test_a_study_with_other_settings_is_refused(tmp_path: Path) -> None:
    found(tmp_path, 1)
    for name, given in {"seed": {"seed": 4}, "pruner": {"pruner": "asha"}}.items():
        with pytest.raises(StudyChangedError, match=name) as caught:
            found(tmp_path, 2, **given)
        assert caught.value.differing == (name,)
    with pytest.raises(StudyChangedError, match="space"):
        search(
            x_of, {"x": SPACE["x"]}, "study", f"sqlite:///{tmp_path / 'tune.db'}", 2, 3, "none", work=tmp_path
        )


def test_trials_without_a_number_do_not_go_on_for_ever(tmp_path: Path) -> None:
    with pytest.raises(TrialsFailError, match="work folders"):
        found(tmp_path, 3, lambda *_: float("nan"))
    numbers = iter([float("inf"), 0.25, 0.5])
    again = found(tmp_path, 2, lambda *_: next(numbers))
    assert (again.best, again.finished) == (0.5, 2)


def test_a_search_in_which_all_was_pruned_says_so(tmp_path: Path) -> None:
    def pruned(*_: object) -> float:
        raise optuna.TrialPruned

    with pytest.raises(NoTrialError, match="--pruner none"):
        found(tmp_path, 2, pruned)


def test_an_error_of_the_objective_comes_through(tmp_path: Path) -> None:
    def broken(*_: object) -> float:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        found(tmp_path, 2, broken)
    assert found(tmp_path, 2).finished == 2


def test_wrong_settings_are_named(tmp_path: Path) -> None:
    with pytest.raises(PrunerError, match="median"):
        found(tmp_path, 1, pruner="best")
    for url in ("tune.db", "sqlite://", "sqlite:///:memory:", "http://host", "postgresql://host"):
        with pytest.raises(StudyUrlError):
            search(x_of, SPACE, "study", url, 1, work=tmp_path)
    (tmp_path / "tune.db").write_text("no database, but long enough to be looked at" * 20, encoding="utf-8")
    with pytest.raises(StudyStorageError, match="not a database"):
        found(tmp_path, 1)
    assert PRUNERS == _PRUNERS, "the command does not import optuna to list them"


def workers(url: str, work: Path, trials: int, modes: str = "run run") -> list[subprocess.Popen[str]]:
    return [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", WORKER, url, str(work), str(trials), mode],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for mode in modes.split()
    ]


def results(running: list[subprocess.Popen[str]]) -> list[dict[str, Any]]:
    ended = [(worker.communicate(timeout=300), worker.returncode) for worker in running]
    assert [code for _, code in ended] == [0] * len(running), [err for (_, err), _ in ended]
    return [json.loads(out.splitlines()[-1]) for (out, _), _ in ended]


def check_shared(url: str, work: Path) -> None:
    """Two workers that begin at once in an empty database share the trials."""
    first, second = results(workers(url, work, 24))
    assert first == second, "both wait for the last trial"
    study = study_of(url, "shared")
    by = [(work / f"trial-{n:04d}" / "who").read_text().split()[0] for n in range(len(study.trials))]
    assert len(set(by)) == 2, "both did some"
    assert 24 <= first["finished"] + first["pruned"] <= 25
    assert first["pruned"] > 0
    values = [trial.params["x"] for trial in study.trials]
    assert len(set(values)) == len(values), "nothing is tried twice though both have the same seed"


@pytest.mark.slow
def test_two_workers_share_a_sqlite_study(tmp_path: Path) -> None:
    check_shared(f"sqlite:///{tmp_path / 'tune.db'}", tmp_path / "work")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the system has no SIGKILL")
def test_the_trial_of_a_killed_worker_is_tried_again_with_its_values(tmp_path: Path) -> None:
    url, work = f"sqlite:///{tmp_path / 'tune.db'}", tmp_path / "work"
    (killed,) = workers(url, work, 3, "die")
    killed.communicate(timeout=300)
    assert killed.returncode == -signal.SIGKILL
    (result,) = results(workers(url, work, 3, "run"))
    assert (result["finished"], result["failed"]) == (3, 1)
    lines = (work / "trial-0000" / "who").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2, "in the folder of the first try"
    assert len({line.split()[1] for line in lines}) == 1, "with the same values"
    assert len({line.split()[0] for line in lines}) == 2


def test_a_trial_that_died_before_its_first_sign_of_life_is_not_waited_for(tmp_path: Path) -> None:
    found(tmp_path, 1)
    study = study_of(f"sqlite:///{tmp_path / 'tune.db'}")
    study.ask()
    again = found(tmp_path, 2)
    assert (again.finished, again.failed) == (2, 1)


def test_a_trial_that_was_stopped_by_hand_is_the_next_one(tmp_path: Path) -> None:
    seen: list[float] = []

    def stopped(params: dict[str, Any], report: Any, work: Path) -> float:
        seen.append(params["x"])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        found(tmp_path, 1, stopped)
    again = found(tmp_path, 1)
    assert (again.params["x"], again.finished, again.failed) == (seen[0], 1, 1)
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["trial-0000"]


def test_a_trial_is_queued_again_three_times_at_most(tmp_path: Path) -> None:
    def stopped(*_: object) -> float:
        raise KeyboardInterrupt

    for _ in range(4):
        with pytest.raises(KeyboardInterrupt):
            found(tmp_path, 1, stopped)
    trials = study_of(f"sqlite:///{tmp_path / 'tune.db'}").trials
    values = [trial.params["x"] for trial in trials]
    assert values[0] == values[1] == values[2] != values[3]


def test_a_worker_that_was_taken_for_dead_goes_on_with_other_trials(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'tune.db'}"
    calls: list[int] = []

    def slow(params: dict[str, Any], report: Any, work: Path) -> float:
        calls.append(1)
        if len(calls) == 1:
            study_of(url).tell(0, state=optuna.trial.TrialState.FAIL)
        return x_of(params, report, work)

    result = found(tmp_path, 2, slow)
    assert (result.finished, result.failed, len(calls)) == (2, 1, 3)


@pytest.fixture
def postgres() -> Iterator[str]:
    """Return the address of an empty database of a server on this machine."""
    psycopg2 = pytest.importorskip("psycopg2", reason="PostgreSQL needs the extra 'postgres'")
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex(("127.0.0.1", 5432)) != 0:
            pytest.skip("no PostgreSQL server answers at 127.0.0.1:5432")
    try:
        server = psycopg2.connect(host="127.0.0.1", user="postgres", dbname="test", connect_timeout=3)
    except psycopg2.OperationalError as error:
        pytest.skip(f"the PostgreSQL server at 127.0.0.1:5432 takes no user postgres: {error}")
    server.autocommit = True
    name = f"edgewise_{uuid.uuid4().hex[:12]}"
    with server.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    try:
        yield f"postgresql+psycopg2://postgres@127.0.0.1:5432/{name}"
    finally:
        with server.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
        server.close()


@pytest.mark.slow
def test_two_workers_share_a_study_on_postgresql(postgres: str, tmp_path: Path) -> None:
    check_shared(postgres, tmp_path / "work")


def run(*arguments: object) -> Result:
    """Run the command inside the group that turns errors into lines, as on the command line."""
    main.add_command(tune)
    return CliRunner().invoke(main, ["tune", *map(str, arguments)])


def test_the_command_writes_the_best_values(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []

    def made(recipe: Path, catalogue: Any) -> Any:
        asked.append((str(recipe), len(catalogue)))
        return x_of

    monkeypatch.setattr(objective, "teacher_objective", made)
    space = tmp_path / "space.json"
    space.write_text(json.dumps({"training.rate": SPACE["rate"], "x": SPACE["x"]}), encoding="utf-8")
    given = ["english", "--space", space, "--trials", 3, "--work", tmp_path / "w", "--data", data]
    done = run(*given)
    assert done.exit_code == 0, done.output
    assert "Best of english:" in done.stdout
    assert "3 finished, 0 pruned, 0 failed" in done.stdout
    best = json.loads((tmp_path / "w" / "best.json").read_text(encoding="utf-8"))
    assert set(best) == {"training", "x"}
    assert asked[0][0] == "english"
    again = json.loads(run(*given, "--json").stdout)
    assert (again["best"], again["finished"]) == (best["x"], 3), "it goes on, and there is nothing to do"
    space.write_text("{}", encoding="utf-8")
    wrong = run(*given)
    assert (wrong.exit_code, wrong.stderr.count("\n")) == (2, 1)
    assert "no search space" in wrong.stderr


def test_the_teacher_s_objective_is_bound_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Tuning:
        @staticmethod
        def objective_for(recipe: Path, catalogue: Any) -> tuple[Path, Any]:
            return recipe, catalogue

    monkeypatch.setitem(sys.modules, "edgewise_cloud.teacher.tuning", Tuning)  # type: ignore[arg-type]
    assert objective.teacher_objective(tmp_path, 7) == (tmp_path, 7)  # type: ignore[comparison-overlap, arg-type]
