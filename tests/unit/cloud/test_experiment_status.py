"""How an experiment stands: figures, verdicts, guardrails, and the changes of channels that follow."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from tests.support.channels import changed, document
from tests.support.experiments import NOW, experiment, feedback, fleet, rows

from edgewise.updates.channels_document import Guardrail
from edgewise.updates.channels_errors import (
    SharesError,
    UnknownArmError,
    UnknownChannelError,
    UnknownChannelModelError,
    UnknownExperimentError,
)
from edgewise.updates.channels_parse import parse_channels
from edgewise_cloud.experiment.edit import Plan, create, first_channels, set_channel, set_shares, stop
from edgewise_cloud.experiment.errors import (
    ExperimentExistsError,
    ExperimentSettingError,
    ExperimentStoppedError,
)
from edgewise_cloud.experiment.judging import judge
from edgewise_cloud.experiment.report import as_text
from edgewise_cloud.experiment.split import split_p_value

HARM = Guardrail("accuracy", "change", "at_least", -0.03)
SLOW = Guardrail("latency_ms", "change", "at_most", 0.2)
BREAKS = Guardrail("error_rate", "arm", "at_most", 0.05)


def verdict(found, metric: str = "accuracy", arm: str = "challenger") -> str:
    return next(each.verdict for each in found.comparisons if (each.arm, each.metric) == (arm, metric))


def test_a_better_arm_is_told_with_intervals_that_hold_the_truth() -> None:
    found = judge(experiment(), rows(fleet("control", 0.80) + fleet("challenger", 0.92)), NOW)
    assert verdict(found) == "better"
    control, challenger = found.arms
    for arm, truth in ((control, 0.80), (challenger, 0.92)):
        figure = arm.figures["accuracy"]
        assert figure is not None and figure.low < truth < figure.high
        assert (figure.devices, figure.total, arm.devices) == (400, 2000, 400)
    deciding = found.comparisons[0]
    assert deciding.decides and deciding.change is not None and deciding.p < 0.001
    assert deciding.change.low < 0.12 < deciding.change.high
    text = as_text(found)
    assert "challenger: better than the control" in text and "4,800 of 4,800 lines are used." in text
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["comparisons"][0]["verdict"] == "better"


def test_a_worse_arm_and_no_difference_are_told_apart() -> None:
    worse = judge(experiment(), rows(fleet("control", 0.90) + fleet("challenger", 0.75)), NOW)
    assert verdict(worse) == "worse"
    same = judge(experiment(), rows(fleet("control", 0.85) + fleet("challenger", 0.85, seed=1)), NOW)
    assert verdict(same) == "open"
    assert "which is not the same as none" in as_text(same)


def test_less_is_better_where_less_is_better() -> None:
    slow = fleet("challenger", 0.85, latency_ms=1200.0, errors=30)
    found = judge(experiment(metric="latency_ms"), rows(fleet("control", 0.85) + slow), NOW)
    assert verdict(found, "latency_ms") == verdict(found, "error_rate") == "worse"


@pytest.mark.parametrize("devices", [0, 1, 49])
def test_few_devices_decide_nothing(devices: int) -> None:
    records = fleet("control", 0.1, devices=400) + fleet("challenger", 1.0, devices=devices, errors=90)
    found = judge(experiment(HARM, BREAKS), rows(records), NOW)
    assert verdict(found) == "too few devices"
    assert {each.state for each in found.guardrails} == {"unknown"}
    assert not found.crossed
    assert as_text(found)
    json.dumps(found.to_dict(), allow_nan=False)


def test_no_records_at_all_are_a_result() -> None:
    found = judge(experiment(HARM), [], NOW)
    assert verdict(found) == "too few devices"
    assert "0 of 0 lines are used." in as_text(found)
    assert found.to_dict()["arms"][0]["figures"]["accuracy"] is None


def test_one_loud_device_does_not_decide() -> None:
    """A device that says everything is wrong, a thousand times: it is one device, and its weight is seen."""
    loud = [feedback(9999, n, False, "challenger") for n in range(1000)]
    found = judge(experiment(), rows(fleet("control", 0.85) + fleet("challenger", 0.85, seed=1) + loud), NOW)
    assert verdict(found) == "open"


@pytest.mark.parametrize(
    ("rail", "harm", "arm_is"),
    [
        (HARM, {"accuracy": 0.75}, "crossed"),
        (HARM, {"accuracy": 0.89}, "held"),
        (SLOW, {"latency_ms": 1200.0}, "crossed"),
        (SLOW, {"latency_ms": 820.0}, "held"),
        (BREAKS, {"errors": 20}, "crossed"),
        (BREAKS, {"errors": 4}, "held"),
        (Guardrail("accuracy", "arm", "at_least", 0.8), {"accuracy": 0.6}, "crossed"),
        (Guardrail("agreement", "arm", "at_least", 0.9), {"compared": 50, "agreed": 30}, "crossed"),
        (Guardrail("agreement", "arm", "at_least", 0.9), {}, "unknown"),
    ],
)
def test_a_guardrail_stops_an_arm_that_crosses_it(
    rail: Guardrail, harm: dict[str, float], arm_is: str
) -> None:
    settings = {"accuracy": 0.9, **harm}
    found = judge(experiment(rail), rows(fleet("control", 0.9) + fleet("challenger", **settings)), NOW)  # type: ignore[arg-type]
    assert [each.state for each in found.guardrails] == [arm_is]
    assert list(found.crossed) == (["challenger"] if arm_is == "crossed" else [])


def test_an_arm_that_is_stopped_already_is_not_stopped_again() -> None:
    tone = experiment(BREAKS)
    tone = tone.with_arm(replace(tone.arm("challenger"), state="stopped", reason="by hand"))
    found = judge(tone, rows(fleet("control", 0.9) + fleet("challenger", 0.9, errors=50)), NOW)
    assert found.guardrails[0].state == "crossed"
    assert not found.crossed


def test_more_arms_and_guardrails_share_the_false_alarms() -> None:
    records = rows(fleet("control", 0.85) + fleet("challenger", 0.85) + fleet("third", 0.85))
    two, three = (judge(experiment(HARM, arms=arms), records, NOW) for arms in (2, 3))
    widths = [
        each.change.high - each.change.low
        for found in (two, three)
        for each in (found.comparisons[0],)
        if each.change
    ]
    assert widths[1] > widths[0]
    assert two.guardrails[0].figure and three.guardrails[0].figure
    assert three.guardrails[0].figure.low < two.guardrails[0].figure.low


CHANNELS = parse_channels(json.dumps(changed("experiments", [])).encode())
ARMS = {"control": ("base@1.0.0", 0.1), "challenger": ("base@1.1.0", 0.1)}
TINY = {"control": ("tiny@1.0.0", 0.1), "challenger": ("tiny@1.1.0", 0.1)}
JOY = Guardrail("joy", "arm", "at_most", 1)


def test_an_experiment_is_created_widened_and_stopped() -> None:
    made = create(CHANNELS, Plan("tone", "stable", ARMS, guardrails=[HARM]), NOW)
    assert made.version == CHANNELS.version + 1
    assert parse_channels(made.to_bytes()) == made
    tone = made.experiment("tone")
    assert (tone.control, tone.start, [arm.share for arm in tone.arms]) == ("control", NOW, [0.1, 0.1])
    other = create(made, Plan("other", "stable", ARMS), NOW).experiment("other")
    assert other.salt != tone.salt
    wide = set_shares(made, "tone", {"challenger": 0.5}, NOW)
    assert wide.experiment("tone").arm("challenger").share == 0.5
    assert wide.experiment("tone").arm("control").slots == tone.arm("control").slots
    ended = stop(wide, "tone", "challenger", "it broke", NOW)  # the last arm beside the control
    assert ended.experiment("tone").state == "stopped"
    assert ended.experiment("tone").arm("challenger").reason == "it broke"
    assert stop(ended, "tone", None, "again", NOW) is ended
    with pytest.raises(ExperimentStoppedError, match="it broke"):
        set_shares(ended, "tone", {"control": 0.2}, NOW)


def test_one_arm_of_three_stops_alone_and_the_control_ends_all() -> None:
    made = create(CHANNELS, Plan("tone", "stable", {**ARMS, "third": ("base@1.2.0", 0.1)}), NOW)
    one = stop(made, "tone", "third", "slow", NOW)
    assert one.experiment("tone").state == "running"
    with pytest.raises(ExperimentStoppedError, match="tone/third"):
        set_shares(one, "tone", {"third": 0.2}, NOW)
    assert stop(made, "tone", "control", "", NOW).experiment("tone").state == "stopped"


@pytest.mark.parametrize(
    ("plan", "kind", "message"),
    [
        (Plan("tone", "stable", {**ARMS, "challenger": ("base@1.1.0", 0.95)}), SharesError, "add up to 1.05"),
        (Plan("tone", "beta", ARMS), UnknownChannelError, "beta"),
        (Plan("tone", "canary", TINY), UnknownChannelModelError, "tiny"),
        (Plan("tone", "stable", {"control": ("base@1.0.0", 0.1)}), ExperimentSettingError, "one more arm"),
        (Plan("Tone", "stable", ARMS), ExperimentSettingError, "name"),
        (Plan("tone", "stable", ARMS, metric="joy"), ExperimentSettingError, "metric"),
        (Plan("tone", "stable", ARMS, alpha=0.9), ExperimentSettingError, "alpha"),
        (Plan("tone", "stable", ARMS, effects={"joy": 0.1}), ExperimentSettingError, "effects"),
        (Plan("tone", "stable", ARMS, guardrails=[JOY]), ExperimentSettingError, "joy"),
        (Plan("tone", "stable", {**ARMS, "x": ("base@1", 0.1)}), ExperimentSettingError, "model"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(plan: Plan, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        create(CHANNELS, plan, NOW)


def test_names_are_never_used_again() -> None:
    made = create(CHANNELS, Plan("tone", "stable", ARMS), NOW)
    with pytest.raises(ExperimentExistsError):
        create(stop(made, "tone", now=NOW), Plan("tone", "stable", ARMS), NOW)
    with pytest.raises(UnknownExperimentError):
        stop(made, "nothing")
    with pytest.raises(UnknownArmError):
        stop(made, "tone", "nobody")


def test_an_older_version_is_a_downgrade_until_a_newer_one_comes() -> None:
    steps = [set_channel(CHANNELS, "stable", "base@0.9.0", now=NOW)]
    for model in ("base@0.9.0", "base@1.0.0"):
        steps.append(set_channel(steps[-1], "stable", model, now=NOW))
    assert [each.target("stable", "base").downgrade for each in steps] == [True, True, False]
    assert steps[0].target("stable", "tiny") == CHANNELS.target("stable", "tiny")
    beta = set_channel(CHANNELS, "beta", "base@2.0.0", now=NOW)
    assert beta.target("beta", "base").model == "base@2.0.0"
    with pytest.raises(ExperimentSettingError):
        set_channel(CHANNELS, "stable", "base", now=NOW)
    with pytest.raises(ExperimentSettingError):
        first_channels("base")


def test_a_clock_that_was_set_back_does_not_write_an_earlier_time() -> None:
    back = set_channel(CHANNELS, "stable", "base@1.2.0", now=datetime(1999, 1, 1, tzinfo=UTC))
    assert back.updated == CHANNELS.updated
    assert back.version == CHANNELS.version + 1
    assert first_channels("base@1.0.0", NOW).updated == NOW
    assert document()["version"] == CHANNELS.version


def test_an_arm_that_silences_its_devices_is_told() -> None:
    silent = judge(
        experiment(), rows(fleet("control", 0.85, devices=400) + fleet("challenger", 0.85, devices=250)), NOW
    )
    assert silent.split < 1e-5
    assert "not split as the shares say" in as_text(silent)
    even = judge(experiment(), rows(fleet("control", 0.85) + fleet("challenger", 0.85, devices=390)), NOW)
    assert even.split == 1.0
    assert "not split" not in as_text(even)


def test_a_split_may_be_looked_at_after_every_device() -> None:
    """Of 300 experiments in which devices come as the shares say, one in a hundred may raise an alarm."""
    chance = np.random.default_rng(3)
    alarms = 0
    for _ in range(300):
        arms = (chance.random(600) < 0.75).cumsum()
        split = [split_p_value([first, n - first], [0.3, 0.1]) for n, first in enumerate(arms.tolist(), 1)]
        alarms += min(split) < 0.01
    assert alarms <= 9
