"""What a bundle says of attributes that the sets at hand do not annotate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra 'train'")

from tests.support.tiny_bundle import make_tiny_bundle

from edgewise.bundle.errors import BundleNotFoundError
from edgewise.labels import LABELS
from edgewise_cloud.catalogue import Examples
from edgewise_cloud.teacher.rows import unlabelled
from edgewise_cloud.train.attributes import attribute_labels, taken_thresholds, unannotated
from edgewise_cloud.train.soft import WIDTH

TEXTS = ["good day", "you idiot", "what"]
BEGIN = len(LABELS["sentiment"])
INSULT = BEGIN + LABELS["toxicity"].index("insult")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("attributes") / "tiny"
    make_tiny_bundle(folder)
    return folder


@pytest.fixture
def rows() -> Examples:
    return unlabelled(TEXTS, ["en"] * len(TEXTS), "toxicity/en_olid")


def test_only_what_enough_rows_say_yes_and_no_to_is_annotated(rows: Examples) -> None:
    assert unannotated(rows, 1) == LABELS["toxicity"]
    rows.toxicity[:, 0] = [1, 0, 1]
    rows.toxicity[:, 3] = 1  # Nobody ever says no.
    assert unannotated(rows, 1) == LABELS["toxicity"][1:]
    assert unannotated(rows, 2) == LABELS["toxicity"]


def test_every_row_is_asked_about_where_no_teacher_was(folder: Path, rows: Examples) -> None:
    soft = attribute_labels(folder, rows, ["insult"], None)
    assert soft.shape == (len(TEXTS), WIDTH)
    assert np.isnan(np.delete(soft, INSULT, axis=1)).all()
    assert soft[1, INSULT] > 0.5 > soft[0, INSULT]


def test_where_a_teacher_was_asked_only_its_rows_and_gaps_are_filled(folder: Path, rows: Examples) -> None:
    told = np.full((len(TEXTS), WIDTH), np.nan, np.float16)
    told[1] = 0.25
    told[1, INSULT] = np.nan
    soft = attribute_labels(folder, rows, ["insult"], told)
    assert np.isnan(told[1, INSULT])
    assert soft[1, INSULT] > 0.5
    assert (np.delete(soft[1], INSULT) == 0.25).all()
    assert np.isnan(soft[[0, 2]]).all()


def test_thresholds_come_without_what_others_measured(folder: Path) -> None:
    taken = taken_thresholds(folder, LABELS["toxicity"])
    assert taken == {"insult": {"value": 0.6}}
    assert taken_thresholds(folder, []) == {}


def test_a_bundle_that_is_not_there_is_told(tmp_path: Path, rows: Examples) -> None:
    with pytest.raises(BundleNotFoundError):
        attribute_labels(tmp_path / "none", rows, ["insult"], None)
