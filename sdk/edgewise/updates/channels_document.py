"""What `channels.json` says: which model each channel has, and which experiments run on it.

Frozen dataclasses that know nothing of files; `edgewise.updates.channels_parse` makes them from bytes,
`edgewise.updates.arms` tells which arm a device is in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from edgewise.updates.channels_errors import (
    UnknownArmError,
    UnknownChannelError,
    UnknownChannelModelError,
    UnknownExperimentError,
)

FORMAT_VERSION = 1
"""The format of `channels.json` that is written here."""

FILE_NAME = "channels.json"
"""What the file is called wherever it is published."""

STABLE = "stable"
"""The channel that every file has and every device follows unless told otherwise."""

SLOTS = 10_000
"""Parts that an experiment's devices are divided into; an arm owns some of them."""

RUNNING, STOPPED = "running", "stopped"
"""States of experiments and arms."""

METRICS = ("accuracy", "agreement", "error_rate", "latency_ms")
"""What arms are compared by; `accuracy` may name a task: `accuracy.toxicity`."""


@dataclass(frozen=True, slots=True)
class Target:
    """The version of one model that the devices of a channel use.

    Attributes:
        model: `name@version`.
        downgrade: Whether devices that have a newer version of it go back to this one.
    """

    model: str
    downgrade: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {"model": self.model, "downgrade": self.downgrade}


@dataclass(frozen=True, slots=True)
class Guardrail:
    """A line that an arm may not cross.

    Attributes:
        metric: What is measured, see `METRICS`.
        of: `"arm"`: the arm's own value; `"change"`: its value minus the control's, for `latency_ms` the
            relative change.
        direction: `"at_least"` or `"at_most"`.
        bound: Where the line is, in the unit of the metric; a relative change of 0.1 is 10 % more.
    """

    metric: str
    of: str
    direction: str
    bound: float

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {"metric": self.metric, "of": self.of, "direction": self.direction, "bound": self.bound}

    def __str__(self) -> str:
        """Say it in words.

        >>> print(Guardrail("latency_ms", "change", "at_most", 0.2))
        change of latency_ms at most 0.2
        """
        what = f"change of {self.metric}" if self.of == "change" else self.metric
        return f"{what} {self.direction.replace('_', ' ')} {self.bound:g}"


@dataclass(frozen=True, slots=True)
class Arm:
    """One side of an experiment.

    Attributes:
        name: Its name.
        model: The bundle that its devices use, `name@version`.
        slots: The slots it owns, as ranges `(first, end)`, ascending, `end` not included.
        state: `RUNNING`, or `STOPPED`: its devices are back on their channel.
        reason: Why it was stopped; may be empty.
    """

    name: str
    model: str
    slots: tuple[tuple[int, int], ...]
    state: str = RUNNING
    reason: str = ""

    @property
    def share(self) -> float:
        """The share of the channel's devices that are in it, 0 to 1."""
        return sum(end - first for first, end in self.slots) / SLOTS

    def owns(self, slot: int) -> bool:
        """Whether a slot is the arm's."""
        return any(first <= slot < end for first, end in self.slots)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {
            "name": self.name,
            "model": self.model,
            "share": self.share,
            "slots": [list(part) for part in self.slots],
            "state": self.state,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Experiment:
    """Two models or more, compared on shares of a channel's devices.

    Attributes:
        name: Its name.
        channel: The channel whose devices take part.
        salt: What makes its arms independent of those of other experiments.
        start: From when on, in UTC.
        arms: Its arms, the control among them.
        control: The name of the arm that the others are compared with.
        metric: What decides, see `METRICS`.
        alpha: How often it may decide, or a guardrail stop an arm, although there is no difference.
        effects: The difference that matters, by metric; the test is sharpest there. For `latency_ms`
            relative.
        guardrails: Lines that no arm may cross.
        state: `RUNNING` or `STOPPED`.
        reason: Why it was stopped; may be empty.
    """

    name: str
    channel: str
    salt: str
    start: datetime
    arms: tuple[Arm, ...]
    control: str
    metric: str = "accuracy"
    alpha: float = 0.05
    effects: Mapping[str, float] = field(default_factory=dict)
    guardrails: tuple[Guardrail, ...] = ()
    state: str = RUNNING
    reason: str = ""

    @property
    def model(self) -> str:
        """The name of the model whose versions are compared."""
        return self.arms[0].model.partition("@")[0]

    def arm(self, name: str) -> Arm:
        """Return an arm.

        Raises:
            UnknownArmError: It has no such arm.
        """
        for arm in self.arms:
            if arm.name == name:
                return arm
        raise UnknownArmError(name, [arm.name for arm in self.arms])

    def with_arm(self, arm: Arm) -> Experiment:
        """Return the experiment with the arm of that name replaced."""
        self.arm(arm.name)
        return replace(self, arms=tuple(arm if each.name == arm.name else each for each in self.arms))

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {
            "name": self.name,
            "channel": self.channel,
            "salt": self.salt,
            "start": instant_text(self.start),
            "control": self.control,
            "metric": self.metric,
            "alpha": self.alpha,
            "effects": dict(self.effects),
            "arms": [arm.to_dict() for arm in self.arms],
            "guardrails": [each.to_dict() for each in self.guardrails],
            "state": self.state,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Channels:
    """Everything that a `channels.json` says.

    Attributes:
        version: Raised with every change.
        updated: When it was last changed, in UTC.
        channels: Targets by channel, one a model; `STABLE` is among them.
        experiments: Experiments; where two would take a device, the first does.
    """

    version: int
    updated: datetime
    channels: Mapping[str, tuple[Target, ...]]
    experiments: tuple[Experiment, ...] = ()

    def target(self, channel: str, name: str) -> Target:
        """Return the version of a model that a channel has.

        Args:
            channel: The channel.
            name: The model.

        Raises:
            UnknownChannelError: There is no such channel.
            UnknownChannelModelError: It has no such model.
        """
        if channel not in self.channels:
            raise UnknownChannelError(channel, tuple(self.channels))
        for target in self.channels[channel]:
            if target.model.partition("@")[0] == name:
                return target
        raise UnknownChannelModelError(name, [each.model for each in self.channels[channel]], channel)

    def experiment(self, name: str) -> Experiment:
        """Return an experiment.

        Raises:
            UnknownExperimentError: There is no such experiment.
        """
        for experiment in self.experiments:
            if experiment.name == name:
                return experiment
        raise UnknownExperimentError(name, [each.name for each in self.experiments])

    @property
    def models(self) -> tuple[str, ...]:
        """Every `name@version` that a device may be sent to, each once."""
        arms = (arm.model for experiment in self.experiments for arm in experiment.arms)
        targets = (target.model for channel in self.channels.values() for target in channel)
        return tuple(dict.fromkeys([*targets, *arms]))

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {
            "format_version": FORMAT_VERSION,
            "version": self.version,
            "updated": instant_text(self.updated),
            "channels": {
                name: [each.to_dict() for each in targets] for name, targets in self.channels.items()
            },
            "experiments": [experiment.to_dict() for experiment in self.experiments],
        }

    def to_bytes(self) -> bytes:
        """Return the bytes of the file."""
        return (json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n").encode()


def instant_text(instant: datetime) -> str:
    """Write an instant as the file does, in whole seconds of UTC.

    >>> instant_text(datetime(2026, 11, 23, 6, tzinfo=UTC))
    '2026-11-23T06:00:00Z'
    """
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
