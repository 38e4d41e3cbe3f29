"""From the bytes of `channels.json` to `Channels`, or to the error that names what is wrong.

`channels_schema.json` says the same rules for editors and other languages. Fields that this version does not
know are passed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

from edgewise.bundle.errors import ManifestError
from edgewise.bundle.fields import Field
from edgewise.bundle.strict_json import parse_object
from edgewise.bundle.versions import SEMANTIC_VERSION
from edgewise.labels import TASKS
from edgewise.updates.channels_document import (
    FILE_NAME,
    METRICS,
    RUNNING,
    SLOTS,
    STABLE,
    STOPPED,
    Arm,
    Channels,
    Experiment,
    Guardrail,
    Target,
)
from edgewise.updates.channels_errors import ChannelsFileError, ChannelsVersionError, SharesError

FORMAT_VERSIONS = (1,)
"""The format versions this reader knows."""

NAME = r"[a-z0-9][a-z0-9._-]{0,63}"
"""Pattern of the names of channels, experiments, arms and bundles."""

MODEL = rf"{NAME}@{SEMANTIC_VERSION}"
"""Pattern of `name@version`."""

_SALT = r"[A-Za-z0-9._-]{8,64}"
_INSTANT = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z"
_LARGEST = 2**53
_MOST_ARMS, _MOST_SLOTS = 16, 1000


def parse_channels(data: bytes, path: object = FILE_NAME) -> Channels:
    """Parse the bytes of a `channels.json`.

    Args:
        data: UTF-8, at most 1 MiB.
        path: What to call it in messages.

    Raises:
        ChannelsFileError: It is not the JSON that format version 1 asks for; the message names the field.
        ChannelsVersionError: Its format version is unknown.
        SharesError: The shares of an experiment are over 1, or two arms claim the same devices.
    """
    try:
        return _channels(Field(parse_object(data, path), "", path))
    except ManifestError as error:
        raise ChannelsFileError(path, error.problem) from None


def _channels(top: Field) -> Channels:
    found = top["format_version"]
    if not found.there:
        found.refuse("is missing, a whole number belongs there")
    if isinstance(found.value, bool) or found.value not in FORMAT_VERSIONS:
        raise ChannelsVersionError(found.value, FORMAT_VERSIONS)
    channels = top["channels"].mapping() and top["channels"].each(_channel, NAME)
    if STABLE not in channels:
        top["channels"].refuse(f"lacks {STABLE!r}, which every device falls back to")
    experiments = top["experiments"].all(_experiment)
    _unique(top["experiments"], "experiment", [each.name for each in experiments])
    _unique(top["experiments"], "salt", [each.salt for each in experiments])
    for index, experiment in enumerate(experiments):
        targets = channels.get(experiment.channel, ())
        if experiment.model not in [target.model.partition("@")[0] for target in targets]:
            what = f"the model {experiment.model!r} of the channel {experiment.channel!r}"
            top["experiments"].refuse(f"[{index}] is about {what}, which is not there")
    return Channels(
        version=top["version"].whole(1, _LARGEST),
        updated=instant(top["updated"]),
        channels=channels,
        experiments=experiments,
    )


def _channel(field: Field) -> tuple[Target, ...]:
    targets = field.all(lambda each: Target(each["model"].text(MODEL), _flag(each["downgrade"])))
    if not targets:
        field.refuse("is empty")
    _unique(field, "model", [target.model.partition("@")[0] for target in targets])
    return targets


def _experiment(field: Field) -> Experiment:
    name = field["name"].text(NAME)
    arms = field["arms"].all(_arm)
    if not 2 <= len(arms) <= _MOST_ARMS:
        field["arms"].refuse(f"lists {len(arms)} arms, 2 to {_MOST_ARMS} belong there")
    names = [arm.name for arm in arms]
    _unique(field["arms"], "arm", names)
    if len({arm.model.partition("@")[0] for arm in arms}) > 1:
        field["arms"].refuse("name more than one model; the arms of an experiment are versions of one")
    check_slots(name, arms)
    control = field["control"].text()
    if control not in names:
        field["control"].refuse(f"is {control[:80]!r}, not one of {', '.join(names)}")
    return Experiment(
        name=name,
        channel=field["channel"].text(NAME),
        salt=field["salt"].text(_SALT),
        start=instant(field["start"]),
        arms=arms,
        control=control,
        metric=metric(field["metric"]),
        alpha=field["alpha"].number(1e-6, 0.5, default=0.05),
        effects=_effects(field["effects"]),
        guardrails=field["guardrails"].all(_guardrail),
        state=field["state"].one_of((RUNNING, STOPPED)),
        reason=field["reason"].text(default=""),
    )


def _arm(field: Field) -> Arm:
    ranges = field["slots"].all(_range)
    if len(ranges) > _MOST_SLOTS:
        field["slots"].refuse(f"has {len(ranges)} ranges, {_MOST_SLOTS} at most belong there")
    arm = Arm(
        name=field["name"].text(NAME),
        model=field["model"].text(MODEL),
        slots=ranges,
        state=field["state"].one_of((RUNNING, STOPPED), default=RUNNING),
        reason=field["reason"].text(default=""),
    )
    if any(later[0] < earlier[1] for earlier, later in pairwise(ranges)):
        field["slots"].refuse("are not in ascending order, or overlap")
    if abs(field["share"].number(0, 1) - arm.share) > 1e-9:
        field["share"].refuse(f"is {field['share'].value}, but the slots make {arm.share:g}")
    return arm


def _range(field: Field) -> tuple[int, int]:
    ends = field.all(lambda end: end.whole(0, SLOTS))
    if len(ends) != 2 or ends[0] >= ends[1]:
        field.refuse("is no pair of a first slot and an end above it")
    return ends[0], ends[1]


def check_slots(experiment: str, arms: Sequence[Arm]) -> None:
    """Check that no two arms own the same slot.

    Raises:
        SharesError: Two do, or the shares are over 1.
    """
    total = sum(arm.share for arm in arms)
    if total > 1 + 1e-9:
        raise SharesError(experiment, f"they add up to {total:g}")
    owned = sorted((first, end, arm.name) for arm in arms for first, end in arm.slots)
    for (_, end, one), (first, _, other) in pairwise(owned):
        if first < end:
            raise SharesError(experiment, f"the arms {one!r} and {other!r} both own slot {first}")


def metric(field: Field) -> str:
    """Read the name of a metric."""
    found = field.text()
    name, dot, task = found.partition(".")
    if name not in METRICS or (dot and (name != "accuracy" or task not in TASKS)):
        field.refuse(f"is {found[:80]!r}, not one of {', '.join(METRICS)}, or accuracy.TASK")
    return found


def _effects(field: Field) -> dict[str, float]:
    effects = {}
    for key, value in field.members() if field.present else ():
        metric(Field(key, field.place, field.path))
        effects[key] = value.number(1e-6, 1)
    return effects


def _guardrail(field: Field) -> Guardrail:
    return Guardrail(
        metric=metric(field["metric"]),
        of=field["of"].one_of(("arm", "change")),
        direction=field["direction"].one_of(("at_least", "at_most")),
        bound=field["bound"].number(-1e9, 1e9),
    )


def instant(field: Field) -> datetime:
    """Read an instant, whole seconds of UTC."""
    found = field.text(_INSTANT)
    try:
        return datetime.strptime(found, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        field.refuse(f"is {found!r}, no instant of the calendar")


def _flag(field: Field) -> bool:
    if not field.present:
        return False
    if not isinstance(field.value, bool):
        field.refuse("is not true or false")
    return field.value


def _unique(field: Field, what: str, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            field.refuse(f"has the {what} {name!r} twice")
