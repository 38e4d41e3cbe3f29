"""Which language a text is in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from edgewise.bundle.manifest import TaskSpec
from edgewise.engine.heads import NO_THRESHOLDS, Head
from edgewise.labels import UNDETERMINED
from edgewise.results import Prediction
from edgewise.slotted import Late

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgewise.language import LanguageModel

_CHARS = 4000
"""A language shows itself long before this; the rest of a long text is not read for it."""

_TEXTS_PER_RUN = 64
"""Bounds the memory of a run."""


class Detector:
    """Tells languages with the bundle's language model.

    Args:
        model: The model, or None: every text is then undetermined, unless one language was fixed.
        spec: The language task in the manifest, None without a model.
        languages: Languages to choose from, None for all; a single one is not doubted.
    """

    def __init__(
        self, model: LanguageModel | None, spec: TaskSpec | None, languages: tuple[str, ...] | None
    ) -> None:
        self._known = (model, Head(spec)) if model is not None and spec is not None else None
        self._limits = [spec.threshold_for(label) for label in spec.labels] if spec is not None else []
        least = spec.thresholds.get(UNDETERMINED) if spec is not None else None
        self._least = least.value if least is not None else 0.0
        self._allowed = languages
        self._fixed = languages[0] if languages and len(languages) == 1 else None

    def tell_one(self, text: str, thresholds: Mapping[str, float] = NO_THRESHOLDS) -> Prediction:
        """Return the language of one text; see `tell`."""
        if self._fixed is not None:
            return _fixed(self._fixed)
        if self._known is None:
            return _undetermined()
        model, head = self._known
        return self._told(head, model.probabilities((text[:_CHARS],), self._allowed)[0], thresholds)

    def tell(self, texts: Sequence[str], thresholds: Mapping[str, float] = NO_THRESHOLDS) -> list[Prediction]:
        """Return the language of each text.

        A text is unsure when its best language is below the threshold, and always when that is `"und"`. Too
        close to call is `"und"`, too: the best language is below the model's threshold of `"und"`.

        Args:
            texts: The texts as they were given, not normalised.
            thresholds: Thresholds by language that replace the model's.
        """
        if self._fixed is not None:
            return [_fixed(self._fixed) for _ in texts]
        if self._known is None:
            return [_undetermined() for _ in texts]
        model, head = self._known
        found: list[Prediction] = []
        for start in range(0, len(texts), _TEXTS_PER_RUN):
            part = [text[:_CHARS] for text in texts[start : start + _TEXTS_PER_RUN]]
            rows = model.probabilities(part, self._allowed)
            # Copies, so that one answer that is kept keeps only its own row.
            found += [self._told(head, row.copy(), thresholds) for row in rows]
        return found

    def _told(self, head: Head, row: NDArray[Any], thresholds: Mapping[str, float]) -> Prediction:
        """Make an answer of one text's probabilities; of those many, few are ever looked at."""
        place = int(row.argmax())
        label, score = head.labels[place], row.item(place)
        if score > 1.0:
            score = 1.0
        limit = self._limits[place] if not thresholds else head.limit(label, None, thresholds)
        scores: Any = Late(_by_label, head.labels, row)
        if score >= self._least and label != UNDETERMINED:
            return Prediction(label, score, scores, limit, score < limit, (label,))
        place = head.labels.index(UNDETERMINED) if UNDETERMINED in head.labels else -1
        score = _at_most_one(row.item(place)) if place >= 0 else 0.0
        return Prediction(UNDETERMINED, score, scores, limit, True, (UNDETERMINED,))


def _by_label(labels: tuple[str, ...], row: NDArray[Any]) -> dict[str, float]:
    return dict(zip(labels, map(_at_most_one, row.tolist()), strict=True))


def _at_most_one(score: float) -> float:
    """Undo a rounding: sums of probabilities are never negative, but may come out a little above 1."""
    return min(1.0, score)


def _undetermined() -> Prediction:
    return Prediction(UNDETERMINED, 1.0, {UNDETERMINED: 1.0}, 0.0, True, (UNDETERMINED,))


def _fixed(language: str) -> Prediction:
    return Prediction(language, 1.0, {language: 1.0}, 0.0, False, (language,))
