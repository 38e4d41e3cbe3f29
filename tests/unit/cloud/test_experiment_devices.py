"""From registry to device and back: a real registry, a signed repository, a device that pulls."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.support.update_repository import make_repository

pytest.importorskip("mlflow", reason="the registry needs the extra 'track'")
pytest.importorskip("tuf", reason="a signed repository needs the extra 'update'")

from edgewise import Analyzer
from edgewise.feedback import FeedbackEvent
from edgewise.updates import Store, pull
from edgewise.updates.arms import arm_of
from edgewise.updates.channels_errors import ChannelTargetError
from edgewise.updates.preflight import Trial
from edgewise_cloud.commands.experiment import experiment as command
from edgewise_cloud.experiment import RepositoryPlace, read_channels
from edgewise_cloud.registry import Registry


@dataclass
class Passed:
    passed: bool = True

    def to_dict(self) -> dict[str, Any]:
        return {"passed": True}


def test_a_device_follows_the_experiment_the_promotion_and_the_way_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = make_repository(tmp_path)
    url = f"sqlite:///{tmp_path / 'mlflow.db'}"
    registry = Registry(url)
    for version in ("1.0.0", "1.1.0"):
        registry.register("tiny-model", made.publish(version), None, Passed())
    registry.promote("tiny-model", 1)
    registry.challenge("tiny-model", 2)
    monkeypatch.setenv("EDGEWISE_STORE", str(tmp_path / "store"))
    # The trial in a child process has tests of its own; here it would only cost time.
    monkeypatch.setattr("edgewise.updates.pulling.run_preflight", lambda *_: Trial(1.0, 2))
    store = Store()
    where = ("--repository", str(made.folder), "--keys", str(tmp_path / "keys"))
    place = RepositoryPlace(made.folder, tmp_path / "keys")

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(command, [*arguments, *where], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    def device() -> tuple[str, str | None]:
        done = pull("tiny", store=store, source=made.folder, trust=made.trust)
        return done.version, done.arm

    run("channel", "stable", "tiny@1.0.0")
    with pytest.raises(ChannelTargetError, match=r"tiny@7\.0\.0"):
        run("channel", "stable", "tiny@7.0.0")
    assert device() == ("1.0.0", None)
    run("create", "tone", "--arm", "control=tiny@1.0.0:0.3", "--arm", "challenger=tiny@1.1.0:0.3")
    tone = read_channels(place).experiment("tone")
    inside = next(
        value for n in range(999) if (arm := arm_of(tone, value := f"{n:032x}")) and arm.name != "control"
    )
    (store.folder / "device.json").write_text(json.dumps({"id": inside}))
    assert device() == ("1.1.0", "challenger")
    with Analyzer("tiny") as analyzer:
        answer = analyzer.analyze("great")
        assert answer.to_dict()["arm"] == "tone/challenger"
        (tmp_path / "records.jsonl").write_text(
            FeedbackEvent.of(answer, "sentiment", "negative").to_json() + "\n"
        )
        counted = json.loads(run("status", "tone", "--records", "records.jsonl", "--json"))
        assert {arm["name"]: arm["devices"] for arm in counted["arms"]} == {"control": 0, "challenger": 1}
        assert counted["records"]["used"] == 1
        run("stop", "tone")
        assert device() == (
            "1.0.0",
            None,
        )  # leaving an arm is a way back, though nobody called it a downgrade
        assert analyzer.reload()
        assert analyzer.analyze("great").arm is None
    with Analyzer("tiny@1.1.0") as chosen:
        assert chosen.analyze("great").arm is None

    run("create", "tone-2", "--arm", "control=tiny@1.0.0:0.3", "--arm", "challenger=tiny@1.1.0:0.3")
    moved = run("promote", "tone-2", "challenger", "--registered", "tiny-model", "--url", url)
    assert "tiny-model version 2 is the champion, and stable is tiny@1.1.0." in moved
    assert registry.version("tiny-model", "champion").version == 2
    assert device() == ("1.1.0", None)

    assert "stable is tiny@1.0.0" in run("rollback", "--registered", "tiny-model", "--url", url)
    assert registry.version("tiny-model", "champion").version == 1
    assert read_channels(place).target("stable", "tiny").downgrade
    assert device() == ("1.0.0", None)
    assert "Nothing is half done." in run("resume", "--url", url)
