"""Made rows: balanced, right as texts, nothing that a gate or a regression test asks; no teacher is asked."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra 'train'")

from tests.support.training_data import make_training_data

from edgewise.labels import LABELS
from edgewise.text import normalize
from edgewise_cloud.catalogue import Catalogue, Examples, leak_key, load_catalogue
from edgewise_cloud.gates import slice_sets
from edgewise_cloud.teacher.rows import unlabelled
from edgewise_cloud.train import soft
from edgewise_cloud.train.attributes import unannotated
from edgewise_cloud.train.made import (
    IDENTITY,
    MADE_SOURCES,
    NEGATION,
    PLAIN,
    USE,
    every_made_row,
    made_languages,
    made_rows,
    made_training_rows,
)
from edgewise_cloud.train.made.sentences import filled, sentences
from edgewise_cloud.train.provenance import sources_of
from edgewise_cloud.train.soft import soft_labels, spread_rows
from edgewise_cloud.train.student import Recipe, _recipe, _with_made
from edgewise_cloud.train.student_data import Sizes, prepare, rows_of_epoch
from edgewise_distill.student.subwords import train_tokenizer

TOXIC = LABELS["toxicity"].index("toxicity")
REGRESSIONS = Path(__file__).parents[2] / "regressions"


@pytest.fixture(scope="module")
def every() -> Examples:
    """All rows that can be made."""
    return made_rows(made_languages(), 1, 100_000)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return load_catalogue(make_training_data(tmp_path_factory.mktemp("made") / "data"))


def same(one: Examples, two: Examples) -> bool:
    names = [field.name for field in fields(Examples)]
    pairs = [(np.asarray(getattr(one, name)), np.asarray(getattr(two, name))) for name in names]
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in pairs)


def words(text: str) -> set[str]:
    return set(re.findall(r"[^\s.,;:!?¿¡\"'«»()—-]+", text.casefold()))


def test_no_made_row_is_asked_by_a_gate(every: Examples) -> None:
    asked = {leak_key(str(text)) for found in slice_sets() for text in found.texts}
    assert len(asked) > 1000
    assert [text for text in every.texts if leak_key(text) in asked] == []


def test_no_sentence_is_nearly_one_of_a_gate() -> None:
    asked: dict[str, list[set[str]]] = {}
    for found in slice_sets(tasks=("toxicity",)):
        for code, text in zip(found.langs, found.texts, strict=True):
            asked.setdefault(str(code), []).append(words(str(text)))
    for language in made_languages():
        held = sentences(language)
        for told in (held.neutral, held.hateful, held.harmless, held.insults):
            for template, _ in told:
                texts = (filled(template, term, language) for term in held.terms)
                text = next(text for text in texts if text is not None)
                own = words(text)
                near = [
                    other for other in asked.get(language, ()) if len(own & other) > 0.7 * len(own | other)
                ]
                assert not near, (text, near)


def test_no_made_row_stands_in_a_regression_test(every: Examples) -> None:
    held = set()
    for path in REGRESSIONS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                held.add(leak_key(node.value.encode("utf-8", "replace").decode("utf-8")))
    assert len(held) > 50
    assert [text for text in every.texts if leak_key(text) in held] == []


def test_as_many_neutral_as_hateful_of_each_language(every: Examples) -> None:
    counts = Counter(zip(every.langs, every.toxicity[:, TOXIC].tolist(), strict=True))
    assert {"en", "de", "es", "fr", "ar", "hi", "ru", "id"} <= set(made_languages()) == set(every.langs)
    for language in made_languages():
        assert counts[language, 0.0] == counts[language, 1.0] > 200
    assert counts["en", 1.0] > 1500


@pytest.mark.parametrize("most", [0, 1, 20, 301])
def test_at_most_so_many_of_each_language(most: int) -> None:
    rows = made_rows(["en", "de", "xx"], 3, most)
    assert Counter(rows.langs) == (Counter(en=2 * (most // 2), de=2 * (most // 2)) if most > 1 else Counter())
    assert set(rows.datasets) <= {IDENTITY}


def test_only_toxicity_is_labelled_and_only_as_far_as_it_is_plain(every: Examples) -> None:
    assert (every.sentiment == -1).all()
    assert np.isnan(every.emotion).all()
    toxic = every.toxicity[:, TOXIC] == 1.0
    named = {name: every.toxicity[:, place] for place, name in enumerate(LABELS["toxicity"])}
    for name, column in named.items():
        neutral = column[~toxic]
        assert (neutral[~np.isnan(neutral)] == 0.0).all()
        assert np.isnan(neutral).sum() == 0 or name == "profanity"
    for name in ("identity_attack", "insult", "threat", "severe_toxicity", "profanity"):
        assert (named[name][toxic] == 1.0).any()
        assert np.isnan(named[name][toxic]).any() == (name != "identity_attack")
    assert not (named["severe_toxicity"][toxic] == 0.0).any()


def test_all_groups_come_alike_often_on_both_sides() -> None:
    rows = made_rows(["en"], 5, 1600)
    names = [term["many"].casefold() for term in sentences("en").terms]
    texts = [text.casefold() for text in rows.texts]
    for toxic in (0.0, 1.0):
        chosen = [text for row, text in enumerate(texts) if rows.toxicity[row, TOXIC] == toxic]
        counts = [sum(re.search(rf"\b{name}\b", text) is not None for text in chosen) for name in names]
        assert min(counts) >= 3, dict(zip(names, counts, strict=True))
    held = sentences("en")
    assert all(
        sum(filled(text, term, "en") is not None for text, _ in held.neutral) > 40 for term in held.terms
    )


def test_every_form_that_a_template_asks_for_is_had_by_most_groups() -> None:
    for language in made_languages():
        held = sentences(language)
        for template, _ in (*held.neutral, *held.hateful):
            fits = [filled(template, term, language) for term in held.terms]
            assert sum(text is not None for text in fits) >= 0.6 * len(held.terms), (language, template)
            assert "{" in template, (language, template)
            assert not any("{" in text for text in fits if text is not None)
        for text, _ in (*held.harmless, *held.insults):
            assert "{" not in text


def test_a_capital_slot_gives_a_capital() -> None:
    assert (
        filled("{Many}, {many}", {"many": "işitme engelliler"}, "tr")
        == "İşitme engelliler, işitme engelliler"
    )
    assert filled("{one}", {"many": "men"}, "en") is None


def test_texts_are_normalised_and_stand_once(every: Examples) -> None:
    assert len({leak_key(text) for text in every.texts}) == len(every)
    sample = every.texts[::37]
    assert [normalize(text).text for text in sample] == sample


def test_the_seed_decides_and_other_languages_do_not() -> None:
    one = made_rows(["de", "en"], 1, 300)
    assert same(one, made_rows(["en", "de"], 1, 300))
    assert not same(one, made_rows(["en", "de"], 2, 300))
    german = one.take([row for row, code in enumerate(one.langs) if code == "de"])
    assert same(german, made_rows(["de"], 1, 300))


class _Teacher:
    name = "any"

    def __init__(self) -> None:
        self.tasks: dict[str, Any] = {}
        self.asked: list[str] = []

    def knows(self, language: str, task: str) -> bool:
        return True

    def probabilities(self, texts: Sequence[str], languages: Sequence[str]) -> dict[str, Any]:
        self.asked.extend(texts)
        return {"sentiment": np.full((len(texts), 3), 1 / 3, np.float32)}


def test_teachers_are_not_asked_about_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    teacher = _Teacher()
    monkeypatch.setattr(soft, "open_teacher", lambda folder: teacher)
    real = unlabelled(["good", "gut"], ["en", "de"], "sentiment/en_sst")
    rows = Examples.concat([real, made_rows(["en", "de"], 1, 20)])
    found = soft_labels(("t",), rows, tmp_path, most=100, seed=1)
    assert sorted(teacher.asked) == ["good", "gut"]
    assert np.isnan(found[2:]).all()
    assert spread_rows(rows, 100, 1).tolist() == [0]


def test_they_teach_no_attribute_that_the_sets_lack() -> None:
    rows = Examples.concat([unlabelled(["good"], ["en"], "x"), made_rows(["en"], 1, 2000)])
    assert unannotated(rows) == LABELS["toxicity"]


def test_they_have_no_offset_and_are_visited_whole() -> None:
    made = made_rows(["en"], 1, 60)
    rows = Examples.concat(
        [unlabelled([f"text {row}" for row in range(50)], ["en"] * 50, "toxicity/x"), made]
    )
    prepared = prepare(rows, train_tokenizer(rows.texts, 400), Sizes())
    assert prepared.groups == ("", "toxicity/x")
    assert (prepared.tokens.group[50:] == 0).all()
    assert (prepared.tokens.group[:50] == 1).all()
    visited = rows_of_epoch(prepared, Sizes(whole=10, thinning=0.1, english=0.1), np.random.default_rng(1))
    counts = Counter(visited.tolist())
    assert all(counts[row] == 1 for row in range(50, 110))
    assert sum(counts[row] for row in range(50)) < 15
    often = rows_of_epoch(prepared, Sizes(whole=10, thinning=0.1, made_visits=3), np.random.default_rng(1))
    assert all((often == row).sum() == 3 for row in range(50, 110))


def test_a_run_has_them_only_when_told_and_a_rerun_reads_them(catalogue: Catalogue, tmp_path: Path) -> None:
    rows = unlabelled(["good", "gut"], ["en", "de"], "sentiment/en_sst")
    assert _with_made(Recipe(), catalogue, rows, tmp_path) is rows
    assert "made_rows" not in _recipe(Recipe()), "folders of runs from before are still theirs"
    recipe = Recipe(made_rows=40)
    newer = replace(recipe, prepared="rows", embedding=64, sizes=Sizes(made_visits=2))
    assert _recipe(newer) == asdict(newer)
    assert set(asdict(recipe)) - set(_recipe(recipe)) == {"prepared", "embedding"}
    assert set(asdict(recipe)["sizes"]) - set(_recipe(recipe)["sizes"]) == {"made_visits"}
    both = _with_made(recipe, catalogue, rows, tmp_path)
    assert both.texts[:2] == rows.texts
    made = every_made_row(["en", "de"], recipe.training.seed, 40)
    assert sorted(both.texts[2:]) == sorted(made.texts)
    each = Counter(made.datasets)
    assert each[IDENTITY] == each[USE] == 80
    assert set(each) == {IDENTITY, USE, PLAIN, NEGATION}
    assert same(both, _with_made(recipe, catalogue, rows, tmp_path))
    told = [entry for entry in sources_of(catalogue, both, ()) if entry["rows"]]
    assert {entry["name"]: entry for entry in told} == {
        MADE_SOURCES[name]["name"]: {**MADE_SOURCES[name], "rows": each[name]} for name in each
    }


def test_only_languages_of_the_recipe(catalogue: Catalogue, tmp_path: Path) -> None:
    rows = unlabelled(["good", "gut"], ["en", "de"], "sentiment/en_sst")
    recipe = Recipe(made_rows=40, languages=("en",))
    assert set(_with_made(recipe, catalogue, rows, tmp_path).langs[2:]) == {"en"}


def test_a_row_of_a_test_split_is_left_out(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    texts = made_rows(["en"], 1, 20).texts
    dataset = next(iter(catalogue.datasets(split="test")))
    held = dataset.load("test").texts[0]
    real = made_rows(["en"], 1, 20)
    real.texts[3] = normalize(held).text
    monkeypatch.setattr("edgewise_cloud.train.made.rows.every_made_row", lambda *_: real)
    found = made_training_rows(catalogue, ["en"], 1, 20, tmp_path)
    assert found.texts == texts[:3] + texts[4:]
