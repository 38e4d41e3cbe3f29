"""A feedback event: what was predicted, what a person says it is, and which model and arm predicted it.

Format version 1 holds no text and nothing made of one. docs/feedback.md tells every field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from edgewise.feedback.errors import FeedbackError
from edgewise.labels import LABELS, TASKS
from edgewise.results import Analysis, Prediction
from edgewise.updates.arms import split_arm
from edgewise.updates.device_id import device_id

FORMAT_VERSION = 1
"""The format that is written and read here."""

KIND = "feedback"
"""Tells it from other records of a device."""

_TOXICITY = ("toxic", "non-toxic")
_MODEL = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}@\S{1,64}", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9._:-]{1,80}", re.ASCII)
_DEVICE = re.compile(r"[0-9a-f]{32}", re.ASCII)
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,8})?", re.ASCII)
_WORD = re.compile(r"\S.{0,63}")


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person agreed to.

    Attributes:
        wording: Which wording was shown, such as `2026-11`.
        given: When, in UTC.
        covers: What it covers, such as `("labels",)`.
    """

    wording: str
    given: datetime
    covers: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {"wording": self.wording, "given": _instant(self.given), "covers": list(self.covers)}


@dataclass(frozen=True, slots=True)
class FeedbackEvent:
    """A person's word on one answer.

    Attributes:
        id: Its own random id: an event that comes twice counts once.
        time: When, by the device's clock, in UTC.
        device: The device's random id, 32 hex digits; see `edgewise.updates.device_id`.
        model: Name and version of the model that predicted.
        arm: `experiment/arm` when an experiment chose the model, otherwise None.
        language: The language that the text was taken for.
        task: What it is about.
        predicted: The label that was predicted.
        score: Its probability.
        actual: The label that the person says is right.
        consent: What the person agreed to; None when nobody was asked: then it stays on the device.
    """

    id: str
    time: datetime
    device: str
    model: str
    arm: str | None
    language: str
    task: str
    predicted: str
    score: float
    actual: str
    consent: Consent | None = None

    @classmethod
    def of(
        cls,
        answer: Analysis,
        task: str,
        actual: str,
        *,
        consent: Consent | None = None,
        device: str | None = None,
        now: datetime | None = None,
    ) -> FeedbackEvent:
        """Make the event of an answer; model, version and arm are those of the answer.

        Args:
            answer: What `analyze` returned.
            task: The task that the person corrects or confirms.
            actual: The label that is right: for toxicity `toxic` or `non-toxic`.
            consent: What the person agreed to.
            device: The device's id; None for this device's own.
            now: The time; None for the clock's.

        Raises:
            FeedbackError: The answer has no such task, or the task no such label.
        """
        prediction: Prediction | None = getattr(answer, task) if task in TASKS else None
        if prediction is None:
            there = [each for each in TASKS if getattr(answer, each) is not None]
            raise FeedbackError("task", task, f"one that was answered: {', '.join(there)}")
        _check_label("actual", task, actual)
        return cls(
            id=uuid4().hex,
            time=(now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0),
            device=device if device is not None else device_id().value,
            model=answer.model,
            arm=answer.arm,
            language=answer.language.label,
            task=task,
            predicted=prediction.label,
            score=float(prediction.score),
            actual=actual,
            consent=consent,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values; `experiment`, `arm` and `consent` are there only when there are some."""
        found: dict[str, Any] = {
            "format_version": FORMAT_VERSION,
            "kind": KIND,
            "id": self.id,
            "time": _instant(self.time),
            "device": self.device,
            "model": self.model,
            "language": self.language,
            "task": self.task,
            "predicted": self.predicted,
            "score": round(self.score, 6),
            "actual": self.actual,
        }
        if self.arm is not None:
            found["experiment"], found["arm"] = split_arm(self.arm)
        if self.consent is not None:
            found["consent"] = self.consent.to_dict()
        return found

    def to_json(self) -> str:
        """Return one line of JSON, as a file of records holds it."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)


def parse_event(row: Mapping[str, Any]) -> FeedbackEvent:
    """Read what `to_dict` wrote; fields that are not known are passed over.

    Raises:
        FeedbackError: It is no feedback of this format; the message names the field.
    """
    if row.get("format_version") != FORMAT_VERSION or isinstance(row["format_version"], bool):
        raise FeedbackError("format_version", row.get("format_version"), str(FORMAT_VERSION))
    if row.get("kind") != KIND:
        raise FeedbackError("kind", row.get("kind"), KIND)
    if (task := row.get("task")) not in TASKS:
        raise FeedbackError("task", task, f"one of {', '.join(TASKS)}")
    score = row.get("score")
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:
        raise FeedbackError("score", score, "a number from 0 to 1")
    return FeedbackEvent(
        id=_text(row, "id", _ID),
        time=_time("time", row.get("time")),
        device=_text(row, "device", _DEVICE),
        model=_text(row, "model", _MODEL),
        arm=_arm(row),
        language=_text(row, "language", _LANGUAGE),
        task=str(task),
        predicted=_check_label("predicted", str(task), row.get("predicted")),
        score=float(score),
        actual=_check_label("actual", str(task), row.get("actual")),
        consent=_consent(row.get("consent")),
    )


def _check_label(field: str, task: str, label: object) -> str:
    if task == "language":
        if isinstance(label, str) and _LANGUAGE.fullmatch(label):
            return label
        raise FeedbackError(field, label, "a language code such as 'en'")
    known = _TOXICITY if task == "toxicity" else LABELS[task]
    if not isinstance(label, str) or label not in known:
        raise FeedbackError(field, label, " or ".join(known))
    return label


def _arm(row: Mapping[str, Any]) -> str | None:
    both = row.get("experiment"), row.get("arm")
    if both == (None, None):
        return None
    if not all(isinstance(each, str) and _NAME.fullmatch(each) for each in both):
        raise FeedbackError("arm", both, "the names of an experiment and an arm, or neither")
    return f"{both[0]}/{both[1]}"


def _consent(value: object) -> Consent | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or not isinstance(value.get("covers"), list):
        raise FeedbackError("consent", value, "wording, given and covers")
    covers = value["covers"]
    if not all(isinstance(each, str) and _WORD.fullmatch(each) for each in covers):
        raise FeedbackError("consent.covers", covers, "a list of words")
    return Consent(_text(value, "wording", _WORD), _time("consent.given", value.get("given")), tuple(covers))


def _text(row: Mapping[str, Any], field: str, pattern: re.Pattern[str]) -> str:
    value = row.get(field)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise FeedbackError(field, value, "what docs/feedback.md says")
    return value


def _time(field: str, value: object) -> datetime:
    try:
        found = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise FeedbackError(field, value, "an instant such as 2026-11-23T06:00:00Z")
    return found.astimezone(UTC)


def _instant(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
