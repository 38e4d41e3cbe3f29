"""From analyses to the values of the columns that are added to a table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from edgewise.cli.tables.model import Answer, Column
from edgewise.errors import InputError
from edgewise.labels import LABELS, TASKS, TOXICITY
from edgewise.results import Analysis, Prediction

if TYPE_CHECKING:
    from edgewise.analyzer import Analyzer

PREFIX = "edgewise_"
ERROR = f"{PREFIX}error"
_DIGITS = 6


def new_columns(tasks: Sequence[str], explain: bool = False) -> tuple[Column, ...]:
    """Return the columns that are added, the error column last.

    >>> [column.name.removeprefix(PREFIX) for column in new_columns(["language"])]
    ['language', 'language_score', 'unsure', 'truncated', 'error']

    Args:
        tasks: The tasks that are answered; the language always is.
        explain: Whether the words that made it so are added.
    """
    columns = []
    for task in _ordered(tasks):
        columns += [Column(PREFIX + task), Column(f"{PREFIX}{task}_score", "float")]
        columns += [Column(f"{PREFIX}{label}_score", "float") for label in _attributes(task)]
    columns += [Column(f"{PREFIX}unsure", "bool"), Column(f"{PREFIX}truncated", "bool")]
    if explain:
        columns.append(Column(f"{PREFIX}spans", "json"))
    return (*columns, Column(ERROR))


def values(analysis: Analysis, tasks: Sequence[str], explain: bool = False) -> list[Any]:
    """Return the values of the new columns, without the error column, in the order of `new_columns`."""
    found: list[Any] = []
    for task in _ordered(tasks):
        prediction: Prediction | None = getattr(analysis, task)
        scores: Mapping[str, float] = prediction.scores if prediction else {}
        found += [prediction.label, _rounded(prediction.score)] if prediction else [None, None]
        found += [_rounded(scores.get(label)) for label in _attributes(task)]
    found += [analysis.unsure, analysis.truncated]
    if explain:
        found.append([{**span.to_dict(), "weight": _rounded(span.weight)} for span in analysis.spans])
    return found


class Answers:
    """Analyses the texts of a chunk of rows."""

    def __init__(
        self,
        analyzer: Analyzer,
        tasks: Sequence[str],
        thresholds: Mapping[str, Any] | None = None,
        batch_size: int = 64,
        explain: bool = False,
    ) -> None:
        """Remember how to analyse.

        Args:
            analyzer: Does the work.
            tasks: The tasks to answer.
            thresholds: As for `Analyzer.analyze`.
            batch_size: The most texts that a run of the model gets.
            explain: Whether to say which words made it so; texts are then analysed one at a time.
        """
        self._analyzer = analyzer
        self._tasks = tuple(tasks)
        self._thresholds = thresholds
        self._batch_size = batch_size
        self._explain = explain

    def __call__(self, texts: Sequence[str]) -> list[Answer]:
        """Answer every text; what one text makes go wrong is its answer."""
        if self._explain:
            found: Sequence[Analysis | InputError] = [self._one(text) for text in texts]
        else:
            found = self._analyzer.analyze_batch(
                texts, batch_size=self._batch_size, thresholds=self._thresholds, on_error="return"
            )
        nothing = [None] * (len(new_columns(self._tasks, self._explain)) - 1)
        return [
            (None, values(each, self._tasks, self._explain))
            if isinstance(each, Analysis)
            else (str(each), nothing)
            for each in found
        ]

    def _one(self, text: str) -> Analysis | InputError:
        try:
            return self._analyzer.analyze(text, explain=True, thresholds=self._thresholds)
        except InputError as error:
            return error


def identity(manifest: Any) -> str:
    """Name a bundle so that two with different contents never have the same name: its version and a hash.

    Args:
        manifest: The bundle's manifest, which holds the hashes of all its files.
    """
    digest = hashlib.sha256(json.dumps(dict(manifest.raw), sort_keys=True).encode("utf-8")).hexdigest()
    return f"{manifest.name} {manifest.version} {digest[:16]}"


def _ordered(tasks: Sequence[str]) -> list[str]:
    return [task for task in TASKS if task in tasks or task == TASKS[0]]


def _attributes(task: str) -> list[str]:
    """Labels whose scores get a column of their own: those of a task that may give several."""
    return [label for label in LABELS.get(task, ()) if label != TOXICITY] if task == TOXICITY else []


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(float(score), _DIGITS)
