"""Which arm of which experiment a device is in, and the model that follows from it.

A device's slot is a hash of the experiment's salt and the device's own random id: always the same, uniform,
and, as every experiment has a salt of its own, independent between experiments. An arm owns slots, so a share
that is widened takes new slots and leaves every other device where it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from edgewise.updates.channels_document import RUNNING, SLOTS, STABLE, Arm, Channels, Experiment
from edgewise.updates.channels_errors import SharesError, UnknownArmError
from edgewise.updates.device_id import DeviceId


@dataclass(frozen=True, slots=True)
class Assignment:
    """The model that a device is to use, and why.

    Attributes:
        model: `name@version`.
        channel: The channel it follows.
        arm: `experiment/arm`, or None when no experiment takes it.
        downgrade: Whether a newer version of the same model gives way to this one.
    """

    model: str
    channel: str
    arm: str | None
    downgrade: bool


def slot_of(salt: str, device: str) -> int:
    """Return the slot of a device in an experiment, 0 to `SLOTS` - 1.

    The first 8 bytes of the sha256 of `salt:device`, as a number, modulo `SLOTS`: the bias is below 1e-15.

    >>> slot_of("salt-one", "0" * 32), slot_of("salt-two", "0" * 32)
    (332, 9770)
    """
    digest = hashlib.sha256(f"{salt}:{device}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % SLOTS


def arm_of(experiment: Experiment, device: str) -> Arm | None:
    """Return the arm that owns a device, stopped or not; None when no arm does."""
    slot = slot_of(experiment.salt, device)
    return next((arm for arm in experiment.arms if arm.owns(slot)), None)


def assign(
    channels: Channels,
    device: DeviceId,
    name: str,
    channel: str = STABLE,
    *,
    now: datetime | None = None,
    came_by: str | None = None,
) -> Assignment:
    """Return the model that a device is to use.

    A device whose id cannot be kept takes part in no experiment: it would change its arm at every start. A
    clock that was set back to before the file was written is not believed: the file itself proves that it is
    later.

    Args:
        channels: What `channels.json` says.
        device: The device's id.
        name: The model that the device uses.
        channel: The channel it follows.
        now: The time, in UTC; None for the clock's.
        came_by: The `arm` by which the model in use was chosen. A device that leaves an arm goes back to its
            channel, downgrade or not.

    Raises:
        UnknownChannelError: There is no such channel.
        UnknownChannelModelError: The channel has no such model.
    """
    plain = channels.target(channel, name)
    instant = max(now or datetime.now(UTC), channels.updated)
    for experiment in channels.experiments if device.kept else ():
        if (experiment.channel, experiment.model, experiment.state) != (channel, name, RUNNING):
            continue
        if experiment.start > instant:
            continue
        arm = arm_of(experiment, device.value)
        if arm is not None and arm.state == RUNNING:
            label = f"{experiment.name}/{arm.name}"
            return Assignment(arm.model, channel, label, _left(came_by, label) or plain.downgrade)
    return Assignment(plain.model, channel, None, _left(came_by, None) or plain.downgrade)


def _left(came_by: str | None, arm: str | None) -> bool:
    """Whether a device leaves an arm."""
    return came_by is not None and came_by != arm


def with_shares(experiment: Experiment, shares: Mapping[str, float]) -> Experiment:
    """Return the experiment with other shares, moving no device that need not move.

    An arm that shrinks gives up its highest slots. An arm that grows takes slots that no arm has, the lowest
    first. So the share of devices that change sides is the least that the new shares allow.

    Args:
        experiment: The experiment; its arms keep what they can.
        shares: New shares by arm, 0 to 1; an arm that is not named keeps its own.

    Raises:
        UnknownArmError: A share is given for an arm that is not there.
        SharesError: A share is no number above 0, or all together are over 1.
    """
    for name in shares:
        experiment.arm(name)
    wanted = {
        arm.name: slots_in(experiment.name, arm.name, shares.get(arm.name, arm.share))
        for arm in experiment.arms
    }
    if sum(wanted.values()) > SLOTS:
        raise SharesError(experiment.name, f"they add up to {sum(wanted.values()) / SLOTS:g}")
    owned = {
        arm.name: [slot for part in arm.slots for slot in range(*part)][: wanted[arm.name]]
        for arm in experiment.arms
    }
    taken = {slot for slots in owned.values() for slot in slots}
    free = iter([slot for slot in range(SLOTS) if slot not in taken])
    for name, slots in owned.items():
        slots += [next(free) for _ in range(wanted[name] - len(slots))]
    arms = tuple(replace(arm, slots=_ranges(sorted(owned[arm.name]))) for arm in experiment.arms)
    return replace(experiment, arms=arms)


def slots_in(experiment: str, arm: str, share: float) -> int:
    """Return how many slots a share is.

    Raises:
        SharesError: It is not from 0.0001 to 1, or no multiple of 0.0001.
    """
    if isinstance(share, bool) or not 0 < share <= 1:
        raise SharesError(experiment, f"that of {arm!r} is {share!r}")
    slots = round(share * SLOTS)
    if slots < 1 or abs(slots - share * SLOTS) > 1e-6:
        raise SharesError(experiment, f"that of {arm!r} is {share!r}, no multiple of {1 / SLOTS}")
    return slots


def _ranges(slots: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Write ascending slots as ranges.

    >>> _ranges([0, 1, 2, 7, 9, 10])
    ((0, 3), (7, 8), (9, 11))
    """
    found: list[tuple[int, int]] = []
    for slot in slots:
        if found and found[-1][1] == slot:
            found[-1] = (found[-1][0], slot + 1)
        else:
            found.append((slot, slot + 1))
    return tuple(found)


def split_arm(label: str) -> tuple[str, str]:
    """Return experiment and arm of the label that results carry.

    >>> split_arm("tone-2/challenger")
    ('tone-2', 'challenger')

    Raises:
        UnknownArmError: It is no such label.
    """
    experiment, slash, arm = label.partition("/")
    if not (experiment and slash and arm) or "/" in arm:
        raise UnknownArmError(label, ())
    return experiment, arm
