"""Lines for the language model: whose they are, which are left out, which are mended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra 'train'")

from tests.support.training_data import FORBIDDEN, LANGUAGES, make_training_data, write_table

from edgewise_cloud.catalogue import SHIPPABLE, Catalogue, CatalogueFileMissingError, load_catalogue
from edgewise_cloud.train.language import LanguageRecipe, NoLinesError, train_language
from edgewise_cloud.train.language_data import class_of, load_language_texts, repair
from edgewise_cloud.train.language_dev import dev_rows, first_words

LINES = [
    ("the first of many lines", "en", "train", "open/a:x"),
    ("die erste von vielen zeilen", "de", "train", "open/a:x"),
    ("shared by two languages", "en", "train", "open/a:x"),
    ("Shared by two languages!", "de", "train", "open/a:x"),
    ("this line is in the test split", "en", "train", "open/a:x"),
    ("This line is in the TEST split.", "en", "test", "open/a:x"),
    ("diese zeile steht in dev", "de", "train", "open/a:x"),
    ("diese zeile steht in dev", "de", "dev", "closed/a:x"),
    ("Yes.", "en", "train", "open/a:x"),
    ("yes", "en", "test", "open/a:x"),
    ("nobody may train on this", "en", "train", "closed/a:x"),
    ("èekam te sutra", "hr", "train", "open/a:x"),
    ("ово је ћирилица", "sr", "train", "open/a:x"),
    ("ovo je latinica", "sr", "train", "open/a:x"),
    ("une ligne de trop", "fr", "train", "open/a:x"),
]
RAW = [
    ("another line of english", "en", "open/r:x"),
    ("the first of many lines", "en", "open/r:x"),
    ("and again this line is in the test split", "en", "open/r:x"),
    ("noch eine zeile", "de", "closed/r:x"),
]


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    names = ("text", "lang", "split", "source")
    langid: list[dict[str, Any]] = [dict(zip(names, line, strict=True)) for line in LINES]
    raw = [dict(zip(("text", "lang", "source"), line, strict=True)) for line in RAW]
    write_table(tmp_path / "language/langid.parquet", langid)
    write_table(tmp_path / "language/rawtext.parquet", raw)
    kinds = {"open/a": "open", "open/r": "open", "closed/a": "nc", "closed/r": "research"}
    sources = {name: {"class": kind} for name, kind in kinds.items()}
    (tmp_path / "language/sources.json").write_text(json.dumps(sources), encoding="utf-8")
    entries = [
        {
            "task": "language",
            "file": f"language/{name}.parquet",
            "name": name,
            "licence": "per source",
            "licence_class": "mixed",
            "tier": "main",
            "rows": {"train": 1},
            "languages": {},
        }
        for name in ("langid", "rawtext")
    ]
    (tmp_path / "catalogue.json").write_text(json.dumps(entries), encoding="utf-8")
    return load_catalogue(tmp_path)


def lines(
    catalogue: Catalogue, *languages: str, most: int = 100, licences: frozenset[str] = SHIPPABLE
) -> Any:
    found = load_language_texts(catalogue, languages or ("en", "de", "hr", "sr"), licences, most, 1)
    assert found.rows == sum(map(len, found.by_class.values()))
    return {name: sorted(texts) for name, texts in found.by_class.items()}


def test_lines_that_may_be_learned_from(catalogue: Catalogue) -> None:
    assert lines(catalogue) == {
        "de": ["die erste von vielen zeilen"],
        "en": [
            "Yes.",
            "and again this line is in the test split",
            "another line of english",
            "shared by two languages",
            "the first of many lines",
        ],
        "hr": ["čekam te sutra"],
        "sr": ["ovo je latinica"],
        "sr@Cyrl": ["ово је ћирилица"],
    }


def test_licences_decide(catalogue: Catalogue) -> None:
    more = lines(catalogue, licences=SHIPPABLE | {"nc", "research"})
    assert "nobody may train on this" in more["en"]
    assert "noch eine zeile" in more["de"]
    # A line of dev is held back whatever its licence.
    assert "diese zeile steht in dev" not in more["de"]


def test_only_so_many_lines_and_the_better_source_first(catalogue: Catalogue) -> None:
    few = lines(catalogue, "en", most=3)["en"]
    assert set(few) == {"Yes.", "shared by two languages", "the first of many lines"}
    assert len(lines(catalogue, "en", most=4)["en"]) == 4
    assert lines(catalogue, "xx") == {}


@pytest.mark.parametrize(
    ("text", "language", "mended"),
    [
        ("èekam te", "hr", "čekam te"),
        ("æud i ðak ÈÆÐ", "bs", "ćud i đak ČĆĐ"),
        ("èудо", "sr", "чудо"),
        ("père", "fr", "père"),
        ("æble", "da", "æble"),
        ("", "sr", ""),
    ],
)
def test_known_damage_is_mended(text: str, language: str, mended: str) -> None:
    assert repair(text, language) == mended


@pytest.mark.parametrize(
    ("text", "language", "name"),
    [
        ("Добар дан", "sr", "sr@Cyrl"),
        ("Dobar dan", "sr", "sr"),
        ("Добър ден", "bg", "bg"),
        ("12", "sr", "sr"),
    ],
)
def test_serbian_is_two_classes(text: str, language: str, name: str) -> None:
    assert class_of(text, language) == name


@pytest.mark.parametrize(
    ("text", "words", "part"),
    [
        ("one two three", 2, "one two"),
        ("one two", 2, "one two"),
        ("one", 2, "one"),
        ("", 1, ""),
        ("今日はいい天気ですね", 2, "今日はい"),
        ("สวัสดีครับ", 1, "สว"),
        ("한국어 문장 하나", 1, "한국어"),
    ],
)
def test_texts_are_cut_to_their_first_words(text: str, words: int, part: str) -> None:
    assert first_words(text, words) == part


def test_dev_texts_stand_whole_and_cut(tmp_path: Path) -> None:
    catalogue = load_catalogue(make_training_data(tmp_path))
    classes = ("de", "en", "sr", "sr@Cyrl", "und")
    rows = dev_rows(catalogue, classes, 1)
    assert rows.right.shape == (len(rows.texts), 5)
    assert len(rows.texts) == 40 * 3 * 3 + 300
    assert rows.right[:, 0].sum() == rows.right[:, 1].sum() == 120
    # Either script is right for a Serbian text.
    assert np.array_equal(rows.right[:, 2], rows.right[:, 3])
    assert rows.right[:, 2].sum() == 120
    assert rows.right[-300:, 4].all()
    assert rows.weight[:3].tolist() == pytest.approx([1.0, 0.3, 0.1])
    assert len(rows.texts[1].split()) == 2
    few = rows.sample(50, 1)
    assert (len(few.texts), few.right.shape, few.weight.shape) == (50, (50, 5), (50,))


def test_a_language_written_in_its_second_script_alone_is_no_problem(tmp_path: Path) -> None:
    catalogue = load_catalogue(make_training_data(tmp_path))
    rows = dev_rows(catalogue, ("en", "sr@Cyrl", "und"), 1)
    assert rows.right.any(axis=1).all()


def test_a_language_without_lines_is_told(tmp_path: Path) -> None:
    catalogue = load_catalogue(make_training_data(tmp_path))
    with pytest.raises(NoLinesError, match="tlh, xx") as caught:
        train_language(catalogue, tmp_path / "work", LanguageRecipe(), languages=["en", "xx", "tlh"])
    assert caught.value.languages == ("tlh", "xx")
    assert not (tmp_path / "work").exists()


def test_forbidden_lines_are_not_learned(tmp_path: Path) -> None:
    found = load_language_texts(load_catalogue(make_training_data(tmp_path)), LANGUAGES, SHIPPABLE, 1000, 1)
    assert not any(FORBIDDEN in line for texts in found.by_class.values() for line in texts)


@pytest.mark.parametrize("name", ["langid.parquet", "rawtext.parquet", "sources.json"])
def test_a_missing_file_is_told(tmp_path: Path, name: str) -> None:
    data = make_training_data(tmp_path)
    (data / "language" / name).unlink()
    with pytest.raises(CatalogueFileMissingError, match=name):
        load_language_texts(load_catalogue(data), LANGUAGES, SHIPPABLE, 100, 1)
