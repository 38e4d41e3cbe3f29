"""The registry: versions, gates, champions and the way back, on a SQLite store."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("mlflow", reason="the registry needs the extra 'track'")

from edgewise.cli.app import main
from edgewise_cloud.commands.registry import registry as command
from edgewise_cloud.registry import (
    FetchedFileError,
    GateNotPassedError,
    ModelFolderError,
    ModelNameError,
    NoFormerChampionError,
    Registry,
    RegistryAwayError,
    UnknownModelError,
    UnknownRunError,
    UnknownVersionError,
)
from edgewise_cloud.tracking import MetricError, TrackingUrlError
from edgewise_cloud.tracking.mlflow_client import mlflow_client
from edgewise_cloud.tracking.server import MlflowStore


@dataclass
class Outcome:
    passed: bool

    def to_dict(self) -> dict[str, Any]:
        return {"passed": self.passed, "results": []}


PASS, FAIL = Outcome(True), Outcome(False)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('store') / 'mlflow.db'}"


@pytest.fixture(scope="module")
def registry(url: str) -> Registry:
    return Registry(url)


@pytest.fixture(scope="module")
def make(url: str, registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Return what registers a model of its own content under a name."""
    store, count = MlflowStore(url), [0]

    def register(
        name: str, gates: Outcome | None = PASS, metrics: dict[str, float] | None = None, **params: str
    ):
        count[0] += 1
        folder = tmp_path_factory.mktemp("model")
        (folder / "inner").mkdir()
        (folder / "config.json").write_text(json.dumps({"n": count[0]}), encoding="utf-8")
        (folder / "inner" / "w.bin").write_bytes(bytes([count[0] % 256]) * 100)
        call = {"run": f"local-{count[0]}", "time": 1, "tags": {}, "name": "run", "params": params}
        return registry.register(name, folder, store.start("teachers", call), gates, metrics)

    return register


def champion(registry: Registry, name: str) -> int:
    return registry.version(name, "champion").version


def test_only_what_passed_its_gates_is_challenger_and_may_be_promoted(registry: Registry, make) -> None:
    passed, failed, none = (make("gated", gates) for gates in (PASS, FAIL, None))
    assert [each.gate for each in (passed, failed, none)] == ["passed", "failed", "none"]
    assert [each.version for each in (passed, failed, none)] == [1, 2, 3]
    assert registry.version("gated", "challenger").version == 1
    for version, gate in ((2, "failed"), (3, "none")):
        with pytest.raises(GateNotPassedError, match=f"gate={gate}") as caught:
            registry.promote("gated", version)
        assert isinstance(caught.value, PermissionError)
    with pytest.raises(UnknownVersionError, match="challenger"):
        registry.version("gated", "champion")
    assert registry.promote("gated", "challenger").aliases == ("champion",)
    assert [each.version for each in registry.list("gated")] == [3, 2, 1]


def test_rollback_goes_back_again_and_again(registry: Registry, make) -> None:
    for _ in range(3):
        registry.promote("back", make("back").version)
    assert registry.history("back") == (1, 2)
    assert [registry.rollback("back").version for _ in range(2)] == [2, 1]
    with pytest.raises(NoFormerChampionError, match="back"):
        registry.rollback("back")
    assert champion(registry, "back") == 1
    registry.promote("back", 3)
    assert registry.rollback("back").version == 1


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.one_of(st.none(), st.integers(1, 4)), min_size=1, max_size=8))
def test_champions_are_a_stack(registry: Registry, make, moves: list[int | None]) -> None:
    name = "stack"
    while len(registry.list(name) if any(v.name == name for v in registry.list()) else ()) < 4:
        make(name)
    client = mlflow_client(registry._url)
    client.delete_registered_model_alias(name, "champion")
    client.set_registered_model_tag(name, "champions", "[]")
    stack: list[int] = []
    for move in moves:
        if move is not None:
            registry.promote(name, move)
            stack += [move] if not stack or stack[-1] != move else []
        elif len(stack) > 1:
            stack.pop()
            assert registry.rollback(name).version == stack[-1]
        else:
            with pytest.raises(NoFormerChampionError):
                registry.rollback(name)
        if stack:
            assert champion(registry, name) == stack[-1]


def test_a_promotion_killed_half_way_does_not_roll_back_to_itself(registry: Registry, make) -> None:
    for _ in range(2):
        registry.promote("half", make("half").version)
    # As after a kill between the history and the alias of a promotion of a third version.
    mlflow_client(registry._url).set_registered_model_tag("half", "champions", "[1, 2]")
    assert registry.rollback("half").version == 1


def test_a_deleted_champion_is_passed_over(registry: Registry, make) -> None:
    for _ in range(3):
        registry.promote("gone", make("gone").version)
    mlflow_client(registry._url).delete_model_version("gone", "2")
    assert registry.rollback("gone").version == 1


def test_the_same_model_is_registered_once(registry: Registry, make, tmp_path: Path) -> None:
    first = make("once")
    folder = registry.fetch("once", 1, tmp_path / "m")
    assert registry.register("once", folder, first.run_id, PASS).version == 1
    assert registry.register("once", folder, first.run_id, FAIL).version == 2, (
        "another outcome is another version"
    )
    with pytest.raises(GateNotPassedError):
        registry.promote("once", 2)
    assert champion_or_none(registry, "once") is None


def champion_or_none(registry: Registry, name: str) -> int | None:
    return next((each.version for each in registry.list(name) if "champion" in each.aliases), None)


def test_a_model_comes_back_as_it_went(registry: Registry, make, tmp_path: Path) -> None:
    made = make("whole")
    folder = registry.fetch("whole", "challenger", tmp_path / "a" / "b")
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == {
        "config.json",
        "inner/w.bin",
    }
    assert made.source.endswith("/model")
    with pytest.raises(ModelFolderError, match="holds something"):
        registry.fetch("whole", 1, folder)
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"], "no half folder is left"


@pytest.mark.parametrize("what", ["changed", "missing", "added", "list"])
def test_a_model_that_was_tampered_with_is_not_kept(
    registry: Registry, make, tmp_path: Path, what: str
) -> None:
    place = Path(make("tampered").source.removeprefix("file://"))
    if what == "changed":
        (place / "inner" / "w.bin").write_bytes(b"evil")
    elif what == "missing":
        (place / "config.json").unlink()
    elif what == "added":
        (place / "more.py").write_text("evil", encoding="utf-8")
    else:
        record = place.parent / "registration.json"
        (place / "config.json").write_text("evil", encoding="utf-8")
        facts = json.loads(record.read_text(encoding="utf-8"))
        facts["files"]["config.json"] = "0" * 64
        record.write_text(json.dumps(facts), encoding="utf-8")
    with pytest.raises(FetchedFileError, match="version"):
        registry.fetch("tampered", registry.list("tampered")[0].version, tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_diff_shows_both_sides(registry: Registry, make) -> None:
    make("compared", PASS, {"macro_f1": 0.8, "only_a": 1.0}, rate="0.1", seed="1")
    make("compared", PASS, {"macro_f1": 0.9}, rate="0.2", seed="1")
    found = registry.diff("compared", 1, 2)
    assert found.metrics == {"macro_f1": (0.8, 0.9), "only_a": (1.0, None)}
    assert found.params == {"rate": ("0.1", "0.2")}


def test_what_is_not_there_is_named(registry: Registry, make, tmp_path: Path) -> None:
    make("there")
    with pytest.raises(UnknownModelError, match="there"):
        registry.promote("nowhere", 1)
    with pytest.raises(UnknownVersionError, match="challenger"):
        registry.fetch("there", 9, tmp_path / "x")
    with pytest.raises(ModelFolderError, match="no such folder"):
        registry.register("there", tmp_path / "x", None)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelFolderError, match="no file"):
        registry.register("there", tmp_path / "empty", None)
    (tmp_path / "empty" / "f").write_text("f", encoding="utf-8")
    for run in ("0" * 32, "local-nobody"):
        with pytest.raises(UnknownRunError, match="sync"):
            registry.register("there", tmp_path / "empty", run)
    with pytest.raises(MetricError):
        registry.register("there", tmp_path / "empty", None, PASS, {"a:b": 1.0})
    for name in ("", "a/b", "-a", "x" * 101):
        with pytest.raises(ModelNameError):
            registry.register(name, tmp_path / "empty", None)


def test_a_run_is_known_by_the_id_that_it_had_while_the_server_was_away(
    url: str, registry: Registry, tmp_path: Path
):
    call = {"run": "local-away", "time": 1, "tags": {}, "name": "away", "params": {}}
    run = MlflowStore(url).start("teachers", call)
    (tmp_path / "f").write_text("f", encoding="utf-8")
    assert registry.register("away", tmp_path, "local-away").run_id == run
    untracked = registry.register("untracked", tmp_path, "untracked-1", PASS)
    assert registry.register("untracked", tmp_path, "untracked-2", PASS).version == untracked.version


def test_a_server_that_is_away_is_named_within_seconds(tmp_path: Path) -> None:
    with pytest.raises(RegistryAwayError, match="repeat the command"):
        Registry("http://127.0.0.1:9").list()
    with pytest.raises(TrackingUrlError):
        Registry("nowhere")
    (tmp_path / "broken.db").write_text(
        "not a database, but long enough to be looked at" * 20, encoding="utf-8"
    )
    with pytest.raises(RegistryAwayError, match="broken"):
        Registry(f"sqlite:///{tmp_path / 'broken.db'}").list()


def run(*arguments: object) -> Result:
    """Run the command inside the group that turns errors into lines, as on the command line."""
    main.add_command(command)
    return CliRunner().invoke(main, ["registry", *map(str, arguments)])


def test_the_command_shows_promotes_compares_and_goes_back(url: str, make, tmp_path: Path) -> None:
    for rate in ("0.1", "0.2"):
        make("cli", PASS, {"macro_f1": 0.5 + float(rate)}, rate=rate)
    make("cli", FAIL)
    for version in (1, 2):
        assert f"cli version {version} is the champion" in run("promote", "cli", version, "--url", url).stdout
    rows = [line.split()[:4] for line in run("list", "cli", "--url", url).stdout.splitlines()]
    assert rows == [
        ["model", "version", "gate", "aliases"],
        ["cli", "3", "failed", rows[1][3]],
        ["cli", "2", "passed", "champion"],
        ["cli", "1", "passed", rows[3][3]],
    ]
    refused = run("promote", "cli", "3", "--url", url)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "failed its gates" in refused.stderr
    table = run("diff", "cli", 1, "champion", "--url", url).stdout
    assert [line.split() for line in table.splitlines()] == [
        ["metric", "1", "2", "champion", "change"],
        ["macro_f1", "0.6000", "0.7000", "+0.1000"],
        [],
        ["parameter", "1", "2", "champion"],
        ["rate", "0.1", "0.2"],
    ]
    assert "cli version 1 is the champion again" in run("rollback", "cli", "--url", url).stdout
    found = json.loads(run("fetch", "cli", "--to", tmp_path / "got", "--url", url, "--json").stdout)
    assert (found["version"], found["aliases"]) == (1, ["champion"])
    assert (tmp_path / "got" / "config.json").is_file()
    both = json.loads(run("diff", "cli", 1, 2, "--url", url, "--json").stdout)
    assert both["metrics"] == {"macro_f1": [0.6, 0.7]}


def test_a_folder_can_be_registered_by_hand(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEWISE_TRACKING", url)
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "f").write_text("f", encoding="utf-8")
    gates = tmp_path / "gates.json"
    gates.write_text('{"passed": true, "results": []}', encoding="utf-8")
    done = run("add", "hand", tmp_path / "m", "--gates", gates)
    assert done.stdout == "hand version 1 is registered (gate passed, challenger).\n"
    gates.write_text('{"passed": 1}', encoding="utf-8")
    assert "no report of gates" in run("add", "hand", tmp_path / "m", "--gates", gates).stderr
    assert "no usable tracking spool" in run("sync", tmp_path / "m").stderr


def test_the_command_modules_are_light() -> None:
    code = (
        "import sys, edgewise_cloud.commands.registry, edgewise_cloud.commands.tune;"
        "heavy = {'mlflow', 'optuna', 'numpy', 'torch', 'sqlalchemy', 'matplotlib'} & set(sys.modules);"
        "sys.exit(f'imports {heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_empty_registry_says_so(tmp_path: Path, url: str) -> None:
    empty = tmp_path / "empty.db"
    file = Path(url.removeprefix("sqlite:///"))
    shutil.copyfile(file, empty)
    client = mlflow_client(f"sqlite:///{empty}")
    for model in client.search_registered_models(max_results=1000):
        client.delete_registered_model(model.name)
    assert run("list", "--url", f"sqlite:///{empty}").stderr == "No model is registered here.\n"
    assert run("list", "--url", f"sqlite:///{empty}", "--json").stdout == "[]\n"
    assert "The registry is empty" in run("rollback", "x", "--url", f"sqlite:///{empty}").stderr
