"""One gate: which rows, which figure, which limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from edgewise.labels import TOXICITY
from edgewise_cloud.gates.bootstrap import RESAMPLES

EVERY = "*"
"""Stands for every set, or every language."""

Over = Literal["rows", "languages", "worst"]


@dataclass(frozen=True, slots=True)
class Gate:
    """A demand on a model.

    Attributes:
        task: language, sentiment, toxicity or emotion.
        metric: Name of a figure, see `edgewise_cloud.gates.metrics.METRICS`.
        dataset: Name of a set; "*" for all but suites of slices, or with `slice` for all.
        language: Language code, or "*".
        split: Of the rows.
        slice: Tags that a row must all carry.
        at_least: The figure must not be below this.
        at_most: The figure must not be above this.
        not_worse_than_champion_by: How much worse than the champion's the figure may be.
        min_rows: With fewer rows nothing is said.
        confidence: Of the interval, and 1 minus the level of the comparison with the champion.
        strict: Whether the whole interval must keep to the limits, instead of the figure.
        required: Whether what could not be measured counts as failed.
        over: What the figure is of: all rows together, the mean over languages (each the mean of its sets),
            or the worst set and language.
        attribute: Of toxicity, the attribute that is judged.
        labels: Only rows with one of these right labels count, and no other answer is allowed; empty for all.
        merge: Labels that count as another one.
        prevalence: (positive, all) rows of a published split to which rows are weighted.
        note: Remark for readers.
    """

    task: str
    metric: str
    dataset: str = EVERY
    language: str = EVERY
    split: str = "test"
    slice: tuple[str, ...] = ()
    at_least: float | None = None
    at_most: float | None = None
    not_worse_than_champion_by: float | None = None
    min_rows: int = 100
    confidence: float = 0.95
    strict: bool = False
    required: bool = True
    over: Over = "rows"
    attribute: str = TOXICITY
    labels: tuple[str, ...] = ()
    merge: Mapping[str, str] = field(default_factory=dict)
    prevalence: tuple[int, int] | None = None
    note: str = ""

    @property
    def name(self) -> str:
        """What the gate is about, in a few words; the same for the same rows and figure.

        >>> Gate("sentiment", "accuracy", "sentiment/en_sst", labels=("negative", "positive")).name
        'sentiment accuracy, sentiment/en_sst, only negative|positive'
        """
        figure = self.metric if self.attribute == TOXICITY else f"{self.metric} of {self.attribute}"
        parts = [f"{self.task} {figure}"]
        parts += [self.dataset] if self.dataset != EVERY else []
        parts += [self.language] if self.language != EVERY else []
        parts += [" ".join(self.slice)] if self.slice else []
        parts += [f"only {'|'.join(self.labels)}"] if self.labels else []
        parts += [f"{old} as {new}" for old, new in self.merge.items()]
        parts += [f"prevalence {self.prevalence[0]}/{self.prevalence[1]}"] if self.prevalence else []
        parts += {"rows": [], "languages": ["mean over languages"], "worst": ["worst language"]}[self.over]
        parts += [self.split] if self.split != "test" else []
        return ", ".join(parts)

    @property
    def limits(self) -> str:
        """The limits as a person writes them; empty where there are none."""
        parts = []
        if self.at_least is not None:
            parts.append(f">= {self.at_least:g}")
        if self.at_most is not None:
            parts.append(f"<= {self.at_most:g}")
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Gates:
    """A file of gates.

    Attributes:
        name: Name of the file, without its ending.
        gates: At least one.
        about: What they are for.
        resamples: Draws of each bootstrap.
        seed: Of these draws.
    """

    name: str
    gates: tuple[Gate, ...]
    about: str = ""
    resamples: int = RESAMPLES
    seed: int = 0
