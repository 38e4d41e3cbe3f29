"""Results: what they say as JSON, as text, and under what name they keep a text."""

import dataclasses
import hashlib
import json
import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.results import Analysis, Prediction, Span, hash_text

LANGUAGE = Prediction("en", 0.99, {"en": 0.99, "und": 0.01}, 0.5, unsure=False, labels=("en",))
SENTIMENT = Prediction(
    "positive", 0.375, {"positive": 0.375, "negative": 0.25}, 0.4, unsure=True, labels=("positive",)
)
TOXICITY = Prediction(
    "toxic",
    0.93,
    {"toxicity": 0.93, "insult": 0.88, "threat": 0.02},
    0.5,
    unsure=False,
    labels=("toxicity", "insult"),
)
ANALYSIS = Analysis(
    text_hash=hash_text("you legend"),
    language=LANGUAGE,
    sentiment=SENTIMENT,
    toxicity=TOXICITY,
    emotion=None,
    model="tiny 0.1.0",
    backend="onnxruntime",
    latency_ms=0.75,
    truncated=False,
    spans=(Span(4, 10, "legend", "sentiment", "positive", 0.31),),
    unsure=True,
)

GOLDEN = {
    "text_hash": "5cbd839dce31bba0",
    "language": {
        "label": "en",
        "score": 0.99,
        "scores": {"en": 0.99, "und": 0.01},
        "threshold": 0.5,
        "unsure": False,
        "labels": ["en"],
    },
    "sentiment": {
        "label": "positive",
        "score": 0.375,
        "scores": {"positive": 0.375, "negative": 0.25},
        "threshold": 0.4,
        "unsure": True,
        "labels": ["positive"],
    },
    "toxicity": {
        "label": "toxic",
        "score": 0.93,
        "scores": {"toxicity": 0.93, "insult": 0.88, "threat": 0.02},
        "threshold": 0.5,
        "unsure": False,
        "labels": ["toxicity", "insult"],
    },
    "emotion": None,
    "model": "tiny 0.1.0",
    "backend": "onnxruntime",
    "latency_ms": 0.75,
    "truncated": False,
    "spans": [
        {"start": 4, "end": 10, "text": "legend", "task": "sentiment", "label": "positive", "weight": 0.31}
    ],
    "unsure": True,
}
"""The JSON of the command line and of the service, pinned: others read it."""


def test_the_json_is_the_contract() -> None:
    assert ANALYSIS.to_dict() == GOLDEN
    assert list(ANALYSIS.to_dict()) == list(GOLDEN)
    assert json.loads(json.dumps(ANALYSIS.to_dict(), allow_nan=False)) == GOLDEN


def test_numpy_values_become_plain_json() -> None:
    score = np.float32(0.5)
    prediction = Prediction("en", score, {"en": score}, score, np.bool_(True), ("en",))
    span = Span(np.int64(0), np.int64(2), "hi", "language", "en", score)
    analysis = replace(
        ANALYSIS, language=prediction, spans=(span,), latency_ms=np.float64(1), truncated=np.bool_(False)
    )
    said = json.loads(json.dumps(analysis.to_dict()))
    assert said["language"] == {
        "label": "en",
        "score": 0.5,
        "scores": {"en": 0.5},
        "threshold": 0.5,
        "unsure": True,
        "labels": ["en"],
    }
    assert said["spans"][0]["weight"] == 0.5


def test_people_read_one_aligned_line_a_task() -> None:
    assert str(ANALYSIS).splitlines() == [
        "language   en 0.99",
        "sentiment  positive 0.38  unsure",
        "toxicity   toxic 0.93 (insult 0.88)",
        "because    'legend' +0.31 positive",
        "model      tiny 0.1.0, onnxruntime, 0.8 ms",
    ]


def test_people_are_told_that_a_part_was_left_out() -> None:
    assert "left out" in str(replace(ANALYSIS, truncated=True))
    assert "left out" not in str(ANALYSIS)


def test_a_comment_that_is_not_toxic_may_still_have_an_attribute() -> None:
    mild = replace(
        TOXICITY,
        label="non-toxic",
        score=0.3,
        scores={"toxicity": 0.3, "profanity": 0.8},
        labels=("profanity",),
    )
    assert str(mild) == "non-toxic 0.30 (profanity 0.80)"


def test_results_are_frozen_and_travel_between_processes() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        ANALYSIS.model = "another"  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(ANALYSIS)) == ANALYSIS


def test_the_hash_is_the_start_of_the_sha256_of_the_text() -> None:
    assert hash_text("größer 更大") == hashlib.sha256("größer 更大".encode()).hexdigest()[:16]


@given(st.text(st.characters(), max_size=20), st.text(st.characters(), max_size=20))
def test_any_text_has_a_hash_of_its_own_even_with_lone_surrogates(one: str, other: str) -> None:
    assert (hash_text(one) == hash_text(other)) == (one == other)
    assert len(hash_text(one + "\ud800")) == 16


@pytest.mark.parametrize(
    "module",
    ["edgewise.results", "edgewise.errors", "edgewise.labels", "edgewise.bundle", "edgewise_runtimes"],
)
def test_the_contracts_import_without_numpy_and_backends(module: str) -> None:
    heavy = {"numpy", "onnxruntime", "asyncio", "jsonschema"}
    code = f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
