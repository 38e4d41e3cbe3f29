"""A packed bundle that answers in the place of a teacher."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.support.tiny_bundle import make_tiny_bundle

from edgewise import Analyzer
from edgewise_cloud.teacher.answers import Ensemble
from edgewise_cloud.teacher.bundles import BundleTeacher
from edgewise_cloud.teacher.opening import open_teacher

TEXTS = ["good day", "you idiot", ""]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle") / "tiny"
    make_tiny_bundle(folder)
    return folder


def test_it_says_what_the_analyzer_says(folder: Path) -> None:
    teacher = open_teacher(folder)
    assert isinstance(teacher, BundleTeacher)
    said = teacher.probabilities(TEXTS, ["en"] * len(TEXTS))
    with Analyzer(model=folder, languages=["en"]) as analyzer:
        for place, analysis in enumerate(analyzer.analyze_batch(TEXTS[:2])):
            for task, values in said.items():
                own = getattr(analysis, task).scores
                assert np.allclose([own[name] for name in teacher.labels[task]], values[place], atol=1e-5)


def test_of_a_blank_text_all_labels_are_alike(folder: Path) -> None:
    said = BundleTeacher.load(folder).probabilities([""], ["en"])
    assert np.allclose(said["sentiment"], 1 / 3)


def test_it_may_answer_beside_others(folder: Path) -> None:
    teacher = BundleTeacher.load(folder)
    together = Ensemble([teacher, teacher]).probabilities(TEXTS, ["en"] * 3)
    for task, values in teacher.probabilities(TEXTS, ["en"] * 3).items():
        assert np.allclose(values, together[task], atol=1e-6)
