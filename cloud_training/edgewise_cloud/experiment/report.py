"""How an experiment stands, as text for people."""

from __future__ import annotations

from edgewise.cli.show import table
from edgewise.updates.channels_document import RUNNING
from edgewise_cloud.experiment.judging import Comparison, Status
from edgewise_cloud.experiment.metrics import Figure, kind_of
from edgewise_cloud.experiment.records import Seen
from edgewise_cloud.experiment.sequential import MIN_DEVICES
from edgewise_cloud.experiment.split import ALARM


def as_text(status: Status) -> str:
    """Return a status as a few tables."""
    experiment = status.experiment
    why = f" ({experiment.reason})" if experiment.reason else ""
    sure = f"{1 - experiment.alpha:.0%}"
    parts = [
        f"{experiment.name} on {experiment.channel}: {experiment.state}{why}. "
        f"Decided by {experiment.metric}, control {experiment.control}, "
        f"intervals {sure} however often they are looked at.",
        _arms(status),
        _comparisons(status),
    ]
    if status.guardrails:
        parts.append(_guardrails(status))
    parts += [_verdict(status), _split(status), _seen(status.seen)]
    return "\n\n".join(part for part in parts if part)


def _arms(status: Status) -> str:
    metrics = [
        metric
        for metric in status.arms[0].figures
        if any(arm.figures[metric] is not None for arm in status.arms)
    ]
    head = ["arm", "model", "share", "state", "devices", *metrics]
    rows = [
        [
            arm.name,
            arm.model,
            f"{arm.share:.2%}",
            arm.state,
            f"{arm.devices:,}",
            *(_own(metric, arm.figures[metric]) for metric in metrics),
        ]
        for arm in status.arms
    ]
    return table(head, rows, right=["share", "devices"])


def _comparisons(status: Status) -> str:
    told = [each for each in status.comparisons if each.change is not None]
    if not told:
        return ""
    rows = [
        [
            each.arm,
            each.metric + (" *" if each.decides else ""),
            _change(each.metric, each.change),
            "" if each.p == 1 else f"{each.p:.2g}",
            each.verdict,
        ]
        for each in told
    ]
    return table(["against the control", "metric", "change", "p", "verdict"], rows, right=["p"])


def _guardrails(status: Status) -> str:
    rows = []
    for each in status.guardrails:
        rail = each.guardrail
        say = _change if rail.of == "change" else _own
        rows.append([each.arm, str(rail), say(rail.metric, each.figure), each.state])
    return table(["arm", "guardrail", "measured", "state"], rows)


def _verdict(status: Status) -> str:
    deciding = [each for each in status.comparisons if each.decides]
    return "\n".join(_sentence(status, each) for each in deciding)


def _sentence(status: Status, each: Comparison) -> str:
    if each.arm in status.crossed:
        return f"{each.arm}: {status.crossed[each.arm]}."
    arm = status.experiment.arm(each.arm)
    if arm.state != RUNNING:
        return f"{each.arm}: stopped{f' ({arm.reason})' if arm.reason else ''}."
    return {
        "better": f"{each.arm}: better than the control; `edgewise experiment promote` makes it champion.",
        "worse": f"{each.arm}: worse than the control; `edgewise experiment stop` ends it.",
        "open": f"{each.arm}: no difference has been shown yet, which is not the same as none.",
    }.get(each.verdict, f"{each.arm}: too few devices reported; {MIN_DEVICES} on each side are needed.")


def _split(status: Status) -> str:
    if status.split >= ALARM:
        return ""
    return (
        f"The devices that reported are not split as the shares say (p {status.split:.1g}): an arm keeps its "
        "devices from reporting, or the shares were changed against each other. Find out which before you "
        "trust a comparison."
    )


def _seen(seen: Seen) -> str:
    notes = {
        "broken": f"{seen.broken:,} are no records ({seen.first_broken})",
        "twice": f"{seen.twice:,} had come before",
        "elsewhere": f"{seen.elsewhere:,} are of other experiments",
        "unknown_arm": f"{seen.unknown_arm:,} name an arm that is not there",
        "switched": f"{seen.switched:,} devices changed their arm and are left out",
        "clock_off": f"{seen.clock_off:,} come from clocks that are off, and count",
    }
    told = [text for name, text in notes.items() if getattr(seen, name)]
    return f"{seen.used:,} of {seen.lines:,} lines are used{': ' if told else ''}{'; '.join(told)}."


def _own(metric: str, figure: Figure | None) -> str:
    if figure is None:
        return ""
    if kind_of(metric).share:
        return f"{figure.value:.2%} [{figure.low:.2%}, {figure.high:.2%}]"
    return f"{figure.value:.2f} [{figure.low:.2f}, {figure.high:.2f}]"


def _change(metric: str, figure: Figure | None) -> str:
    if figure is None:
        return ""
    unit = " points" if kind_of(metric).share else " %"
    low, value, high = (f"{100 * each:+.2f}" for each in (figure.low, figure.value, figure.high))
    return f"{value} [{low}, {high}]{unit}"
