"""From the logits of one task to a calibrated answer.

Plain floats throughout: a task has a handful of labels, for which numpy's fixed cost per call is most of the
time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp

from edgewise.bundle.manifest import TaskSpec
from edgewise.labels import NON_TOXIC, TOXIC, TOXICITY
from edgewise.results import Prediction

NO_THRESHOLDS: Mapping[str, float] = {}
"""Use the model's own."""

_NEUTRAL = "neutral"


class Head:
    """Reads one output of a model. Never changed after it is made but for caches, so threads share it.

    Args:
        spec: The task in the manifest.

    Attributes:
        labels: Labels in the order of the output's columns.
        blank: The scores of a text that has nothing to judge: every label as likely as the next where one of
            them must be right, otherwise none at all.
    """

    def __init__(self, spec: TaskSpec) -> None:
        self.labels = spec.labels
        self._spec = spec
        self._one_is_right = spec.activation == "softmax"
        self._main = spec.labels.index(TOXICITY) if TOXICITY in spec.labels else None
        self._margin = spec.unsure_margin
        # The share that moves a threshold back to where it was.
        self._back = None if spec.share is None else 1.0 - spec.share
        self.blank = [1.0 / len(self.labels) if self._one_is_right else 0.0] * len(self.labels)
        self._tuned: dict[str | None, tuple[float, dict[str, float]]] = {}

    def answer(
        self, logits: Sequence[float], language: str | None, thresholds: Mapping[str, float] = NO_THRESHOLDS
    ) -> Prediction:
        """Return what `predict` says of the `scores` of one window: most texts have but one.

        The same figures in one go, label by label: a text waits for it, and every call counts.

        Args:
            logits: See `scores`.
            language: See `scores` and `predict`.
            thresholds: See `predict`.
        """
        if self._one_is_right is (self._main is not None):
            return self.predict(self.scores(logits, language), language, thresholds)
        temperature, limits = self._tuned.get(language) or self._tune(language)
        if thresholds:
            limits = {**limits, **thresholds}
        found = {}
        if self._one_is_right:
            top = max(logits)
            weights = []
            for logit in logits:
                weights.append(exp((logit - top) / temperature))
            total = sum(weights)
            best, likeliest = -1.0, ""
            for label, weight in zip(self.labels, weights, strict=True):
                found[label] = score = weight / total
                if score > best:
                    best, likeliest = score, label
            limit = limits[likeliest]
            return Prediction(likeliest, best, found, limit, best < limit, (likeliest,))
        given: tuple[str, ...] = ()
        for label, logit in zip(self.labels, logits, strict=True):
            value = logit / temperature
            if value >= 0.0:
                score = 1.0 / (1.0 + exp(-value))
            else:
                small = exp(value)
                score = small / (1.0 + small)
            found[label] = score
            if score >= limits[label]:
                given += (label,)
        return self._toxic(found, limits[TOXICITY], given)

    def scores(self, logits: Sequence[float], language: str | None) -> list[float]:
        """Return calibrated probabilities, one a label.

        Args:
            logits: One finite number a label.
            language: The language whose calibration to use, None for the general one.
        """
        temperature, _ = self._tuned.get(language) or self._tune(language)
        if self._one_is_right:
            top = max(logits)
            weights = [exp((logit - top) / temperature) for logit in logits]
            total = sum(weights)
            return [weight / total for weight in weights]
        found = []
        for logit in logits:  # in a form that never overflows, however far from 0 a logit is
            value = logit / temperature
            if value >= 0.0:
                found.append(1.0 / (1.0 + exp(-value)))
            else:
                small = exp(value)
                found.append(small / (1.0 + small))
        return found

    def pool(self, rows: Sequence[Sequence[float]], weights: Sequence[int]) -> Sequence[float]:
        """Make one answer of the answers for a text's windows.

        Args:
            rows: Probabilities of each window; without any the text is blank.
            weights: Tokens of each window.
        """
        if len(rows) < 2:
            return rows[0] if rows else self.blank
        columns = list(zip(*rows, strict=True))
        if self._spec.pooling == "max":
            tops = [max(column) for column in columns]
            return _to_one(tops) if self._one_is_right else tops
        total = sum(weights)
        return [
            min(1.0, sum(score * weight for score, weight in zip(column, weights, strict=True)) / total)
            for column in columns
        ]

    def shares(self, rows: Sequence[Sequence[float]], weights: Sequence[int], column: int) -> list[float]:
        """Return how much each window has to say in the pooled score of a label, 0 to 1.

        Args:
            rows: Probabilities of each window, at least one.
            weights: Tokens of each window.
            column: Index of the label.
        """
        if self._spec.pooling == "max":
            best = max(range(len(rows)), key=lambda window: rows[window][column])
            return [float(window == best) for window in range(len(rows))]
        total = sum(weights)
        return [weight / total for weight in weights]

    def predict(
        self,
        scores: Sequence[float],
        language: str | None,
        thresholds: Mapping[str, float] = NO_THRESHOLDS,
    ) -> Prediction:
        """Compare probabilities with thresholds.

        For toxicity its main attribute decides between toxic and non-toxic, unsure within the task's margin
        of the threshold. Elsewhere the likeliest label is the answer, unsure below its threshold.

        Args:
            scores: What `scores` or `pool` returned.
            language: The language whose thresholds to use, None for the general ones.
            thresholds: Thresholds by label that replace the model's.
        """
        _, limits = self._tuned.get(language) or self._tune(language)
        if thresholds:
            limits = {**limits, **thresholds}
        by_label = dict(zip(self.labels, scores, strict=True))
        if self._main is None:
            score = max(scores)
            label = self.labels[scores.index(score)]
            limit = limits[label]
            return Prediction(label, score, by_label, limit, score < limit, (label,))
        given = tuple([label for label in self.labels if by_label[label] >= limits[label]])
        return self._toxic(by_label, limits[TOXICITY], given)

    def limit(
        self, label: str, language: str | None, thresholds: Mapping[str, float] = NO_THRESHOLDS
    ) -> float:
        """Return the threshold of a label; see `predict`."""
        _, limits = self._tuned.get(language) or self._tune(language)
        return thresholds.get(label, limits[label])

    def predict_blank(self, thresholds: Mapping[str, float] = NO_THRESHOLDS) -> Prediction:
        """Return the answer for a text that has nothing to judge.

        Neutral and unsure; for toxicity non-toxic.
        """
        guess = self.predict(self.blank, None, thresholds)
        if self._main is not None:
            return guess
        label = _NEUTRAL if _NEUTRAL in self.labels else guess.label
        threshold = self.limit(label, None, thresholds)
        return Prediction(label, guess.scores[label], guess.scores, threshold, True, (label,))

    def _toxic(self, scores: dict[str, float], limit: float, given: tuple[str, ...]) -> Prediction:
        """Let the main attribute decide between toxic and non-toxic."""
        score = scores[TOXICITY]
        unsure = abs(score - limit) < self._margin if self._back is None else self._is_close(score, limit)
        return Prediction(TOXIC if score >= limit else NON_TOXIC, score, scores, limit, unsure, given)

    def _is_close(self, score: float, limit: float) -> bool:
        """Tell whether a score is too close to a threshold that was moved: seen from where it was."""
        from edgewise.engine.thresholds import at_share

        back = self._back or 0.5
        return abs(at_share(score, back) - at_share(limit, back)) < self._margin

    def _tune(self, language: str | None) -> tuple[float, dict[str, float]]:
        """Return the temperature and the thresholds of a language."""
        limits = {label: self._spec.threshold_for(label, language) for label in self.labels}
        found = self._tuned[language] = self._spec.temperature_for(language), limits
        return found


def _to_one(weights: list[float]) -> list[float]:
    total = sum(weights)
    return [weight / total for weight in weights]
