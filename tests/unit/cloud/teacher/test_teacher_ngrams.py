"""The teacher of n-grams: it learns what its rows say, by language, and refuses folders that are none."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

pytest.importorskip("torch", reason="training needs the extra 'train'")

from edgewise_cloud.catalogue import Catalogue
from edgewise_cloud.ngrams.features import Vocabulary, count_features
from edgewise_cloud.ngrams.fit import questions, row_weights
from edgewise_cloud.ngrams.teacher import POOLED, NgramTeacher
from edgewise_cloud.ngrams.train import train_ngrams
from edgewise_cloud.teacher.answers import Ensemble
from edgewise_cloud.teacher.errors import TeacherFolderError
from edgewise_cloud.teacher.opening import open_teacher
from edgewise_cloud.teacher.rows import unlabelled


@pytest.fixture(scope="module")
def folder(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a trained teacher."""
    root = tmp_path_factory.mktemp("ngrams")
    train_ngrams(catalogue, root)
    return root / "teacher"


def test_it_learned_what_the_rows_say(folder: Path) -> None:
    teacher = open_teacher(folder)
    assert isinstance(teacher, NgramTeacher)
    said = teacher.probabilities(["the house was wonderful", "the house was dreadful"], ["en", "en"])
    assert said["sentiment"].argmax(axis=1).tolist() == [2, 0]
    assert np.allclose(said["sentiment"].sum(axis=1), 1.0, atol=1e-4)
    said = teacher.probabilities(["you moron", "many thanks"], ["en", "en"])
    assert said["toxicity"][0, 0] > said["toxicity"][1, 0] + 0.2


def test_saving_and_reading_change_nothing_that_counts(folder: Path, tmp_path: Path) -> None:
    first = NgramTeacher.load(folder)
    first.save(tmp_path / "again")
    second = NgramTeacher.load(tmp_path / "again")
    texts = ["a lovely morning", "worst day of my life", ""]
    for task, values in first.logits(texts, ["en", "en", "en"]).items():
        assert np.allclose(values, second.logits(texts, ["en", "en", "en"])[task], atol=2e-3)
        assert np.isfinite(values).all()


def test_a_text_is_answered_alone_as_among_others(folder: Path) -> None:
    teacher = NgramTeacher.load(folder)
    texts = ["wonderful people", "the scum of the street", "ужасный дом"]
    codes = ["en", "en", "ru"]
    together = teacher.logits(texts, codes)
    for place, (text, code) in enumerate(zip(texts, codes, strict=True)):
        for task, values in teacher.logits([text], [code]).items():
            assert np.allclose(values[0], together[task][place], atol=1e-5)


def test_languages_without_rows_are_answered_by_the_pooled_model(folder: Path) -> None:
    teacher = NgramTeacher.load(folder)
    assert teacher.knows("en", "sentiment")
    assert not teacher.knows("sw", "sentiment")
    own = teacher.logits(["wonderful"], ["sw"])["sentiment"]
    assert np.array_equal(own, teacher.logits(["wonderful"], [POOLED])["sentiment"])


def test_an_ensemble_asks_who_knows_the_language(folder: Path) -> None:
    teacher = NgramTeacher.load(folder)
    ensemble = Ensemble([teacher])
    ensemble.tell(["wonderful people"], ["en"])
    found = ensemble.analyze_batch(["wonderful people"], tasks=("sentiment",))[0].sentiment
    alone = teacher.probabilities(["wonderful people"], ["en"])["sentiment"][0]
    assert found is not None
    assert found.score == pytest.approx(float(alone.max()), abs=1e-6)


@pytest.mark.parametrize("name", ["teacher.json", "ngrams.npz"])
def test_a_broken_file_is_named_as_one(folder: Path, tmp_path: Path, name: str) -> None:
    broken = tmp_path / "teacher"
    shutil.copytree(folder, broken)
    (broken / name).write_bytes((broken / name).read_bytes()[:40])
    with pytest.raises(TeacherFolderError):
        NgramTeacher.load(broken)


def test_missing_arrays_are_named(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "teacher"
    shutil.copytree(folder, broken)
    arrays: Any = {"en/sentiment": np.zeros((3, 1), np.float16)}
    np.savez(broken / "ngrams.npz", **arrays)
    with pytest.raises(TeacherFolderError, match="another form"):
        open_teacher(broken)
    assert json.loads((broken / "teacher.json").read_text())["kind"] == "ngrams"


def test_in_each_set_both_answers_count_alike() -> None:
    sets = np.array([0] * 10 + [1] * 4)
    truth = np.array([True] + [False] * 9 + [True] * 4)
    weight = row_weights(sets, truth, np.ones(14, np.float32), 1.0)
    assert weight.mean() == pytest.approx(1.0)
    assert weight[0] == pytest.approx(weight[1:10].sum())
    assert weight[:10].sum() / weight[10:].sum() == pytest.approx(10 / 4)


def test_a_set_without_neutral_says_nothing_of_neutral() -> None:
    rows = unlabelled(["a", "b"], ["en", "en"], "s")
    rows.sentiment[:] = [0, 2]
    rows.sentiment_allowed[:, 1] = False
    known = {place: told.sum() for place, told, _ in questions(rows, "sentiment")}
    assert known == {0: 2, 1: 0, 2: 2}


def test_signs_and_emoji_are_features_and_blank_texts_have_none() -> None:
    counted = count_features(["fine 😂😂!!", "fine", "", "   "])
    assert counted[0].nnz > counted[1].nnz
    assert Vocabulary.of(counted[2:], least=1).keys.size == 0
    weighed = Vocabulary.of(counted, least=1).weigh(counted)
    assert np.isfinite(weighed.data).all()
    assert weighed[2].nnz == 0


def test_the_command_trains_one_that_the_next_command_measures(
    run: Callable[..., Result], mini: Path, tmp_path: Path
) -> None:
    made = run("ngrams", "--data", mini, "--work", tmp_path / "work")
    assert made.exit_code == 0, made.output
    assert "languages, and all of them pooled" in made.output
    again = run("ngrams", "--data", mini, "--work", tmp_path / "work", "--rows", 20)
    assert again.exit_code != 0
    assert "work" in again.output, "the folder of a run with other settings is refused"
    told = run(
        "evaluate", tmp_path / "work/teacher", "--data", mini, "--out", tmp_path / "out", "--languages", "en"
    )
    assert told.exit_code == 0, told.output
    report = json.loads((tmp_path / "out/report.json").read_text(encoding="utf-8"))
    assert {each["task"] for each in report["metrics"]} == {"sentiment", "toxicity", "emotion"}
