"""Changes to `channels.json`, each from one state of it to the next. Pure functions."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from edgewise.bundle.versions import version_key
from edgewise.updates.arms import with_shares
from edgewise.updates.channels_document import (
    RUNNING,
    STABLE,
    STOPPED,
    Arm,
    Channels,
    Experiment,
    Guardrail,
    Target,
)
from edgewise.updates.channels_errors import ChannelsFileError
from edgewise.updates.channels_parse import parse_channels
from edgewise_cloud.experiment.errors import (
    ExperimentExistsError,
    ExperimentSettingError,
    ExperimentStoppedError,
)


@dataclass(frozen=True)
class Plan:
    """An experiment that is to be created.

    Attributes:
        name: Its name.
        channel: The channel whose devices take part.
        arms: Model and share by arm, the control first.
        metric: What decides.
        alpha: How often it may see a difference where there is none.
        effects: The difference that matters, by metric.
        guardrails: Lines that no arm may cross.
        start: From when on; None for now.
        salt: Makes its arms independent of others; None for a random one.
    """

    name: str
    channel: str
    arms: Mapping[str, tuple[str, float]]
    metric: str = "accuracy"
    alpha: float = 0.05
    effects: Mapping[str, float] = field(default_factory=dict)
    guardrails: Sequence[Guardrail] = ()
    start: datetime | None = None
    salt: str | None = None


def first_channels(model: str, now: datetime | None = None) -> Channels:
    """Return the first `channels.json`: everybody uses one version.

    Raises:
        ExperimentSettingError: The model is not written `name@version`.
    """
    return _checked(Channels(1, _now(now), {STABLE: (Target(model),)}))


def set_channel(
    channels: Channels,
    channel: str,
    model: str,
    *,
    downgrade: bool | None = None,
    now: datetime | None = None,
) -> Channels:
    """Return channels with another version of a model on a channel, which is made if it is not there.

    Args:
        channels: As they are.
        channel: The channel.
        model: `name@version`.
        downgrade: Whether devices with a newer version go back; None: if the version is older than the one
            before.
        now: The time.

    Raises:
        ExperimentSettingError: A name makes no sense.
    """
    name, _, version = model.partition("@")
    targets = list(channels.channels.get(channel, ()))
    before = [each for each in targets if each.model.partition("@")[0] == name]
    if downgrade is None:
        downgrade = bool(before) and _older(version, before[0])
    target = Target(model, downgrade)
    kept = [target if each in before else each for each in targets] + ([] if before else [target])
    return next_version(channels, now, channels={**channels.channels, channel: tuple(kept)})


def _older(version: str, before: Target) -> bool:
    """Whether a version is older than that of a target; a downgrade stays one until something newer comes."""
    try:
        new, old = version_key(version), version_key(before.model.partition("@")[2])
    except ValueError as error:
        raise ExperimentSettingError(version, str(error)) from None
    return new < old or (new == old and before.downgrade)


def create(channels: Channels, plan: Plan, now: datetime | None = None) -> Channels:
    """Return channels with a new experiment, running.

    Raises:
        ExperimentExistsError: The name is taken, by a stopped experiment, too.
        ExperimentSettingError: Something of the plan makes no sense.
        UnknownChannelError: There is no such channel.
        UnknownChannelModelError: The channel does not have the model.
        SharesError: The shares make no sense.
    """
    if any(each.name == plan.name for each in channels.experiments):
        raise ExperimentExistsError(plan.name)
    if len(plan.arms) < 2:
        raise ExperimentSettingError(f"the experiment {plan.name!r}", "it needs a control and one more arm")
    arms = tuple(Arm(name, model, ()) for name, (model, _) in plan.arms.items())
    channels.target(plan.channel, arms[0].model.partition("@")[0])
    experiment = Experiment(
        name=plan.name,
        channel=plan.channel,
        salt=plan.salt or secrets.token_hex(8),
        start=(plan.start or _now(now)).astimezone(UTC).replace(microsecond=0),
        arms=arms,
        control=arms[0].name,
        metric=plan.metric,
        alpha=plan.alpha,
        effects=plan.effects,
        guardrails=tuple(plan.guardrails),
    )
    experiment = with_shares(experiment, {name: share for name, (_, share) in plan.arms.items()})
    return next_version(channels, now, experiments=(*channels.experiments, experiment))


def set_shares(
    channels: Channels, name: str, shares: Mapping[str, float], now: datetime | None = None
) -> Channels:
    """Return channels with other shares of an experiment; only devices move that must.

    Raises:
        UnknownExperimentError: There is no such experiment.
        ExperimentStoppedError: It was stopped, or an arm of it that is named.
        UnknownArmError: It has no such arm.
        SharesError: The shares make no sense.
    """
    experiment = _running(channels.experiment(name))
    for arm in shares:
        if experiment.arm(arm).state == STOPPED:
            raise ExperimentStoppedError(f"{name}/{arm}", experiment.arm(arm).reason)
    return _with(channels, with_shares(experiment, shares), now)


def stop(
    channels: Channels, name: str, arm: str | None = None, reason: str = "", now: datetime | None = None
) -> Channels:
    """Return channels with an experiment stopped, or one arm of it; its devices go back to their channel.

    Stopping the control, or the last arm beside it, stops the experiment. What is stopped already stays as
    it is.

    Raises:
        UnknownExperimentError: There is no such experiment.
        UnknownArmError: It has no such arm.
    """
    experiment = channels.experiment(name)
    if experiment.state == STOPPED or (arm is not None and experiment.arm(arm).state == STOPPED):
        return channels
    if arm is not None:
        experiment = experiment.with_arm(replace(experiment.arm(arm), state=STOPPED, reason=reason))
        left = [each for each in experiment.arms if each.state == RUNNING and each.name != experiment.control]
        if left and arm != experiment.control:
            return _with(channels, experiment, now)
    return _with(channels, replace(experiment, state=STOPPED, reason=reason), now)


def next_version(before: Channels, now: datetime | None, /, **changes: Any) -> Channels:
    """Return the next version of channels, checked as a device would.

    Its time is never before that of the version it follows, even when our clock was set back.

    Raises:
        ExperimentSettingError: A device would refuse it.
    """
    later = max(_now(now), before.updated)
    return _checked(replace(before, **changes, version=before.version + 1, updated=later))


def _with(channels: Channels, experiment: Experiment, now: datetime | None) -> Channels:
    each = tuple(experiment if one.name == experiment.name else one for one in channels.experiments)
    return next_version(channels, now, experiments=each)


def _running(experiment: Experiment) -> Experiment:
    if experiment.state == STOPPED:
        raise ExperimentStoppedError(experiment.name, experiment.reason)
    return experiment


def _checked(channels: Channels) -> Channels:
    """Read what would be written: what is not refused here, no device refuses."""
    try:
        return parse_channels(channels.to_bytes())
    except ChannelsFileError as error:
        raise ExperimentSettingError("What was given", error.problem) from None


def _now(now: datetime | None) -> datetime:
    return (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
