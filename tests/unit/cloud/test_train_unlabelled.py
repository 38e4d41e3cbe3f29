"""Rows that nobody labelled: what is taken, what is left out, and that a rerun reads them again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra 'train'")

from tests.support.training_data import make_training_data

from edgewise_cloud.catalogue import SHIPPABLE, Catalogue, load_catalogue
from edgewise_cloud.train.student_data import Sizes, prepare, rows_of_epoch
from edgewise_cloud.train.unlabelled import PAIRS, RAW, SOURCES, unlabelled_rows


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return load_catalogue(make_training_data(tmp_path_factory.mktemp("unlabelled") / "data"))


def test_raw_lines_are_asked_about_as_they_are_and_translations_by_their_english_side(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    read, asked = unlabelled_rows(catalogue, SHIPPABLE, ["en", "de"], 5, 20, 1, tmp_path)
    assert len(read) == len(asked)
    kinds = set(read.datasets)
    assert kinds == {RAW, PAIRS} == set(SOURCES)
    for row, name in enumerate(read.datasets):
        if name == RAW:
            assert (read.texts[row], read.langs[row]) == (asked.texts[row], asked.langs[row])
            assert read.langs[row] in {"en", "de"}
        else:
            assert asked.langs[row] == "en"
            assert read.langs[row] != "en"
            assert read.texts[row] != asked.texts[row]
    for language in ("en", "de"):
        lines = zip(read.datasets, read.langs, strict=True)
        assert sum(name == RAW and code == language for name, code in lines) <= 5


def test_they_say_nothing_themselves(catalogue: Catalogue, tmp_path: Path) -> None:
    read, _ = unlabelled_rows(catalogue, SHIPPABLE, ["en"], 5, 5, 1, tmp_path)
    assert (read.sentiment == -1).all()
    assert np.isnan(read.toxicity).all()
    assert np.isnan(read.emotion).all()


def test_a_rerun_reads_the_same_rows(catalogue: Catalogue, tmp_path: Path) -> None:
    first = unlabelled_rows(catalogue, SHIPPABLE, ["en"], 5, 5, 1, tmp_path)
    second = unlabelled_rows(catalogue, SHIPPABLE, ["en"], 5, 5, 2, tmp_path)
    assert [part.texts for part in first] == [part.texts for part in second]


def test_an_epoch_visits_a_share_of_the_english_rows(catalogue: Catalogue, tmp_path: Path) -> None:
    from edgewise_distill.student.subwords import train_tokenizer

    read, _ = unlabelled_rows(catalogue, SHIPPABLE, ["en", "de"], 500, 0, 1, tmp_path)
    prepared = prepare(read, train_tokenizer(read.texts, 400), Sizes())
    english = np.array(read.langs) == "en"

    def visited(share: float) -> tuple[int, int]:
        rows = rows_of_epoch(prepared, Sizes(english=share), np.random.default_rng(3))
        return int(english[rows].sum()), int((~english[rows]).sum())

    whole, third = visited(1.0), visited(0.3)
    assert whole[1] == third[1] > 0
    assert 0 < third[0] < 0.6 * whole[0]
