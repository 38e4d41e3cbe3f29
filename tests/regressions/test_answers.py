"""The shipped bundle keeps every obvious answer that it gets right; what it gets wrong is written down."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.regressions.renew import (
    FILE,
    Wrong,
    known_wrong,
    name_of,
    read,
    renew,
    right_answers,
    shipped,
    write,
    wrong_answers,
)

from edgewise import Analyzer
from edgewise.labels import LABELS, TASKS

RENEW = "If that is meant: .venv/bin/python -m tests.regressions.renew"
LEAST_RIGHT = {"language": 0.95, "sentiment": 0.7, "toxicity": 0.85, "emotion": 0.7}
"""Shares that a bundle must get right for its mistakes to be written down at all."""

LEAST_ASKED = {"language": 300, "sentiment": 200, "toxicity": 200, "emotion": 50}
"""Answers that the file holds of each task."""


@pytest.fixture(scope="module")
def analyzer() -> Iterator[Analyzer]:
    with shipped() as own:
        yield own


@pytest.fixture(scope="module")
def wrong(analyzer: Analyzer) -> dict[Wrong, str]:
    return wrong_answers(analyzer, read())


def test_the_mistakes_written_down_are_those_of_this_bundle(analyzer: Analyzer) -> None:
    assert read()["known_wrong"]["bundle"] == name_of(analyzer), RENEW


def test_what_was_right_is_still_right(wrong: dict[Wrong, str]) -> None:
    lost = sorted(set(wrong) - known_wrong(read()))
    assert not lost, "\n".join(["Wrong now:", *(f"{key} (given: {wrong[key]})" for key in lost), RENEW])


def test_what_got_right_is_told(wrong: dict[Wrong, str]) -> None:
    won = sorted(known_wrong(read()) - set(wrong))
    assert not won, "\n".join(["Right now, and so no longer known to be wrong:", *map(str, won), RENEW])


@pytest.mark.parametrize("task", TASKS)
def test_most_answers_are_right_before_any_mistake_is_excused(task: str, wrong: dict[Wrong, str]) -> None:
    asked = [key for key in right_answers(read()) if key.task == task]
    assert 1 - sum(key in wrong for key in asked) / len(asked) >= LEAST_RIGHT[task]


def test_the_sentences_are_sound() -> None:
    sentences = read()["sentences"]
    assert len(sentences) >= 300
    assert [text for text, n in Counter(entry["text"] for entry in sentences).items() if n > 1] == []
    assert all(entry.keys() <= {"text", *TASKS} and len(entry) > 1 for entry in sentences)
    assert len({entry["language"] for entry in sentences}) >= 60
    allowed = {**LABELS, "toxicity": ("toxic", "non-toxic")}
    right = right_answers(read())
    assert {
        (key.task, label) for key, label in right.items() if label not in allowed.get(key.task, (label,))
    } == set()
    asked = Counter(key.task for key in right)
    assert all(asked[task] >= least for task, least in LEAST_ASKED.items())


class Always:
    """Says "positive" of every sentiment but that of some texts, and is right about nothing else."""

    def __init__(self, but: dict[str, str]) -> None:
        self.but = but

    def analyze_batch(self, texts: Sequence[str], *, tasks: Sequence[str]) -> Sequence[Any]:
        (task,) = tasks
        labels = [self.but.get(text, "positive") for text in texts]
        return [SimpleNamespace(**{task: SimpleNamespace(label=label)}) for label in labels]


def test_renewing_writes_the_mistakes_down_and_keeps_the_sentences(tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    made = {
        "format": 1,
        "about": "made",
        "known_wrong": {"bundle": "", "answers": []},
        "sentences": [
            {"text": "lovely", "sentiment": "positive"},
            {"text": "awful", "sentiment": "negative", "toxicity": "non-toxic"},
        ],
    }
    path.write_text(json.dumps(made), encoding="utf-8")
    told = renew(Always({}), "tiny 1.0.0", path)
    assert told.startswith("tiny 1.0.0: 1 of 3 answers are right; before, 3 were.")
    assert "lost  sentiment: awful (given: positive)" in told
    found = read(path)
    assert found["sentences"] == made["sentences"]
    assert found["known_wrong"] == {
        "bundle": "tiny 1.0.0",
        "answers": [
            {"task": "sentiment", "text": "awful", "right": "negative", "given": "positive"},
            {"task": "toxicity", "text": "awful", "right": "non-toxic", "given": "positive"},
        ],
    }
    told = renew(Always({"lovely": "neutral", "awful": "negative"}), "tiny 2.0.0", path)
    assert "lost  sentiment: lovely (given: neutral)" in told
    assert "won   sentiment: awful" in told
    assert known_wrong(read(path)) == {Wrong("sentiment", "lovely"), Wrong("toxicity", "awful")}


def test_the_file_is_laid_out_as_renewing_lays_it_out(tmp_path: Path) -> None:
    copy, raw = tmp_path / "answers.json", read()
    known = {Wrong(one["task"], one["text"]): one["given"] for one in raw["known_wrong"]["answers"]}
    write(copy, raw, raw["known_wrong"]["bundle"], known)
    assert copy.read_text(encoding="utf-8") == FILE.read_text(encoding="utf-8")
