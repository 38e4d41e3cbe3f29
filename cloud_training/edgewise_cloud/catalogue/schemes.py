"""What the labels of each data set mean: schemes.json as dataclasses.

Sets differ. One has no neutral class, another counts untargeted profanity as harmless, a third marks one kind
of abuse a row. A scheme says what a set annotates, so that everything else can be masked instead of guessed.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class SentimentScheme:
    """A sentiment set: the labels it has (binary sets lack neutral), its weight and its named sub-views."""

    labels: tuple[str, ...]
    weight: float
    views: Mapping[str, tuple[str, ...]]
    join_blanks: bool
    note: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A refinement by native label: where it matches, attributes are set, or masked if negative."""

    native: re.Pattern[str]
    values: Mapping[str, float]
    mask: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToxicityScheme:
    """A toxicity set.

    Attributes:
        definition: What "toxic" means in it.
        toxicity: "all" when both classes serve the label `toxicity`; "positives" when only toxic rows do
            (hate-only and insult-only sets, whose negatives may be abusive in another way).
        full: Attributes marked on every row: absent means negative.
        exclusive: Attributes of a single choice: on a toxic row those not chosen are unknown, on a non-toxic
            row they are negative.
        rules: Refinements by native label, applied last.
        weight: Share of trust, 0 to 1.
        prevalence: (toxic rows, all rows) of the published test split, where ours is a balanced sample of it.
        note: Remark for readers.
    """

    definition: str
    toxicity: str
    full: tuple[str, ...]
    exclusive: tuple[str, ...]
    rules: tuple[Rule, ...]
    weight: float
    prevalence: tuple[int, int] | None
    note: str


@dataclass(frozen=True, slots=True)
class EmotionScheme:
    """An emotion set: the labels it annotates, fewer in some languages (`lacks`), one or several a row."""

    labels: tuple[str, ...]
    multi: bool
    weight: float
    lacks: Mapping[str, tuple[str, ...]]
    note: str

    def labels_in(self, language: str) -> tuple[str, ...]:
        """Return the labels that the set annotates in one language."""
        missing = self.lacks.get(language, ())
        return tuple(label for label in self.labels if label not in missing)


Scheme = SentimentScheme | ToxicityScheme | EmotionScheme


@dataclass(frozen=True, slots=True)
class Schemes:
    """All schemes by file stem, and the map from the files' kinds of abuse to Perspective's attributes."""

    kinds: Mapping[str, str]
    by_task: Mapping[str, Mapping[str, Scheme]] = field(repr=False)


def _rule(entry: Mapping[str, Any]) -> Rule:
    values = {name: float(value) for name, value in entry.get("set", {}).items()}
    return Rule(re.compile(entry["native"]), values, tuple(entry.get("mask", ())))


def _sentiment(entry: Mapping[str, Any]) -> SentimentScheme:
    views = {name: tuple(labels) for name, labels in entry.get("views", {}).items()}
    return SentimentScheme(
        tuple(entry["labels"]),
        float(entry["weight"]),
        views,
        bool(entry.get("join_blanks")),
        entry.get("note", ""),
    )


def _toxicity(entry: Mapping[str, Any]) -> ToxicityScheme:
    published = entry.get("prevalence")
    return ToxicityScheme(
        definition=entry["definition"],
        toxicity=entry["toxicity"],
        full=tuple(entry.get("full", ())),
        exclusive=tuple(entry.get("exclusive", ())),
        rules=tuple(_rule(rule) for rule in entry.get("rules", ())),
        weight=float(entry["weight"]),
        prevalence=(published["toxic"], published["of"]) if published else None,
        note=entry.get("note", ""),
    )


def _emotion(entry: Mapping[str, Any]) -> EmotionScheme:
    lacks = {language: tuple(labels) for language, labels in entry.get("lacks", {}).items()}
    return EmotionScheme(
        tuple(entry["labels"]), bool(entry["multi"]), float(entry["weight"]), lacks, entry.get("note", "")
    )


def parse_schemes(raw: Mapping[str, Any]) -> Schemes:
    """Build the schemes from the JSON form of schemes.json."""
    return Schemes(
        kinds=dict(raw["kinds"]),
        by_task={
            "sentiment": {stem: _sentiment(entry) for stem, entry in raw["sentiment"].items()},
            "toxicity": {stem: _toxicity(entry) for stem, entry in raw["toxicity"].items()},
            "emotion": {stem: _emotion(entry) for stem, entry in raw["emotion"].items()},
        },
    )


@cache
def packaged_schemes() -> Schemes:
    """Return the schemes that ship with the package."""
    return parse_schemes(json.loads((files(__package__) / "schemes.json").read_text(encoding="utf-8")))
