"""N-gram heads that answer alone: no tokenizer, no backend, one small file for every language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from edgewise.bundle.manifest import TaskSpec
from edgewise.engine.heads import Head
from edgewise.engine.second import pooled
from edgewise.engine.tokens import Tokens
from edgewise.ngrams import NgramHeads
from edgewise.ngrams.features import MOST_CHARS, Features
from edgewise.ngrams.heads import POOLED
from edgewise.text.windows import covers_all, windows

BACKEND = "numpy"
"""What runs them."""

_OVERLAP = 100  # characters
_NOTHING = Tokens((), ())
_OWN_SHARE = 0.9
"""What a language's own model counts beside the one of all languages."""

_UNHEARD = -12.0
"""The log-odds of a label that nothing was learned about."""


class PassageReader:
    """Cuts texts into passages and reads the features of each.

    Args:
        ngrams: The heads that are to judge them.
        max_windows: The most passages a text may have.
    """

    def __init__(self, ngrams: NgramHeads, max_windows: int) -> None:
        self._ngrams = ngrams
        self._max_windows = max_windows

    def read(self, text: str) -> Tokens:
        """Return the features of each passage; none when there is nothing to read."""
        if len(text) <= MOST_CHARS:
            features = self._ngrams.read(text)
            return Tokens((features,), (len(text),)) if len(features.keys) else _NOTHING
        spans = self.passages(text)
        rows = [self._ngrams.read(text[start:end]) for start, end in spans]
        if not any(len(row.keys) for row in rows):
            return _NOTHING
        return Tokens(rows, [end - start for start, end in spans], covers_all(spans, len(text)))

    def passages(self, text: str) -> list[tuple[int, int]]:
        """Return the characters `(start, end)` that each row of `read` stands for."""
        return windows(len(text), MOST_CHARS, _OVERLAP, self._max_windows)


class NgramModel:
    """Features of passages in, log-odds out. Safe to use from many threads.

    Args:
        tasks: Its tasks in the manifest.
        ngrams: Its heads.
        max_windows: The most passages a text may have.

    Attributes:
        tokenizer: What reads texts.
        heads: How to read its outputs, by task.
    """

    def __init__(self, tasks: Mapping[str, TaskSpec], ngrams: NgramHeads, max_windows: int) -> None:
        self.tokenizer = PassageReader(ngrams, max_windows)
        self.heads: dict[str, Head] = {task: Head(task_spec) for task, task_spec in tasks.items()}
        self._ngrams = ngrams
        self._covers = lru_cache(maxsize=256)(ngrams.covers)
        self._silent = {task: [_UNHEARD] * len(head.labels) for task, head in self.heads.items()}

    def logits(
        self, rows: Sequence[Any], tasks: Sequence[str], rows_per_run: int
    ) -> dict[str, list[list[float]]]:
        """Return nothing yet, one empty list a row: what heads say depends on the language."""
        del rows_per_run
        return {task: [[] for _ in rows] for task in tasks}

    def settle(
        self,
        logits: Mapping[str, Sequence[Sequence[float]]],
        rows: Sequence[Any],
        text: str,
        language: str | None,
    ) -> Mapping[str, Sequence[Sequence[float]]]:
        """Return the log-odds of each passage of a text.

        Args:
            logits: What `logits` returned; its tasks are answered.
            rows: Features of each passage.
            text: The text, which is not read again.
            language: Its language; None, or one without a model of its own: the one of all languages answers.
        """
        tasks = tuple(logits)
        said = [self.judge_row(features, tasks, text, language) for features in rows]
        return {task: [each[task] for each in said] for task in tasks}

    def judge_row(
        self, row: Features, tasks: Sequence[str], text: str, language: str | None
    ) -> Mapping[str, Sequence[float]]:
        """Do the same of one passage, task by task.

        Args:
            row: Its features.
            tasks: The tasks to answer.
            text: See `settle`.
            language: See `settle`.
        """
        del text
        alone = self._covers(language, tuple(tasks))
        own = self._ngrams.log_odds(row, language) if language is not None or alone else {}
        if alone:
            return {task: own[task] for task in tasks}
        general = self._ngrams.log_odds(row, POOLED)
        found: dict[str, Sequence[float]] = {}
        for task in tasks:
            first = _heard(general.get(task) or self._silent[task])
            found[task] = pooled(first, own.get(task), _OWN_SHARE)
        return found

    def close(self) -> None:
        """There is nothing to free."""


def _heard(values: Sequence[float]) -> Sequence[float]:
    """Return log-odds with a low figure where there is nothing to say."""
    return [_UNHEARD if value != value else value for value in values]
