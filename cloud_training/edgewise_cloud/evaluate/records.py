"""What was measured, as records; and their form in a manifest."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

EVERY_LANGUAGE = "all"
"""The language of a record that counts all languages of a set together."""

SUITES = "slices/"
"""How the names of suites of slices start, as sets."""

SUITE_SPLIT = "suite"
"""The split of a record of a suite: it is no share of real texts, and no mean over test sets counts it."""

CALIBRATION_LIMIT = 0.05
"""Expected calibration error above which a report and a card name a language."""

_CALIBRATION_ROWS = 100
"""With fewer rows the error of a perfectly calibrated model would often lie above that limit."""

_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Record:
    """The figures of one task on one data set, split and language.

    Attributes:
        task: language, sentiment, toxicity or emotion.
        dataset: Name of the set; a view of a set has a name of its own, "sentiment/en_sst:binary".
        split: train, dev or test.
        language: ISO code, or "all" for the languages of the set together.
        rows: Texts measured.
        values: Figures by name, none of them NaN; shares lie between 0 and 1.
        labels: The labels that answers were restricted to; empty when they were free.
        note: What a reader must know, such as a definition of its own.
    """

    task: str
    dataset: str
    split: str
    language: str
    rows: int
    values: Mapping[str, float]
    labels: tuple[str, ...] = ()
    note: str = ""

    @property
    def is_view(self) -> bool:
        """Whether the rows are counted in another record of the same set, too."""
        return ":" in self.dataset

    @property
    def is_suite(self) -> bool:
        """Whether it is about a suite of slices, not about a data set."""
        return self.split == SUITE_SPLIT

    def to_dict(self) -> dict[str, Any]:
        """Return the record as one flat JSON-ready object, rounded to four digits."""
        out: dict[str, Any] = {
            "task": self.task,
            "dataset": self.dataset,
            "split": self.split,
            "language": self.language,
            "rows": self.rows,
        }
        out.update({name: round(value, _DIGITS) for name, value in self.values.items()})
        if self.labels:
            out["labels"] = list(self.labels)
        if self.note:
            out["note"] = self.note
        return out


def finite(values: Mapping[str, float]) -> dict[str, float]:
    """Return the figures that are numbers: what cannot be computed is left out, not written as NaN."""
    return {name: value for name, value in values.items() if math.isfinite(value)}


def manifest_metrics(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Turn records into the list `metrics` of a bundle's manifest: one flat object each, sorted.

    >>> manifest_metrics([Record("emotion", "x", "test", "en", 10, {"ece": 0.54321})])
    [{'task': 'emotion', 'dataset': 'x', 'split': 'test', 'language': 'en', 'rows': 10, 'ece': 0.5432}]
    """

    def place(record: Record) -> tuple[str, str, str, bool, str]:
        every = record.language == EVERY_LANGUAGE
        return record.task, record.dataset, record.split, not every, record.language

    return [record.to_dict() for record in sorted(records, key=place)]


def language_means(records: Sequence[Record], names: Sequence[str]) -> list[dict[str, Any]]:
    """Return for each task the mean of figures over languages, with English and without it.

    A language's figure is the mean over its sets; then every language counts the same. Views, records of all
    languages together, and rows that have one label only (they have no macro F1) are left out.

    Args:
        records: What was measured.
        names: Figures, such as "macro_f1".
    """
    by_task: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        if (
            record.task == "language"
            or record.language == EVERY_LANGUAGE
            or record.is_view
            or record.is_suite
        ):
            continue
        if "macro_f1" in record.values:
            by_task[record.task].append(record)
    return [_means(task, found, names) for task, found in by_task.items()]


def _means(task: str, records: Sequence[Record], names: Sequence[str]) -> dict[str, Any]:
    out: dict[str, Any] = {"task": task, "languages": len({record.language for record in records})}
    for name in names:
        values: dict[str, list[float]] = defaultdict(list)
        for record in records:
            if name in record.values:
                values[record.language].append(record.values[name])
        means = {language: sum(found) / len(found) for language, found in values.items()}
        others = [value for language, value in means.items() if language != "en"]
        if means:
            out[name] = round(sum(means.values()) / len(means), _DIGITS)
        if others:
            out[f"{name}_without_en"] = round(sum(others) / len(others), _DIGITS)
    return out


def calibration_above(
    records: Sequence[Record], task: str, limit: float = CALIBRATION_LIMIT
) -> list[tuple[str, float]]:
    """Return the languages whose expected calibration error lies above a limit, the largest error first.

    A language's error is the mean over its sets, each weighing as much as it has rows; sets with fewer than
    100 rows and views are left out.
    """
    found: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for record in records:
        own = record.task == task and record.language != EVERY_LANGUAGE and not record.is_view
        if own and not record.is_suite and "ece" in record.values and record.rows >= _CALIBRATION_ROWS:
            found[record.language].append((record.rows, record.values["ece"]))
    errors = {
        language: sum(rows * ece for rows, ece in parts) / sum(rows for rows, _ in parts)
        for language, parts in found.items()
    }
    return sorted(((code, ece) for code, ece in errors.items() if ece > limit), key=lambda pair: -pair[1])
