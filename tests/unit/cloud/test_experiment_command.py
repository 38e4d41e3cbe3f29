"""`edgewise experiment` on a file of channels."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.support.experiments import fleet, write_jsonl

from edgewise.updates.channels_errors import SharesError, UnknownChannelError, UnknownExperimentError
from edgewise.updates.channels_parse import parse_channels
from edgewise_cloud.commands.experiment import experiment as command
from edgewise_cloud.experiment.errors import (
    ChannelsMissingError,
    MoveUnfinishedError,
    RecordsFileError,
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, error: type[Exception] | None = None) -> Result:
    result = CliRunner().invoke(command, arguments)
    if error is None:
        assert result.exit_code == 0, (result.output, result.exception)
    else:
        assert isinstance(result.exception, error), (result.output, result.exception)
    return result


def begin(*more: str) -> Result:
    run("channel", "stable", "base@1.0.0")
    arms = ("--arm", "control=base@1.0.0:0.1", "--arm", "challenger=base@1.1.0:0.1")
    return run("create", "tone", *arms, *more)


def channels(home: Path):
    return parse_channels((home / "channels.json").read_bytes())


def test_from_the_first_channel_to_the_end_of_an_experiment(home: Path) -> None:
    assert "stable is base@1.0.0 (version 1)." in run("channel", "stable", "base@1.0.0").output
    run("channel", "canary", "base@1.1.0")
    assert "a downgrade" in run("channel", "canary", "base@1.0.0").output
    made = begin("--metric", "accuracy.toxicity", "--effect", "accuracy=0.03", "--start", "2026-11-01")
    assert "control 10.00% base@1.0.0, challenger 10.00% base@1.1.0" in made.output
    assert "challenger 30.00%" in run("shares", "tone", "challenger=0.3").output
    tone = channels(home).experiment("tone")
    assert (tone.metric, tone.effects, tone.start.day) == ("accuracy.toxicity", {"accuracy": 0.03}, 1)
    listed = run("status").output
    assert "stable: base@1.0.0" in listed
    assert "experiment tone on stable, running" in listed
    assert "too few devices" in run("status", "tone").output
    assert "tone is stopped." in run("stop", "tone", "--reason", "enough").output
    assert channels(home).experiment("tone").reason == "enough"
    assert "stopped (enough)" in run("status", "tone").output


def test_status_stops_an_arm_that_crosses_a_guardrail(home: Path) -> None:
    begin("--guardrail", "change error_rate at_most 0.01", "--start", "2026-11-01")
    records = fleet("control", 0.85, devices=80) + fleet("challenger", 0.85, devices=80, errors=20)
    file = str(write_jsonl(home / "records.jsonl", records))
    before = (home / "channels.json").read_bytes()
    looked = run("status", "tone", "--records", file, "--look-only")
    assert "guardrail crossed" in looked.output
    assert (home / "channels.json").read_bytes() == before
    stopped = run("status", "tone", "--records", file)
    assert (
        "tone/challenger is stopped: guardrail crossed: change of error_rate at most 0.01" in stopped.output
    )
    assert channels(home).experiment("tone").state == "stopped"
    after = (home / "channels.json").read_bytes()
    again = run("status", "tone", "--records", file, "--json")
    assert (home / "channels.json").read_bytes() == after
    told = json.loads(again.stdout)
    assert (told["state"], told["guardrails"][0]["state"]) == ("stopped", "crossed")
    assert told["records"]["used"] == len(records)


def test_what_makes_no_sense_is_named_and_changes_nothing(home: Path) -> None:
    run("status", error=ChannelsMissingError)
    run("channel", "canary", "base@1.0.0", error=ChannelsMissingError)
    begin()
    before = (home / "channels.json").read_bytes()
    arms = ("--arm", "a=base@1.0.0:0.6", "--arm", "b=base@1.1.0:0.6")
    run("create", "other", *arms, error=SharesError)
    run("create", "other", "--channel", "beta", *arms, error=UnknownChannelError)
    run("status", "nothing", error=UnknownExperimentError)
    run("stop", "nothing", error=UnknownExperimentError)
    (home / "bad.parquet").write_bytes(b"rubbish")
    run("status", "tone", "--records", "bad.parquet", error=RecordsFileError)
    for wrong in (
        ("create", "x", "--arm", "a=base@1.0.0"),
        ("create", "x", "--arm", "a=base@1.0.0:much"),
        ("create", "x", "--arm", "a=base@1.0.0:0.1", "--arm", "a=base@1.1.0:0.1"),
        ("create", "x", *arms, "--guardrail", "too slow"),
        ("create", "x", *arms, "--effect", "accuracy"),
        ("shares", "tone", "challenger"),
        ("status", "--repository", "somewhere"),
    ):
        assert CliRunner().invoke(command, wrong).exit_code == 2
    assert (home / "channels.json").read_bytes() == before


def test_a_move_that_is_half_done_holds_everything_else(home: Path) -> None:
    begin()
    (home / "channels.json.move").write_text("{}")
    run("stop", "tone", error=MoveUnfinishedError)
    run("channel", "stable", "base@2.0.0", error=MoveUnfinishedError)
