"""Rows made of templates: balanced, whole texts, and none that a gate or a regression test asks."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra 'train'")

from tests.unit.cloud.test_train_made import same, words

from edgewise.labels import LABELS
from edgewise.text import normalize
from edgewise_cloud.catalogue import Examples, leak_key
from edgewise_cloud.gates import slice_sets
from edgewise_cloud.train.made import (
    KINDS,
    MADE_SOURCES,
    NEGATION,
    PLAIN,
    USE,
    every_made_row,
    made_languages,
    template_languages,
    template_rows,
)
from edgewise_cloud.train.made.templates import Templates, drawn, said, side, templates, texts_of

TOXIC = LABELS["toxicity"].index("toxicity")
ANSWERS = Path(__file__).parents[2] / "regressions" / "answers.json"
SLOT = re.compile(r"\{([^\W\d]+)\d?\}")


@pytest.fixture(scope="module")
def shipped() -> Examples:
    """Rows of all kinds and languages."""
    return Examples.concat([template_rows(kind, made_languages(), 1, 1500) for kind in KINDS])


@pytest.fixture(scope="module")
def asked() -> set[str]:
    """What gates and regression tests ask, letters and digits alone."""
    of_gates = {leak_key(str(text)) for found in slice_sets() for text in found.texts}
    answers = {leak_key(text) for text in _strings(json.loads(ANSWERS.read_bytes()))}
    assert min(len(of_gates), len(answers)) > 100
    return (of_gates | answers) - {""}


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_that_can_be_made_is_asked_by_a_gate_or_a_regression_test(kind: str, asked: set[str]) -> None:
    joined = "\n".join(sorted(asked))
    for language in template_languages(kind):
        held = templates(kind, language)
        for template in (text for texts in held.texts.values() for text in texts):
            found = re.findall(rf"^{_pattern(template, held.slots)}$", joined, re.MULTILINE)
            assert found == [], (language, template)


def test_the_patterns_match_what_is_made() -> None:
    for kind in KINDS:
        held = templates(kind, "fr")
        for template in (text for texts in held.texts.values() for text in texts):
            text = drawn(held, template, np.random.default_rng(3))
            assert re.fullmatch(_pattern(template, held.slots), leak_key(text)), text


def _pattern(text: str, slots: Mapping[str, Sequence[str]]) -> str:
    """Return a regular expression of all keys that texts of a template can have."""
    parts, begin = [], 0
    for found in SLOT.finditer(text):
        parts.append(leak_key(text[begin : found.start()]))
        forms = (
            form for value in slots[found[1].lower()] for form in re.sub("^[a-z]:", "", value).split("|")
        )
        parts.append(f"(?:{'|'.join(sorted({_pattern(form, slots) for form in forms}))})")
        begin = found.end()
    return "".join([*parts, leak_key(text[begin:])])


def _strings(found: Any) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, dict):
        yield from (text for pair in found.items() for part in pair for text in _strings(part))
    elif isinstance(found, list):
        yield from (text for part in found for text in _strings(part))


def test_few_rows_are_nearly_those_of_a_gate(shipped: Examples) -> None:
    held: dict[str, list[set[str]]] = {}
    for found in slice_sets():
        for code, text in zip(found.langs, found.texts, strict=True):
            held.setdefault(str(code), []).append(words(str(text)))
    rows = range(0, len(shipped), 29)
    near = []
    for row in rows:
        own = words(shipped.texts[row])
        if any(len(own & other) > 0.7 * len(own | other) for other in held.get(shipped.langs[row], ())):
            near.append(shipped.texts[row])
    assert len(near) <= 0.01 * len(rows), near


def test_texts_are_normalised_and_stand_once_a_kind(shipped: Examples) -> None:
    keys = list(zip(shipped.datasets, shipped.langs, map(leak_key, shipped.texts), strict=True))
    assert len(set(keys)) == len(keys)
    sample = shipped.texts[::97]
    assert [normalize(text).text for text in sample] == sample


def test_every_language_has_every_kind_balanced(shipped: Examples) -> None:
    toxic = shipped.toxicity[:, TOXIC].tolist()
    counts = Counter(zip(shipped.datasets, shipped.langs, shipped.sentiment.tolist(), toxic, strict=True))
    for language in made_languages():
        assert counts[USE, language, -1, 0.0] == counts[USE, language, -1, 1.0] == 750
        assert {counts[PLAIN, language, label, 0.0] for label in range(3)} == {500}
        of_negation = [counts[NEGATION, language, label, 0.0] for label in (0, 2)]
        assert of_negation == [750, 750]
    assert sum(counts.values()) == len(shipped)
    assert set(made_languages()) == {code for kind in KINDS for code in template_languages(kind)}
    assert shipped.sentiment_allowed.all()
    assert np.isnan(shipped.emotion).all()


def test_use_has_the_same_words_on_both_sides(shipped: Examples) -> None:
    for language in made_languages():
        insults = templates("use", language).slots["insult"]
        for label in (0.0, 1.0):
            chosen = [
                text.casefold()
                for row, text in enumerate(shipped.texts)
                if (shipped.datasets[row], shipped.langs[row]) == (USE, language)
                and shipped.toxicity[row, TOXIC] == label
            ]
            for insult in insults:
                assert sum(insult.casefold() in text for text in chosen) >= 1, (language, label, insult)


def test_friendly_swearing_says_nothing_of_profanity() -> None:
    place = LABELS["toxicity"].index("profanity")
    for name, unsaid in (("swearing", True), ("harmless", False), ("positive", False)):
        sentiment, labels = said(name)
        assert sentiment == (2 if name == "positive" else -1)
        assert np.isnan(labels[place]) == unsaid
        assert (np.delete(labels, place) == 0.0).all()
    assert said("insult -threat")[1][TOXIC] == 1.0
    assert [side(name) for name in ("neutral", "swearing", "identity_attack")] == [
        "neutral",
        "harmless",
        "toxic",
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_every_template_is_used_and_every_slot_filled(kind: str) -> None:
    for language in template_languages(kind):
        held = templates(kind, language)
        for template in (text for texts in held.texts.values() for text in texts):
            for seed in range(4):
                text = drawn(held, template, np.random.default_rng(seed))
                assert not set("{}|") & set(text), (language, template, text)
                assert re.search(r"\b[mfnp]:\S", text) is None, (language, template, text)
        every_text = "".join(
            text for texts in (*held.texts.values(), *held.slots.values()) for text in texts
        ).lower()
        assert [name for name in held.slots if f"{{{name}" not in every_text] == [], language


def test_adjectives_agree_and_capitals_open_slots() -> None:
    slots = {"a": ("f:pizza",), "good": ("bon|bonne",), "un": ("un|une",), "whole": ("{un} {a}",)}
    held = Templates("fr", "mf", slots, {"positive": ("{Whole} {good}, {good2}.", "{Good}.")})
    rng = np.random.default_rng(1)
    assert drawn(held, "{Whole} {good}, {good2}.", rng) == "Une pizza bonne, bonne."
    assert drawn(held, "{Good}.", rng) == "Bon."
    assert [text for text, _ in texts_of(held, ["positive"], 9, rng)] in (
        ["Une pizza bonne, bonne.", "Bon."],
        ["Bon.", "Une pizza bonne, bonne."],
    )
    assert list(texts_of(held, ["positive"], 0, rng)) == []


def test_rows_of_templates_depend_on_the_seed_alone() -> None:
    one = every_made_row(["de", "en"], 1, 60)
    assert same(one, every_made_row(["en", "de"], 1, 60))
    assert not same(one, every_made_row(["en", "de"], 2, 60))
    german = one.take([row for row, code in enumerate(one.langs) if code == "de"])
    assert same(german, every_made_row(["de"], 1, 60))
    assert set(one.datasets) == set(MADE_SOURCES)
    assert Counter(one.datasets)[USE] == 120
    assert len(every_made_row(["xx"], 1, 60)) == len(every_made_row(["en"], 1, 0)) == 0
