"""`channels.json`: what is read, what is refused, and that schema and reader say the same."""

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tests.support.channels import changed, document

import edgewise.updates
from edgewise.updates.channels_document import Channels
from edgewise.updates.channels_errors import (
    ChannelError,
    ChannelsFileError,
    ChannelsVersionError,
    SharesError,
    UnknownArmError,
    UnknownChannelError,
    UnknownChannelModelError,
    UnknownExperimentError,
)
from edgewise.updates.channels_parse import parse_channels
from edgewise.updates.errors import UpdateError

SCHEMA_FILE = Path(next(iter(edgewise.updates.__path__))) / "channels_schema.json"
SCHEMA = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)

ARM = "experiments.0.arms.1"
BY_SCHEMA: dict[str, tuple[str, Any]] = {
    "no version": ("version", ...),
    "version 0": ("version", 0),
    "no time": ("updated", ...),
    "a time without zone": ("updated", "2026-11-20T06:00:00"),
    "no channels": ("channels", ...),
    "no stable": ("channels.stable", ...),
    "an empty channel": ("channels.canary", []),
    "a channel that is a string": ("channels.canary", "base@1.0.0"),
    "a channel with capitals": ("channels.Stable", [{"model": "base@1.0.0"}]),
    "a model without version": ("channels.canary.0.model", "base"),
    "a model with half a version": ("channels.canary.0.model", "base@1.0"),
    "downgrade as text": ("channels.canary.0.downgrade", "yes"),
    "experiments as object": ("experiments", {}),
    "no name": ("experiments.0.name", ...),
    "a name with a slash": ("experiments.0.name", "a/b"),
    "a short salt": ("experiments.0.salt", "abc"),
    "no salt": ("experiments.0.salt", ...),
    "one arm": ("experiments.0.arms", [document()["experiments"][0]["arms"][0]]),
    "an unknown metric": ("experiments.0.metric", "happiness"),
    "an unknown task": ("experiments.0.metric", "accuracy.irony"),
    "latency of a task": ("experiments.0.metric", "latency_ms.toxicity"),
    "alpha 1": ("experiments.0.alpha", 1),
    "effects of an unknown metric": ("experiments.0.effects", {"happiness": 0.1}),
    "no effect": ("experiments.0.effects.accuracy", 0),
    "an unknown state": ("experiments.0.state", "paused"),
    "share over 1": (f"{ARM}.share", 1.5),
    "slots beyond the last": (f"{ARM}.slots", [[9000, 10001]]),
    "half a slot": (f"{ARM}.slots", [[0.5, 2]]),
    "a range of three": (f"{ARM}.slots", [[1, 2, 3]]),
    "an arm that is a text": (ARM, "challenger"),
    "an unknown direction": ("experiments.0.guardrails.0.direction", "below"),
    "an unknown side": ("experiments.0.guardrails.0.of", "control"),
    "no bound": ("experiments.0.guardrails.0.bound", ...),
    "a bound that is true": ("experiments.0.guardrails.0.bound", True),
}
BEYOND_SCHEMA: dict[str, tuple[str, Any]] = {
    "a day that is none": ("updated", "2026-02-30T06:00:00Z"),
    "a share that is not that of the slots": (f"{ARM}.share", 0.2),
    "an unknown control": ("experiments.0.control", "nobody"),
    "an arm twice": (f"{ARM}.name", "control"),
    "arms of two models": (f"{ARM}.model", "tiny@0.3.0"),
    "a channel that is not there": ("experiments.0.channel", "beta"),
    "a model that the channel lacks": ("channels.stable", [{"model": "tiny@0.3.0"}]),
    "a model twice": ("channels.canary", [{"model": "base@1.0.0"}, {"model": "base@1.1.0"}]),
    "an experiment twice": ("experiments", document()["experiments"] * 2),
    "slots out of order": (f"{ARM}.slots", [[2000, 2500], [1000, 1500]]),
    "slots that overlap": (f"{ARM}.slots", [[1000, 1500], [1499, 1999]]),
    "a range without slots": (f"{ARM}.slots", [[1000, 1000]]),
}


def read(value: Any) -> Channels:
    return parse_channels(json.dumps(value).encode())


def test_a_good_file_is_read_and_written_as_it_was() -> None:
    channels = read(document())
    assert channels.target("stable", "base").model == "base@1.0.0"
    assert channels.target("canary", "base").model == "base@1.1.0-rc.1"
    arm = channels.experiment("tone").arm("challenger")
    assert (arm.share, arm.owns(1499), arm.owns(1500), arm.owns(2499)) == (0.1, True, False, True)
    assert channels.models == ("base@1.0.0", "tiny@0.3.0", "base@1.1.0-rc.1", "base@1.1.0")
    assert parse_channels(channels.to_bytes()) == channels
    VALIDATOR.validate(channels.to_dict())


def test_the_schema_is_a_schema_that_takes_good_files() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    VALIDATOR.validate(document())


@pytest.mark.parametrize(("place", "value"), BY_SCHEMA.values(), ids=BY_SCHEMA)
def test_what_the_schema_refuses_the_reader_refuses(place: str, value: Any) -> None:
    broken = changed(place, value)
    assert not VALIDATOR.is_valid(broken)
    with pytest.raises(ChannelsFileError) as caught:
        read(broken)
    assert isinstance(caught.value, UpdateError) and isinstance(caught.value, ValueError)
    assert "docs/experiments.md" in str(caught.value)


@pytest.mark.parametrize(("place", "value"), BEYOND_SCHEMA.values(), ids=BEYOND_SCHEMA)
def test_the_reader_sees_what_a_schema_cannot_say(place: str, value: Any) -> None:
    broken = changed(place, value)
    VALIDATOR.validate(broken)
    with pytest.raises(ChannelsFileError):
        read(broken)


def test_two_experiments_may_not_share_a_salt() -> None:
    broken = document()
    broken["experiments"] += [{**broken["experiments"][0], "name": "other"}]
    with pytest.raises(ChannelsFileError, match="salt 'tone-salt-1' twice"):
        read(broken)


@pytest.mark.parametrize(
    ("share", "slots", "message"),
    [(1.0, [[0, 10000]], "add up to 1.1"), (0.1, [[999, 1999]], "'control' and 'challenger' both own")],
)
def test_shares_over_one_and_devices_claimed_twice_are_named(share: float, slots: Any, message: str) -> None:
    broken = changed(f"{ARM}.share", share)
    broken["experiments"][0]["arms"][1]["slots"] = slots
    with pytest.raises(SharesError, match=message) as caught:
        read(broken)
    assert caught.value.experiment == "tone"


@pytest.mark.parametrize("version", [2, 0, "1", True, 1.5])
def test_another_format_is_told_before_anything_else(version: object) -> None:
    with pytest.raises(ChannelsVersionError, match="Upgrade edgewise"):
        read({"format_version": version, "something": "new"})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{",
        b"\xff\xfe",
        b'{"format_version": 1, "format_version": 1}',
        b'{"format_version": 1, "version": NaN}',
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b" " * (1024 * 1024 + 1),
        b"{}",
    ],
)
def test_bytes_that_are_no_channels_are_refused(data: bytes) -> None:
    with pytest.raises(ChannelsFileError, match=r"channels\.json"):
        parse_channels(data)


def test_unknown_names_are_told_with_those_there_are() -> None:
    channels = read(document())
    for call, kind, parts in (
        (lambda: channels.target("beta", "base"), UnknownChannelError, ["beta", "stable", "canary"]),
        (lambda: channels.target("canary", "tiny"), UnknownChannelModelError, ["tiny", "canary", "base@1.1"]),
        (lambda: channels.experiment("x"), UnknownExperimentError, ["'x'", "tone"]),
        (lambda: channels.experiment("tone").arm("x"), UnknownArmError, ["'x'", "control", "challenger"]),
    ):
        with pytest.raises(kind) as caught:
            call()
        assert isinstance(caught.value, KeyError)
        assert all(part in str(caught.value) for part in parts)
        again = pickle.loads(pickle.dumps(caught.value))
        assert (type(again), str(again), again.__dict__) == (kind, str(caught.value), caught.value.__dict__)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 11_000) | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, prefix: str = "") -> list[str]:
    if isinstance(value, dict):
        members = list(value.items())
    elif isinstance(value, list):
        members = list(enumerate(value))
    else:
        return []
    found = []
    for key, child in members:
        found += [f"{prefix}{key}", *places(child, f"{prefix}{key}.")]
    return found


@given(place=st.sampled_from([each for each in places(document()) if "format" not in each]), value=JSON)
def test_a_chance_edit_is_read_whole_or_refused_and_the_schema_is_never_stricter(
    place: str, value: Any
) -> None:
    edited = changed(place, value)
    try:
        channels = read(edited)
    except ChannelError:
        return
    assert VALIDATOR.is_valid(edited), place
    assert parse_channels(channels.to_bytes()) == channels


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_by_name(data: bytes) -> None:
    with pytest.raises(ChannelError):
        parse_channels(data)
