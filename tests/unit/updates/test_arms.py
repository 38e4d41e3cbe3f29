"""Arms: stable, uniform, independent between experiments, and nobody moves who need not."""

import json
import secrets
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.channels import changed, document

from edgewise.updates.arms import arm_of, assign, slot_of, slots_in, split_arm, with_shares
from edgewise.updates.channels_document import SLOTS, Arm, Channels, Experiment
from edgewise.updates.channels_errors import SharesError, UnknownArmError, UnknownChannelError
from edgewise.updates.channels_parse import check_slots, parse_channels
from edgewise.updates.device_id import DeviceId

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SHARES = st.lists(st.integers(1, SLOTS), min_size=2, max_size=5).map(
    lambda parts: [max(1, part * SLOTS // (2 * sum(parts))) / SLOTS for part in parts]
)


def read(value: Any) -> Channels:
    return parse_channels(json.dumps(value).encode())


def experiment(*shares: float, salt: str = "salt-one") -> Experiment:
    arms = tuple(Arm(f"arm{n}", f"base@1.{n}.0", ()) for n in range(len(shares)))
    made = Experiment("exp", "stable", salt, NOW, arms, "arm0")
    return with_shares(made, {f"arm{n}": share for n, share in enumerate(shares)})


def ids(count: int, seed: int = 0) -> list[str]:
    return [
        row.tobytes().hex() for row in np.random.default_rng(seed).integers(0, 256, (count, 16), np.uint8)
    ]


def device_in(arm: str | None, found: Experiment) -> DeviceId:
    for value in ids(1000):
        owner = arm_of(found, value)
        if (owner.name if owner else None) == arm:
            return DeviceId(value, kept=True)
    raise LookupError(arm)


def test_the_slot_of_a_device_is_pinned() -> None:
    # Others compute it, too: a change here would move every device of every experiment.
    assert [slot_of("salt-one", value) for value in ("0" * 32, "f" * 32)] == [332, 7940]


def test_shares_come_out_within_half_a_point() -> None:
    found = experiment(0.5, 0.3, 0.05)
    devices = ids(20_000)
    counted = Counter(arm.name if (arm := arm_of(found, each)) else None for each in devices)
    for name, share in (("arm0", 0.5), ("arm1", 0.3), ("arm2", 0.05), (None, 0.15)):
        # 4.5 standard deviations at this count; benchmarks/sequential.py measures 100,000.
        assert abs(counted[name] / len(devices) - share) < 0.016


def test_slots_are_uniform_and_independent_between_experiments() -> None:
    """Chi-square against even cells; at 63 and 9 degrees of freedom 130 and 40 are beyond 1 in 100,000."""
    devices = ids(8000, seed=3)
    one, other = (np.array([slot_of(salt, each) for each in devices]) for salt in ("salt-one", "salt-two"))
    even = np.bincount(one * 64 // SLOTS, minlength=64)
    assert float(((even - 125) ** 2 / 125).sum()) < 130
    table = np.histogram2d(one, other, bins=4, range=[[0, SLOTS], [0, SLOTS]])[0]
    expected = np.outer(table.sum(1), table.sum(0)) / table.sum()
    assert float(((table - expected) ** 2 / expected).sum()) < 40
    same = np.histogram2d(one, one, bins=4, range=[[0, SLOTS], [0, SLOTS]])[0]
    assert float(((same - expected) ** 2 / expected).sum()) > 1000  # the measure does see dependence


@settings(max_examples=40)
@given(SHARES, SHARES)
def test_new_shares_move_only_the_devices_that_must(before: list[float], after: list[float]) -> None:
    size = min(len(before), len(after))
    old = experiment(*before[:size])
    new = with_shares(old, {f"arm{n}": share for n, share in enumerate(after[:size])})
    check_slots("exp", new.arms)
    owner = [
        {slot: arm.name for arm in each.arms for part in arm.slots for slot in range(*part)}
        for each in (old, new)
    ]
    moved = sum(owner[0].get(slot) != owner[1].get(slot) for slot in range(SLOTS))
    sizes = [Counter(each.values()) for each in owner]
    rest = [SLOTS - size.total() for size in sizes]
    least = (
        sum(abs(sizes[0][arm.name] - sizes[1][arm.name]) for arm in old.arms) + abs(rest[0] - rest[1])
    ) / 2
    assert moved == least
    for arm, share in zip(new.arms, after, strict=False):
        assert arm.share == pytest.approx(share)


def test_widening_one_arm_leaves_everybody_in_the_other() -> None:
    narrow = experiment(0.1, 0.1)
    wide = with_shares(narrow, {"arm1": 0.5})
    for each in ids(2000):
        before, after = arm_of(narrow, each), arm_of(wide, each)
        if before is not None:
            assert after is not None and after.name == before.name


@pytest.mark.parametrize("share", [0, -0.1, 1.0001, float("nan"), float("inf"), True, 0.00005, 0.12345])
def test_a_share_that_makes_no_sense_is_named(share: float) -> None:
    with pytest.raises(SharesError, match="'arm1'"):
        with_shares(experiment(0.1, 0.1), {"arm1": share})


def test_shares_over_one_and_unknown_arms_are_named() -> None:
    with pytest.raises(SharesError, match=r"add up to 1\.1"):
        with_shares(experiment(0.1, 0.1), {"arm1": 1.0})
    with pytest.raises(UnknownArmError, match="nobody"):
        with_shares(experiment(0.1, 0.1), {"nobody": 0.5})
    assert slots_in("exp", "arm", 0.3) == 3000


def test_a_device_keeps_its_arm_and_leaves_it_when_the_arm_is_stopped() -> None:
    channels = read(document())
    tone = channels.experiment("tone")
    inside, outside = device_in("challenger", tone), device_in(None, tone)
    found = assign(channels, inside, "base", now=NOW)
    assert (found.model, found.arm, found.downgrade) == ("base@1.1.0", "tone/challenger", False)
    assert assign(channels, inside, "base", now=NOW, came_by="tone/challenger") == found
    assert assign(channels, outside, "base", now=NOW).arm is None
    assert assign(channels, inside, "tiny", now=NOW).model == "tiny@0.3.0"
    assert assign(channels, inside, "base", "canary", now=NOW).model == "base@1.1.0-rc.1"
    for place in ("experiments.0.state", "experiments.0.arms.1.state"):
        stopped = read(changed(place, "stopped"))
        back = assign(stopped, inside, "base", now=NOW, came_by="tone/challenger")
        # 1.0.0 is older than the 1.1.0 it has: it goes back because it came by the arm.
        assert (back.model, back.arm, back.downgrade) == ("base@1.0.0", None, True)
        assert not assign(stopped, inside, "base", now=NOW).downgrade


def test_only_what_is_signed_as_a_downgrade_is_one() -> None:
    outside = device_in(None, read(document()).experiment("tone"))
    assert not assign(read(document()), outside, "base", now=NOW).downgrade
    assert assign(read(changed("channels.stable.0.downgrade", True)), outside, "base", now=NOW).downgrade


def test_an_experiment_waits_for_its_start_and_a_clock_set_back_does_not_end_it() -> None:
    inside = device_in("challenger", read(document()).experiment("tone"))
    future = read(changed("experiments.0.start", "2027-01-01T00:00:00Z"))
    assert assign(future, inside, "base", now=NOW).arm is None
    assert assign(future, inside, "base", now=datetime(2027, 1, 1, tzinfo=UTC)).arm == "tone/challenger"
    assert (
        assign(read(document()), inside, "base", now=datetime(1970, 1, 1, tzinfo=UTC)).arm
        == "tone/challenger"
    )


def test_a_device_without_a_lasting_id_takes_no_part() -> None:
    channels = read(document())
    inside = device_in("challenger", channels.experiment("tone"))
    assert assign(channels, DeviceId(inside.value, kept=False), "base", now=NOW).arm is None


def test_where_two_experiments_would_take_a_device_the_first_does() -> None:
    both = document()
    both["experiments"] += [{**both["experiments"][0], "name": "second", "salt": "second-salt"}]
    channels = read(both)
    devices = [DeviceId(each, kept=True) for each in ids(3000)]
    claimed = [each for each in devices if all(arm_of(exp, each.value) for exp in channels.experiments)]
    assert claimed
    assert all(str(assign(channels, each, "base", now=NOW).arm).startswith("tone/") for each in claimed)
    arms = Counter(str(assign(channels, each, "base", now=NOW).arm).split("/")[0] for each in devices)
    assert arms["second"] > 300


def test_unknown_channels_and_broken_labels_are_named() -> None:
    with pytest.raises(UnknownChannelError, match="beta"):
        assign(read(document()), DeviceId(secrets.token_hex(16), kept=True), "base", "beta")
    assert split_arm("tone/challenger") == ("tone", "challenger")
    for label in ("tone", "/a", "a/", "a/b/c", ""):
        with pytest.raises(UnknownArmError):
            split_arm(label)
