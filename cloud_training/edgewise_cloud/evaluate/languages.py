"""The language task: strict, with close languages counted as one, restricted, and on the first two words."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from edgewise.labels import UNDETERMINED
from edgewise_cloud.catalogue import ALL_LICENCES, Catalogue
from edgewise_cloud.evaluate.answers import Analyses, Answers, ask
from edgewise_cloud.evaluate.gold import choose
from edgewise_cloud.evaluate.metrics import choice_metrics, expected_calibration_error, macro_auc
from edgewise_cloud.evaluate.records import EVERY_LANGUAGE, Record, finite
from edgewise_cloud.evaluate.scoring import Judged, Scored, numbers

NAME = "language/langid"

_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Letters of scripts that are written without spaces between words."""

_UNSPACED_WORD = 2
"""Characters that count as a word where words are not set apart."""


@dataclass(frozen=True, slots=True)
class LanguageLists:
    """Which languages are counted how.

    Attributes:
        targets: The languages that the figures are about.
        largest: The 22 largest.
        groups: Languages so close that the lenient figure counts each group as one.
    """

    targets: tuple[str, ...]
    largest: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]

    def lenient(self, language: str) -> str:
        """Return the name of a language's group; its own name where it has none."""
        return next((group[0] for group in self.groups if language in group), language)


@cache
def language_lists() -> LanguageLists:
    """Return the lists of languages.json."""
    raw = json.loads((files(__package__) / "languages.json").read_text(encoding="utf-8"))
    return LanguageLists(
        tuple(raw["targets"]), tuple(raw["largest"]), tuple(tuple(group) for group in raw["groups"])
    )


def first_words(text: str, count: int = 2) -> str:
    """Return the first words of a text; where words are not set apart, two characters count as one.

    >>> first_words("Je ne sais pas"), first_words("私は学生です"), first_words("OK")
    ('Je ne', '私は学生', 'OK')
    """
    words = text.split()[:count]
    short = " ".join(words)
    return short[: count * _UNSPACED_WORD] if words and _UNSPACED.match(words[0]) else short


@dataclass(frozen=True, slots=True)
class LanguageTexts:
    """Texts [n] with the language each is written in [n]."""

    texts: list[str]
    langs: list[str]
    split: str

    def only(self, languages: Collection[str]) -> LanguageTexts:
        """Return the texts in some languages."""
        keep = [i for i, language in enumerate(self.langs) if language in languages]
        return LanguageTexts([self.texts[i] for i in keep], [self.langs[i] for i in keep], self.split)

    def cut(self) -> LanguageTexts:
        """Return the texts cut to their first two words."""
        return LanguageTexts([first_words(text) for text in self.texts], self.langs, self.split)


def language_texts(
    catalogue: Catalogue, split: str, languages: Collection[str], limit: int | None, seed: int
) -> LanguageTexts:
    """Read the texts of langid, of every licence class: evaluation trains nothing.

    Raises:
        CatalogueError: A file is missing or broken, or the split is empty.
    """
    rows = catalogue.language("langid").load(split, ALL_LICENCES)
    every = LanguageTexts(rows.texts, rows.langs, split)
    some = every.only(languages) if languages else every
    keep = choose(len(some.texts), limit, seed, NAME)
    return LanguageTexts([some.texts[i] for i in keep], [some.langs[i] for i in keep], split)


def score_languages(
    texts: LanguageTexts, make_analyzer: Callable[[Sequence[str] | None], Analyses], name: str = NAME
) -> Scored | None:
    """Measure the language task.

    Args:
        texts: Texts in any languages; only the view "every known language" counts those outside the targets.
        make_analyzer: Makes an analyzer that may answer with these languages only; for None with all.
        name: Of the set, for the records.

    Returns:
        Records and the answers to the whole texts, or None if no text is in a target language.
    """
    lists = language_lists()
    targets, largest = texts.only(lists.targets), texts.only(lists.largest)
    if not targets.texts:
        return None
    free = make_analyzer(None)
    whole = ask(free, targets.texts, "language")
    records = [_record(name, targets, whole), *_each_language(name, targets, whole)]
    records.append(_record(f"{name}:first two words", targets, ask(free, targets.cut().texts, "language")))
    known = texts.only(whole.names)
    if set(known.langs) != set(targets.langs):
        records.append(_record(f"{name}:every known language", known, ask(free, known.texts, "language")))
    if largest.texts:
        names = tuple(language for language in lists.largest if language in whole.names)
        records += _largest(name, largest, names, free, make_analyzer(names) if names else free)
    return Scored(records, _judged(targets, whole))


def _largest(
    name: str, texts: LanguageTexts, names: tuple[str, ...], free: Analyses, restricted: Analyses
) -> list[Record]:
    out = []
    for view, cut in (("22 largest", texts), ("22 largest, first two words", texts.cut())):
        out.append(_record(f"{name}:{view}", cut, ask(free, cut.texts, "language")))
        answers = ask(restricted, cut.texts, "language")
        out.append(_record(f"{name}:{view}, no other allowed", cut, answers, names))
    return out


def _record(name: str, texts: LanguageTexts, answers: Answers, allowed: tuple[str, ...] = ()) -> Record:
    lists = language_lists()
    names = sorted({*texts.langs, *answers.names})
    gold = numbers(names, texts.langs)
    values = choice_metrics(gold, numbers(names, answers.labels))
    near = [
        lists.lenient(right) == lists.lenient(given)
        for right, given in zip(texts.langs, answers.labels, strict=True)
    ]
    values["accuracy_close_as_one"] = float(np.mean(near))
    scores = answers.columns(names)
    values["auc"] = macro_auc(gold, scores)
    values["ece"] = expected_calibration_error(scores.max(axis=1), scores.argmax(axis=1) == gold)
    values["unsure_rate"] = float(answers.unsure.mean())
    values["undetermined_rate"] = float(np.mean([label == UNDETERMINED for label in answers.labels]))
    values["languages"] = float(len(set(texts.langs)))
    return Record("language", name, texts.split, EVERY_LANGUAGE, len(gold), finite(values), allowed)


def _each_language(name: str, texts: LanguageTexts, answers: Answers) -> list[Record]:
    codes, given = np.array(texts.langs, dtype=object), np.array(answers.labels, dtype=object)
    out = []
    for language in sorted(set(texts.langs)):
        mine, said = codes == language, given == language
        right = int((mine & said).sum())
        values = {"accuracy": right / int(mine.sum()), "f1": 2 * right / int(mine.sum() + said.sum())}
        values["unsure_rate"] = float(answers.unsure[mine].mean())
        wrong = Counter(given[mine & ~said].tolist()).most_common(3)
        note = ", ".join(f"{code} {100 * n / mine.sum():.1f} %" for code, n in wrong)
        out.append(
            Record(
                "language",
                name,
                texts.split,
                language,
                int(mine.sum()),
                values,
                note=note and f"taken for {note}",
            )
        )
    return out


def _judged(texts: LanguageTexts, answers: Answers) -> Judged:
    names = tuple(sorted({*texts.langs, *answers.labels}))
    gold, guess = numbers(names, texts.langs), numbers(names, answers.labels)
    scores = answers.columns(names)
    best = scores.argmax(axis=1)
    sure = scores.max(axis=1).astype(np.float64)
    return Judged("language", names, gold, guess, sure, best == gold, unsure=answers.unsure)
