"""Texts of the labelled sets as lines of their languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs the extra 'train'")

from tests.support.training_data import FORBIDDEN, make_training_data, write_table

from edgewise_cloud.catalogue import SHIPPABLE, Catalogue, load_catalogue
from edgewise_cloud.train.language_data import load_language_texts
from edgewise_cloud.train.language_labelled import is_latin, labelled_lines

SST = "sentiment/en_sst.parquet"


def catalogue_with(folder: Path, rows: list[dict[str, Any]]) -> Catalogue:
    """Return the small catalogue; its SST holds these rows."""
    data = make_training_data(folder)
    write_table(data / SST, [{"label": "positive", "split": "train", "source": "x", **row} for row in rows])
    return load_catalogue(data)


def taken(catalogue: Catalogue, licences: frozenset[str] = SHIPPABLE) -> list[tuple[str, str]]:
    return labelled_lines(catalogue, licences, catalogue.language("langid").load("train", licences), 1)


def test_train_rows_of_every_set_that_may_ship(tmp_path: Path) -> None:
    catalogue = load_catalogue(make_training_data(tmp_path))
    found = taken(catalogue)
    assert [language for _, language in found].count("en") == 420 + 420 + 421  # three sets
    assert [language for _, language in found].count("de") == 200
    assert "sr" not in {language for _, language in found}, "its neighbours have no such texts"
    assert not any(FORBIDDEN in text for text, _ in found)
    assert any(FORBIDDEN in text for text, _ in taken(catalogue, SHIPPABLE | {"nc"}))


def test_texts_in_other_letters_are_left_out(tmp_path: Path) -> None:
    catalogue = catalogue_with(
        tmp_path,
        [
            {"text": "privet kak dela", "lang": "ru"},
            {"text": "привет как дела", "lang": "ru"},
            {"text": "снова not English", "lang": "en"},
            {"text": "а это точно не english", "lang": "en"},
            {"text": "of a language that langid lacks", "lang": "xx"},
            {"text": "held for dev", "lang": "en", "split": "dev"},
        ],
    )
    mine = [pair for pair in taken(catalogue) if pair[1] in ("ru", "xx") or "not English" in pair[0]]
    assert mine == [("привет как дела", "ru"), ("снова not English", "en")]
    assert not any("это точно" in text or "held for dev" in text for text, _ in taken(catalogue))


def test_a_language_may_be_known_from_labelled_texts_alone(tmp_path: Path) -> None:
    rows = [{"text": "in letters of any kind", "lang": "xx"}, {"text": "как угодно", "lang": "xx"}]
    catalogue = catalogue_with(tmp_path, rows)
    lines = catalogue.language("langid").load("train", SHIPPABLE)
    found = labelled_lines(catalogue, SHIPPABLE, lines, 1, ["xx"])
    assert sorted(text for text, language in found if language == "xx") == [row["text"] for row in rows]
    texts = load_language_texts(catalogue, ["xx", "en"], SHIPPABLE, 10, 1, 10, ["xx"])
    assert len(texts.by_class["xx"]) == 2


def test_they_come_on_top_and_are_checked_for_leaks(tmp_path: Path) -> None:
    data = make_training_data(tmp_path)
    held = load_catalogue(data).language("langid").load("test").texts[0]
    catalogue = catalogue_with(tmp_path, [{"text": held, "lang": "en"}, {"text": "new words", "lang": "en"}])
    few, more = (
        load_language_texts(catalogue, ["en"], SHIPPABLE, 10, 1, labelled).by_class["en"]
        for labelled in (0, 2000)
    )
    assert len(few) == 10
    assert more[:10] == few
    assert "new words" in more
    assert held not in more
    capped = load_language_texts(catalogue, ["en"], SHIPPABLE, 10, 1, 5).by_class["en"]
    assert len(capped) == 15


@pytest.mark.parametrize(
    ("text", "latin"), [("C'est là", True), ("это Ok", False), ("", False), ("12", False)]
)
def test_letters_are_latin(text: str, latin: bool) -> None:
    assert is_latin(text) is latin
