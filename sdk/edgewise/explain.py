"""Which words made an answer so: each is hidden in turn, and what its label then loses is its weight.

This is occlusion (Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", 2014) with words
in the place of image patches. It asks nothing of the model but answers, and its weights are in the unit of
the answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from edgewise.labels import NON_TOXIC, TOXICITY
from edgewise.results import Prediction, Span
from edgewise.text.words import words

if TYPE_CHECKING:
    from edgewise.engine.heads import Head
    from edgewise.engine.reading import Job, Reading

Place = tuple[int, int]

PARTS = 64
"""The most parts of a passage that are hidden in turn.

Where there are more words, neighbours share a part first.
"""

PASSAGES = 4
"""The most passages (windows of a long text) that are looked into, those that decided most."""

TOP = 5
"""The most spans a task gets."""

LEAST = 0.0005
"""The least weight worth a span."""

LEAST_SHARE = 0.1
"""The least weight worth a span, as a share of the task's heaviest."""


def explain(reading: Reading, answers: Mapping[str, Prediction], rows_per_run: int) -> tuple[Span, ...]:
    """Return the words that speak for each answer, task by task, the weightiest first.

    A text that is clearly not toxic has no words that made it so, and gets no spans for it.

    In a text of several windows the windows that decided most are looked into, each as if it were the whole
    text; a weight then counts as much as the window has to say in the answer.

    Args:
        reading: A text that the encoders have answered for.
        answers: Its answers by task.
        rows_per_run: The most rows a run of a model may have.

    Returns:
        Spans of the original text.

    Raises:
        BackendRunError: A model failed.
    """
    found: list[Span] = []
    for job in reading.jobs:
        if job.tokens.rows:
            found += _Occlusion(reading, job, answers, rows_per_run).spans()
    return tuple(found)


class _Occlusion:
    """One encoder's answers for one text, and what becomes of them when words are hidden."""

    def __init__(
        self, reading: Reading, job: Job, answers: Mapping[str, Prediction], rows_per_run: int
    ) -> None:
        self._reading = reading
        self._job = job
        self._rows_per_run = rows_per_run
        self._labels = {task: _label(answers[task]) for task in job.tasks if _is_worth_it(answers[task])}
        self._columns = {task: self._head(task).labels.index(label) for task, label in self._labels.items()}

    def spans(self) -> list[Span]:
        """Return the weightiest words of each task."""
        if not self._labels:
            return []
        weights: dict[str, dict[Place, float]] = {task: {} for task in self._labels}
        passages = self._job.encoder.tokenizer.passages(self._reading.normalized.text)
        for window, shares in self._decisive():
            for task, falls in self._weigh(passages[window]).items():
                known = weights[task]
                for place, fall in falls.items():
                    known[place] = max(known.get(place, 0.0), fall * shares[task])
        return [span for task, falls in weights.items() for span in self._top(task, falls)]

    def _decisive(self) -> list[tuple[int, dict[str, float]]]:
        """Return the windows to look into, each with its share in each task's answer."""
        shares = {
            task: self._head(task).shares(self._job.scores[task], self._job.tokens.weights, column)
            for task, column in self._columns.items()
        }
        says = [
            max(
                shares[task][window] * self._job.scores[task][window][column]
                for task, column in self._columns.items()
            )
            for window in range(len(self._job.tokens.rows))
        ]
        best = sorted(range(len(says)), key=lambda window: -says[window])[:PASSAGES]
        return [(window, {task: shares[task][window] for task in shares}) for window in best]

    def _weigh(self, passage: Place) -> dict[str, dict[Place, float]]:
        """Return by task how far its label falls when each word of a passage is hidden."""
        parts = _parts(words(self._reading.normalized.text[passage[0] : passage[1]]), PARTS)
        places = [(passage[0] + part[0][0], passage[0] + part[-1][1]) for part in parts]
        falls = self._falls(passage, places)
        if all(len(part) == 1 for part in parts):
            return falls
        heaviest = sorted(range(len(parts)), key=lambda at: -max(falls[task][places[at]] for task in falls))
        single: list[Place] = []
        for at in heaviest:
            if len(single) + len(parts[at]) > PARTS:
                break
            single += [(passage[0] + start, passage[0] + end) for start, end in parts[at]]
        return self._falls(passage, single)

    def _falls(self, passage: Place, places: Sequence[Place]) -> dict[str, dict[Place, float]]:
        text = self._reading.normalized.text
        start, end = passage
        whole, *rest = self._scores(
            [text[start:end], *(text[start : place[0]] + text[place[1] : end] for place in places)]
        )
        return {
            task: {place: whole[task] - scores[task] for place, scores in zip(places, rest, strict=True)}
            for task in self._columns
        }

    def _scores(self, texts: Sequence[str]) -> list[dict[str, float]]:
        """Return each text's score for the label of each task; only the first window of a text counts."""
        read = [self._job.encoder.tokenizer.read(text).rows[:1] for text in texts]
        rows = [row for rows in read for row in rows]
        encoder, language = self._job.encoder, self._reading.calibration
        logits = encoder.logits(rows, tuple(self._labels), self._rows_per_run) if rows else {}
        found: list[dict[str, float]] = []
        place = 0
        for text, own in zip(texts, read, strict=True):
            if own:
                one = {task: logits[task][place : place + 1] for task in self._columns}
                settled = encoder.settle(one, own, text, language)
                scores = {task: self._head(task).scores(settled[task][0], language) for task in self._columns}
            else:
                scores = {task: self._head(task).blank for task in self._columns}
            found.append({task: scores[task][column] for task, column in self._columns.items()})
            place += len(own)
        return found

    def _top(self, task: str, falls: Mapping[Place, float]) -> list[Span]:
        heaviest = sorted(falls.items(), key=lambda item: (-item[1], item[0]))[:TOP]
        least = max(LEAST, LEAST_SHARE * heaviest[0][1]) if heaviest else LEAST
        return [self._span(task, place, fall) for place, fall in heaviest if fall >= least]

    def _span(self, task: str, place: Place, weight: float) -> Span:
        start, end = self._reading.normalized.to_original(*place)
        return Span(start, end, self._reading.text[start:end], task, self._labels[task], weight)

    def _head(self, task: str) -> Head:
        return self._job.encoder.heads[task]


def _is_worth_it(answer: Prediction) -> bool:
    """Whether there is anything to explain."""
    return TOXICITY not in answer.scores or bool(answer.labels) or answer.unsure


def _label(answer: Prediction) -> str:
    """Return the label whose score is explained.

    For toxicity its main attribute; where only other attributes were given, the likeliest of them.
    """
    if TOXICITY not in answer.scores:
        return answer.label
    if answer.label == NON_TOXIC and answer.labels:
        return max(answer.labels, key=lambda label: answer.scores[label])
    return TOXICITY


def _parts(places: Sequence[Place], limit: int) -> list[list[Place]]:
    """Cut words into at most `limit` runs of neighbours.

    >>> _parts([(0, 1), (2, 3), (4, 5)], 2)
    [[(0, 1), (2, 3)], [(4, 5)]]
    """
    size = max(1, -(-len(places) // limit))
    return [list(places[start : start + size]) for start in range(0, len(places), size)]
