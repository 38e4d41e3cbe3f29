"""What devices report of an experiment: feedback, and counts of calls. Read, checked, added up by device.

Format version 1; docs/experiments.md tells every field. A line that is no record is counted and passed over,
as one broken device must not stop the others from being heard.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from edgewise.labels import TASKS

FORMAT_VERSION = 1
"""The format of records that is read here."""

FEEDBACK, METRICS = "feedback", "metrics"
"""Kinds of records."""

_ID = re.compile(r"[A-Za-z0-9._:-]{1,80}")
_DEVICE = re.compile(r"[0-9a-f]{32}")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_MOST = 1e12


class BadRecordError(ValueError):
    """A line is no record; the message says why."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record of one device.

    Attributes:
        id: Its own id: a record that comes twice is counted once.
        experiment: The experiment; empty for none.
        arm: The arm that the device was in; empty for none.
        device: The device's id.
        time: When it was written by the device's clock, in UTC; None when it does not say.
        counts: By metric, an amount and what it is of: `{"error_rate": (2, 100)}`.
    """

    id: str
    experiment: str
    arm: str
    device: str
    time: datetime | None
    counts: Mapping[str, tuple[float, float]]


def parse_record(row: Mapping[str, Any]) -> Record:
    """Check a record.

    Args:
        row: Its fields; numbers may be written as text, as CSV has them, and empty text counts as nothing.

    Raises:
        BadRecordError: It is none; the message names the field.
    """
    if _whole(row, "format_version") != FORMAT_VERSION:
        raise BadRecordError(f"format_version is not {FORMAT_VERSION}")
    kind = row.get("kind")
    if kind not in (FEEDBACK, METRICS):
        raise BadRecordError("kind is neither feedback nor metrics")
    # Feedback of a device that is in no experiment is a record, too.
    alone = kind == FEEDBACK and row.get("experiment") in (None, "") and row.get("arm") in (None, "")
    return Record(
        id=_text(row, "id", _ID),
        experiment="" if alone else _text(row, "experiment", _NAME),
        arm="" if alone else _text(row, "arm", _NAME),
        device=_text(row, "device", _DEVICE),
        time=_time(row.get("time")),
        counts=_feedback(row) if kind == FEEDBACK else _metrics(row),
    )


def _feedback(row: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    task = row.get("task")
    if task not in TASKS:
        raise BadRecordError(f"task is not one of {', '.join(TASKS)}")
    right = float(_text(row, "predicted", _LABEL) == _text(row, "actual", _LABEL))
    return {"accuracy": (right, 1.0), f"accuracy.{task}": (right, 1.0)}


_LABEL = re.compile(r"\S.{0,63}")


def _metrics(row: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    calls, errors = _whole(row, "calls", 0), _whole(row, "errors", 0)
    compared, agreed = _whole(row, "compared", 0), _whole(row, "agreed", 0)
    latency = _number(row, "latency_ms", 0.0)
    if errors > calls or agreed > compared:
        raise BadRecordError("errors are more than calls, or agreed more than compared")
    if latency > 0 and errors == calls:
        raise BadRecordError("latency_ms is there without a call that answered")
    found = {}
    if calls:
        found["error_rate"] = (errors, calls)
    if latency > 0:
        found["latency_ms"] = (latency, calls - errors)
    if compared:
        found["agreement"] = (agreed, compared)
    if not found:
        raise BadRecordError("it counts nothing")
    return found


def _text(row: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise BadRecordError(f"{name} is missing or does not look as it must")
    return value


def _number(row: Mapping[str, Any], name: str, default: float | None = None) -> float:
    value = row.get(name)
    if value in (None, "") and default is not None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise BadRecordError(f"{name} is no number")
    try:
        found = float(value)
    except (ValueError, OverflowError):
        raise BadRecordError(f"{name} is no number") from None
    if not 0 <= found <= _MOST:
        raise BadRecordError(f"{name} is not from 0 to {_MOST:g}")
    return found


def _whole(row: Mapping[str, Any], name: str, default: float | None = None) -> float:
    found = _number(row, name, default)
    if found != int(found):
        raise BadRecordError(f"{name} is no whole number")
    return found


def _time(value: object) -> datetime | None:
    if value in (None, ""):
        return None
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    try:
        found = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise BadRecordError("time is no instant as 2026-11-23T06:00:00Z") from None
    if found.tzinfo is None:
        raise BadRecordError("time has no zone")
    return found


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of the lines that were read.

    Attributes:
        lines: All of them.
        used: Records of the experiment.
        broken: Lines that are no record.
        first_broken: What is wrong with the first of them, and where; empty if there is none.
        twice: Records whose id had come before.
        elsewhere: Records of other experiments, or of none.
        unknown_arm: Records of arms that the experiment does not have.
        switched: Devices that reported from more than one arm; none of their records count.
        clock_off: Used records whose time lies before the start or in the future: their clocks are wrong, and
            they count, because nothing but this remark depends on the time.
    """

    lines: int = 0
    used: int = 0
    broken: int = 0
    first_broken: str = ""
    twice: int = 0
    elsewhere: int = 0
    unknown_arm: int = 0
    switched: int = 0
    clock_off: int = 0


Row = tuple[str, Mapping[str, Any] | None]
"""Where a line stands, and its fields; None when it cannot be read at all."""

Sums = dict[str, dict[str, list[float]]]
"""By metric and device, an amount and what it is of."""


@dataclass(frozen=True)
class Tally:
    """Records of one experiment, added up.

    Attributes:
        arms: Sums by arm.
        seen: What became of the lines.
    """

    arms: Mapping[str, Sums]
    seen: Seen

    def devices(self, arm: str) -> int:
        """Return how many devices reported from an arm."""
        return len({device for sums in self.arms[arm].values() for device in sums})


def add_up(
    rows: Iterable[Row], experiment: str, arms: Iterable[str], start: datetime, now: datetime
) -> Tally:
    """Add records up by arm, metric and device.

    Args:
        rows: Lines, from `edgewise_cloud.experiment.files.read_rows`.
        experiment: The experiment whose records count.
        arms: Its arms.
        start: When it began.
        now: The time.
    """
    found: dict[str, Sums] = {arm: {} for arm in arms}
    home: dict[str, str] = {}
    switched: set[str] = set()
    ids: set[str] = set()
    counted = dict.fromkeys(("lines", "used", "broken", "twice", "elsewhere", "unknown_arm", "clock_off"), 0)
    first_broken = ""
    day = timedelta(days=1)
    for place, row in rows:
        counted["lines"] += 1
        try:
            if row is None:
                raise BadRecordError("it cannot be read")
            record = parse_record(row)
        except BadRecordError as error:
            counted["broken"] += 1
            first_broken = first_broken or f"{place}: {error}"
            continue
        fate = _fate(record, experiment, found, ids)
        counted[fate] += 1
        ids.add(record.id)
        if fate != "used":
            continue
        if home.setdefault(record.device, record.arm) != record.arm:
            switched.add(record.device)
        if record.time is not None and not start - day <= record.time <= now + day:
            counted["clock_off"] += 1
        _add(found[record.arm], record)
    _forget(found, switched)
    return Tally(found, Seen(**counted, first_broken=first_broken, switched=len(switched)))


def _add(sums: Sums, record: Record) -> None:
    for metric, (amount, of) in record.counts.items():
        both = sums.setdefault(metric, {}).setdefault(record.device, [0.0, 0.0])
        both[0] += amount
        both[1] += of


def _forget(arms: Mapping[str, Sums], devices: set[str]) -> None:
    for sums in arms.values():
        for by_device in sums.values():
            for device in devices & by_device.keys():
                del by_device[device]


def _fate(record: Record, experiment: str, arms: Mapping[str, Sums], ids: set[str]) -> str:
    if record.id in ids:
        return "twice"
    if record.experiment != experiment:
        return "elsewhere"
    return "used" if record.arm in arms else "unknown_arm"
