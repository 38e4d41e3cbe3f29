"""The fourth contract: a feedback event carries model, version and arm of the answer, and never a text."""

import json
import pickle
from dataclasses import FrozenInstanceError, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.errors import EdgewiseError
from edgewise.feedback import Consent, FeedbackError, FeedbackEvent, parse_event
from edgewise.results import Analysis, Prediction
from edgewise.updates.device_id import device_id
from edgewise_cloud.experiment.records import BadRecordError, parse_record

DOCS = Path(__file__).parents[3] / "docs"
THEN = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
DEVICE = "0123456789abcdef" * 2

GOLDEN = {
    "format_version": 1,
    "kind": "feedback",
    "id": "f" * 32,
    "time": "2026-11-23T06:00:00Z",
    "device": DEVICE,
    "model": "base@1.1.0",
    "language": "en",
    "task": "toxicity",
    "predicted": "toxic",
    "score": 0.93,
    "actual": "non-toxic",
    "experiment": "tone",
    "arm": "challenger",
    "consent": {"wording": "2026-11", "given": "2026-11-01T00:00:00Z", "covers": ["labels"]},
}
"""How an event of format 1 is written, for ever."""


def answer(arm: str | None = "tone/challenger") -> Analysis:
    def said(label: str, score: float) -> Prediction:
        return Prediction(label, score, {label: score}, 0.5, unsure=False)

    return Analysis(
        text_hash="2cf24dba5fb0a30e",
        language=said("en", 0.99),
        sentiment=None,
        toxicity=said("toxic", 0.93),
        emotion=None,
        model="base@1.1.0",
        backend="none",
        latency_ms=1.0,
        truncated=False,
        spans=(),
        unsure=False,
        arm=arm,
    )


def test_an_event_carries_model_version_and_arm_and_is_written_as_ever() -> None:
    consent = Consent("2026-11", datetime(2026, 11, 1, tzinfo=UTC), ("labels",))
    event = FeedbackEvent.of(answer(), "toxicity", "non-toxic", consent=consent, device=DEVICE, now=THEN)
    event = replace(event, id="f" * 32)
    assert event.arm == "tone/challenger"
    assert event.to_dict() == GOLDEN
    assert parse_event(json.loads(event.to_json())) == event
    assert pickle.loads(pickle.dumps(event)) == event
    with pytest.raises(FrozenInstanceError):
        event.arm = None  # type: ignore[misc]
    assert "2cf24dba5fb0a30e" not in event.to_json()  # a hash finds a text again that can be guessed


def test_the_cloud_counts_it_for_its_arm_and_passes_over_one_of_no_arm() -> None:
    record = parse_record(GOLDEN)
    assert (record.experiment, record.arm, record.device) == ("tone", "challenger", DEVICE)
    assert record.counts == {"accuracy": (0.0, 1.0), "accuracy.toxicity": (0.0, 1.0)}
    plain = FeedbackEvent.of(answer(None), "toxicity", "toxic", device=DEVICE).to_dict()
    assert not {"experiment", "arm", "consent"} & plain.keys()
    assert parse_record(plain).experiment == ""
    with pytest.raises(BadRecordError, match="experiment"):
        parse_record({**plain, "arm": "challenger"})


def test_the_device_s_own_id_is_taken_and_every_event_has_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEWISE_STORE", str(tmp_path))
    one, other = (FeedbackEvent.of(answer(), "language", "de") for _ in range(2))
    assert one.device == other.device == device_id().value
    assert one.id != other.id
    assert one.time.tzinfo is UTC


@pytest.mark.parametrize(
    ("task", "actual"),
    [("sentiment", "positive"), ("mood", "joy"), ("toxicity", "insult"), ("language", "English")],
)
def test_what_was_not_answered_or_is_no_label_is_named(task: str, actual: str) -> None:
    with pytest.raises(FeedbackError, match=r"This is no feedback: (task|actual) is .* Give .*\.") as caught:
        FeedbackEvent.of(answer(), task, actual, device=DEVICE)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format_version", 2),
        ("format_version", True),
        ("kind", "metrics"),
        ("device", "me"),
        ("model", "base"),
        ("arm", None),
        ("arm", "a/b"),
        ("experiment", 7),
        ("score", "0.5"),
        ("score", 2),
        ("time", "2026-11-23T06:00:00"),
        ("time", 7),
        ("predicted", "insult"),
        ("actual", None),
        ("language", "English"),
        ("consent", {"wording": "2026-11"}),
        ("consent", {"wording": "2026-11", "given": "now", "covers": []}),
        ("consent", {"wording": "2026-11", "given": "2026-11-01T00:00:00Z", "covers": [7]}),
    ],
)
def test_what_is_no_event_is_named(field: str, value: object) -> None:
    with pytest.raises(FeedbackError, match=field.split("_")[0]) as caught:
        parse_event({**GOLDEN, field: value})
    assert str(pickle.loads(pickle.dumps(caught.value)).args[0]) == str(caught.value)


ANY: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.sampled_from([*GOLDEN, "unknown"]), ANY)
def test_any_value_in_any_field_is_an_event_or_refused(field: str, value: Any) -> None:
    try:
        event = parse_event({**GOLDEN, field: value})
    except EdgewiseError:
        return
    assert parse_event(event.to_dict()).to_dict() == event.to_dict()


def test_the_page_names_every_field() -> None:
    page = (DOCS / "feedback.md").read_text(encoding="utf-8")
    names = {field.name for kind in (FeedbackEvent, Consent) for field in fields(kind)} | GOLDEN.keys()
    assert {name for name in names if f"`{name}`" not in page} == set()
