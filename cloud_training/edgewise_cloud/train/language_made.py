"""Made lines: a line of a close language rewritten with hand-written rules, and lists of frequent words.

The same tables tell strays: lines that stand under a language but are in its neighbour.

What a language lacks in training text is told here as facts: which word, root or ending of one language
stands for which of its neighbour (`language_rules/*.json`), which words are frequent (`language_words.json`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_ENDS = re.compile(r"[\^$]")
_TOKEN = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Making:
    """Lines of `source` rewritten become lines of `target`: `share` lines for each line of the source."""

    source: str
    target: str
    share: float


@dataclass(frozen=True, slots=True)
class Rules:
    """How a language differs from its neighbours.

    Each row of a table names the same thing in each of `languages`; of `a|b` one is chosen by chance.

    Attributes:
        languages: Of the columns.
        makings: Which lines are made.
        strays: Pairs of a language and the neighbour whose lines are found among its own.
        words: Whole words, and phrases.
        roots: Parts of words; `^` and `$` bind them to its start and end.
        endings: Ends of words of at least `shortest` letters, the longest first.
        shortest: See `endings`.
        untouched: Words of the first language that no root and no ending changes.
    """

    languages: tuple[str, ...]
    makings: tuple[Making, ...]
    strays: tuple[tuple[str, str], ...]
    words: tuple[tuple[str, ...], ...]
    roots: tuple[tuple[str, ...], ...]
    endings: tuple[tuple[str, ...], ...]
    shortest: int
    untouched: frozenset[str]


def parse_rules(raw: Mapping[str, Any]) -> Rules:
    """Read the rules of one file; stems of a paradigm are spelt out as words.

    Raises:
        KeyError: something that every file has is missing.
        ValueError: a row does not have one cell a language, or a making names another language.
    """
    languages = tuple(raw["languages"])
    words = [tuple(row) for row in raw["words"]]
    for paradigm in raw.get("paradigms", []):
        for stem in paradigm["stems"]:
            words += [tuple(stem + end for end in row) for row in paradigm["endings"]]
    roots = [tuple(row) for row in raw.get("roots", [])]
    endings = [tuple(row) for row in raw.get("endings", [])]
    for row in [*words, *roots, *endings]:
        if len(row) != len(languages):
            raise ValueError(f"{row} does not have one cell for each of {', '.join(languages)}")
    makings = tuple(Making(each["from"], each["to"], float(each["share"])) for each in raw.get("makings", []))
    strays = tuple((one, two) for one, two in raw.get("strays", []))
    for pair in [*((making.source, making.target) for making in makings), *strays]:
        if not set(pair) <= set(languages):
            raise ValueError(f"{pair} names a language that is none of {', '.join(languages)}")
    return Rules(
        languages,
        makings,
        strays,
        tuple(words),
        tuple(roots),
        tuple(endings),
        int(raw.get("shortest", 1)),
        frozenset(raw.get("untouched", [])),
    )


@cache
def packaged_rules() -> tuple[Rules, ...]:
    """Return the rules of every file of `language_rules`."""
    folder = files("edgewise_cloud.train").joinpath("language_rules")
    names = sorted(each.name for each in folder.iterdir() if each.name.endswith(".json"))
    return tuple(parse_rules(json.loads(folder.joinpath(name).read_text(encoding="utf-8"))) for name in names)


@cache
def frequent_words() -> dict[str, list[str]]:
    """Return frequent words and phrases of languages that have little text."""
    text = files("edgewise_cloud.train").joinpath("language_words.json").read_text(encoding="utf-8")
    found: dict[str, list[str]] = json.loads(text)
    return found


class Rewriter:
    """Rewrites lines of one language as its neighbour would put them."""

    def __init__(self, rules: Rules, source: str, target: str, seed: int) -> None:
        """Take the columns of two languages; `seed` decides between what stands for the same."""
        self._rng = np.random.default_rng(seed)
        one, two = rules.languages.index(source), rules.languages.index(target)
        self._words = _table(rules.words, one, two)
        self._same = frozenset(
            word for row in rules.words for word in row[one].split("|") if word in row[two].split("|")
        ) | (rules.untouched if one == 0 else frozenset())
        phrases = sorted((key for key in self._words if " " in key), key=len, reverse=True)
        self._phrases = re.compile(rf"\b(?:{'|'.join(map(re.escape, phrases))})\b") if phrases else None
        roots = _table(rules.roots, one, two)
        self._roots = {_ENDS.sub("", key): _ENDS.sub("", value) for key, value in roots.items()}
        bound = sorted(roots, key=lambda key: len(_ENDS.sub("", key)), reverse=True)
        self._root = re.compile("|".join(bound)) if bound else None
        self._endings = _table(rules.endings, one, two)
        self._lengths = sorted({len(end) for end in self._endings}, reverse=True)
        self._shortest = rules.shortest

    def line(self, text: str) -> tuple[str, int]:
        """Return a line rewritten, and in how many places."""
        changes = 0

        def put(match: re.Match[str]) -> str:
            nonlocal changes
            old = match[0]
            new = self._word(old.lower())
            if new == old.lower():
                return old
            changes += 1
            if old.isupper() and len(old) > 1:
                return new.upper()
            return new[0].upper() + new[1:] if old[0].isupper() else new

        if self._phrases is not None:
            text, changes = self._phrases.subn(lambda match: self._choice(self._words[match[0]]), text)
        return _WORD.sub(put, text), changes

    def _choice(self, value: str) -> str:
        options = value.split("|")
        return options[0] if len(options) == 1 else options[int(self._rng.integers(len(options)))]

    def _word(self, word: str) -> str:
        known = self._words.get(word)
        if known is not None:
            return self._choice(known)
        if word in self._same:
            return word
        if self._root is not None:
            word = self._root.sub(lambda match: self._roots[match[0]], word)
        if len(word) >= self._shortest:
            for length in self._lengths:
                end = self._endings.get(word[-length:]) if length < len(word) else None
                if end is not None:
                    return word[:-length] + self._choice(end)
        return word


def _table(rows: Sequence[tuple[str, ...]], one: int, two: int) -> dict[str, str]:
    """Map each cell of a column to the other column; what may stay stays, else the first row decides."""
    found: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: row[one] != row[two]):
        for key in row[one].split("|"):
            found.setdefault(key, row[two])
    return {key: value for key, value in found.items() if key != value}


class Strays:
    """Tells lines that stand under a language but are in its neighbour."""

    def __init__(self, rules: Sequence[Rules]) -> None:
        """Take the words that only one of two neighbours uses."""
        self._words: dict[str, list[tuple[frozenset[str], frozenset[str]]]] = {}
        for each in rules:
            columns = [
                frozenset(word for row in each.words for word in row[place].split("|"))
                for place in range(len(each.languages))
            ]
            for language, neighbour in each.strays:
                own, other = (columns[each.languages.index(name)] for name in (language, neighbour))
                self._words.setdefault(language, []).append((own - other, other - own))

    def has(self, text: str, language: str) -> bool:
        """Return whether a line has more words of a neighbour alone than words of its language alone."""
        pairs = self._words.get(language)
        if pairs is None:
            return False
        words = _TOKEN.findall(text.lower())
        return any(
            sum(word in other for word in words) > sum(word in own for word in words) for own, other in pairs
        )


def made_lines(
    lines: Mapping[str, Sequence[str]], rules: Sequence[Rules], words: Mapping[str, Sequence[str]], seed: int
) -> dict[str, list[str]]:
    """Make lines.

    Args:
        lines: Real lines by class.
        rules: Of close languages.
        words: Frequent words by class, each of which becomes a line.
        seed: Of every choice.

    Returns:
        Made lines by class. A making whose source has no line makes none.
    """
    made: dict[str, list[str]] = {name: list(found) for name, found in words.items()}
    for each in rules:
        for place, making in enumerate(each.makings):
            source = lines.get(making.source, ())
            rewriter = Rewriter(each, making.source, making.target, seed + place)
            order = np.random.default_rng(seed).permutation(len(source))[: round(making.share * len(source))]
            made.setdefault(making.target, []).extend(rewriter.line(source[row])[0] for row in order)
    return {name: found for name, found in made.items() if found}
