"""What teachers say of training rows: who is asked, what is kept, and that nothing is asked twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra 'train'")

from edgewise.labels import LABELS
from edgewise_cloud.catalogue import Examples
from edgewise_cloud.teacher.rows import unlabelled
from edgewise_cloud.train import soft
from edgewise_cloud.train.soft import WIDTH, mean_of, soft_labels, spread_rows
from edgewise_cloud.train.work_folder import WorkFileError


class FakeTeacher:
    """Says how long a text is, of sentiment alone; remembers what it was asked."""

    name = "fake"

    def __init__(self, *languages: str) -> None:
        self.languages = languages or ("en",)
        self.tasks: dict[str, Any] = {}
        self.asked: list[str] = []

    def knows(self, language: str, task: str) -> bool:
        return language in self.languages and task != "emotion"

    def probabilities(self, texts: Sequence[str], languages: Sequence[str]) -> dict[str, Any]:
        assert len(texts) == len(languages)
        self.asked.extend(texts)
        column = np.array([[len(text) / 100, 0.5, 0.25] for text in texts], np.float32)
        return {"sentiment": column}


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeTeacher:
    made = FakeTeacher()
    monkeypatch.setattr(soft, "open_teacher", lambda folder: made)
    return made


def rows() -> Examples:
    return unlabelled(["good", "gut", "better", "best of all"], ["en", "de", "en", "en"], "sentiment/en_sst")


def test_only_english_rows_are_asked_about(fake: FakeTeacher, tmp_path: Path) -> None:
    found = soft_labels(("t",), rows(), tmp_path, most=10, seed=1)
    assert found.shape == (4, WIDTH)
    assert found[[0, 2, 3], 0].tolist() == pytest.approx([0.04, 0.06, 0.11], abs=1e-3)
    assert np.isnan(found[1]).all()
    assert np.isnan(found[:, 3:]).all(), "tasks that the teacher lacks are masked"


def test_each_is_asked_about_its_languages_and_where_several_know_the_mean_counts() -> None:
    both, german = FakeTeacher("en", "de"), FakeTeacher("de")
    german.tasks = {"toxicity": {"thresholds": {"default": {}}}}
    found = mean_of([both, german], ["gut", "good!", "bon"], ["de", "en", "fr"])
    assert german.asked == ["gut"]
    assert both.asked == ["gut", "good!"]
    assert found[:2, 0].tolist() == pytest.approx([0.03, 0.05], abs=1e-3)
    assert np.isnan(found[2]).all()


def test_of_a_translation_the_english_sentence_is_asked_about(fake: FakeTeacher, tmp_path: Path) -> None:
    asked = replace(rows(), texts=["good", "best of all", "better", "best of all"], langs=["en"] * 4)
    found = soft_labels(("t",), asked, tmp_path, most=10, seed=1)
    assert found[1, 0] == pytest.approx(0.11, abs=1e-3)


def test_at_most_so_many_rows(fake: FakeTeacher, tmp_path: Path) -> None:
    found = soft_labels(("t",), rows(), tmp_path, most=2, seed=1)
    assert (~np.isnan(found[:, 0])).sum() == 2


def test_a_killed_run_asks_only_about_the_rest(
    fake: FakeTeacher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soft, "_CHUNK", 1)
    whole = soft_labels(("t",), rows(), tmp_path, most=10, seed=1)
    part = whole.copy()
    part[2:] = np.nan
    np.save(tmp_path / "soft.npy", part)
    fake.asked.clear()
    again = soft_labels(("t",), rows(), tmp_path, most=10, seed=1)
    assert fake.asked == ["better", "best of all"]
    assert np.array_equal(whole, again, equal_nan=True)


def test_answers_about_other_rows_are_refused(fake: FakeTeacher, tmp_path: Path) -> None:
    np.save(tmp_path / "soft.npy", np.zeros((3, WIDTH), np.float16))
    with pytest.raises(WorkFileError, match=r"soft\.npy"):
        soft_labels(("t",), rows(), tmp_path, most=10, seed=1)


def test_small_sets_are_asked_about_whole_and_large_ones_equally() -> None:
    texts = [f"text {row}" for row in range(130)]
    names = ["sentiment/small"] * 10 + ["sentiment/big"] * 70 + ["emotion/big"] * 50
    examples = replace(unlabelled(texts, ["en"] * 130, ""), datasets=names)
    chosen = spread_rows(examples, 60, seed=3)
    assert Counter(names[row] for row in chosen) == {
        "sentiment/small": 10,
        "emotion/big": 25,
        "sentiment/big": 25,
    }
    assert len(spread_rows(examples, 1000, seed=3)) == 130


def test_attributes_that_nobody_told_the_teacher_of_are_not_learned(
    fake: FakeTeacher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def probabilities(texts: Sequence[str], languages: Sequence[str]) -> dict[str, Any]:
        return {"toxicity": np.full((len(texts), 7), 0.75, np.float32)}

    monkeypatch.setattr(fake, "probabilities", probabilities)
    fake.tasks = {"toxicity": {"thresholds": {"default": {}, "toxicity": {}, "insult": {}}}}
    found = soft_labels(("t",), rows(), tmp_path, most=10, seed=1)[0, 3:10]
    kept = [name for name, value in zip(LABELS["toxicity"], found, strict=True) if not np.isnan(value)]
    assert kept == ["toxicity", "insult"]
