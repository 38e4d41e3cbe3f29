"""Rows as arrays: the form that training and evaluation share."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise_cloud.catalogue.errors import UnknownDataLabelError
from edgewise_cloud.catalogue.labels import EMOTION, SENTIMENT, TOXICITY
from edgewise_cloud.catalogue.rows import Rows
from edgewise_cloud.catalogue.schemes import EmotionScheme, Schemes, SentimentScheme, ToxicityScheme

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Examples:
    """Labelled texts of one or several sets, whatever their tasks; what a set does not say is masked.

    Attributes:
        texts: n texts, as in the file.
        langs: n language codes.
        datasets: n names of data sets ("sentiment/en_sst").
        weights: float32 [n], the trust that the set's scheme gives, 0 to 1.
        sentiment: int64 [n], index into SENTIMENT; -1 masked.
        sentiment_allowed: bool [n, 3], the labels which the set has: take the softmax over these only.
        toxicity: float32 [n, 7], 0 or 1 in the order of TOXICITY; NaN masked.
        emotion: float32 [n, 8], a distribution in the order of EMOTION (the mass of a row with several labels
            is spread evenly); NaN where the set lacks the label (take the softmax over the others), all NaN
            when masked.
    """

    texts: list[str]
    langs: list[str]
    datasets: list[str]
    weights: FloatArray
    sentiment: NDArray[np.int64]
    sentiment_allowed: NDArray[np.bool_]
    toxicity: FloatArray
    emotion: FloatArray

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.texts)

    def take(self, rows: Sequence[int] | NDArray[Any]) -> "Examples":
        """Return the rows with these indexes, in this order."""
        index = np.asarray(rows, dtype=np.int64)

        def pick(value: Any) -> Any:
            return [value[i] for i in index] if isinstance(value, list) else value[index]

        return Examples(*(pick(getattr(self, field.name)) for field in fields(self)))

    @staticmethod
    def concat(parts: "Sequence[Examples]") -> "Examples":
        """Return all rows of all parts, in order; of no parts, no rows."""
        if not parts:
            return blank_examples(Rows.empty(), "")

        def join(name: str) -> Any:
            values = [getattr(part, name) for part in parts]
            return (
                [x for value in values for x in value]
                if isinstance(values[0], list)
                else np.concatenate(values)
            )

        return Examples(*(join(field.name) for field in fields(Examples)))


def blank_examples(rows: Rows, dataset: str, weight: float = 1.0) -> Examples:
    """Return rows as arrays with everything masked."""
    n = len(rows)
    return Examples(
        texts=list(rows.texts),
        langs=list(rows.langs),
        datasets=[dataset] * n,
        weights=np.full(n, weight, dtype=np.float32),
        sentiment=np.full(n, -1, dtype=np.int64),
        sentiment_allowed=np.ones((n, len(SENTIMENT)), dtype=np.bool_),
        toxicity=np.full((n, len(TOXICITY)), np.nan, dtype=np.float32),
        emotion=np.full((n, len(EMOTION)), np.nan, dtype=np.float32),
    )


def sentiment_examples(rows: Rows, dataset: str, scheme: SentimentScheme) -> Examples:
    """Return a sentiment set as arrays.

    Raises:
        UnknownDataLabelError: a row's label is none of the scheme's.
    """
    examples = blank_examples(rows, dataset, scheme.weight)
    index = {label: SENTIMENT.index(label) for label in scheme.labels}
    for i, label in enumerate(rows.labels):
        if label not in index:
            raise UnknownDataLabelError(dataset, str(label), index)
        examples.sentiment[i] = index[label]
    examples.sentiment_allowed[:] = [label in scheme.labels for label in SENTIMENT]
    return examples


def toxicity_vector(
    toxic: bool, kinds: Sequence[str], native: str, scheme: ToxicityScheme, dataset: str, schemes: Schemes
) -> FloatArray:
    """Return one row's 7 attributes as 0, 1 or NaN (not annotated), following its set's scheme.

    Raises:
        UnknownDataLabelError: a kind is not in the map of kinds.
    """
    values = dict.fromkeys(TOXICITY, float("nan"))
    values.update(dict.fromkeys(scheme.full, 0.0))
    if toxic or scheme.toxicity == "all":
        values["toxicity"] = float(toxic)
    if not toxic:
        values.update(dict.fromkeys(scheme.exclusive, 0.0))
    for kind in kinds:
        if kind not in schemes.kinds:
            raise UnknownDataLabelError(dataset, kind, schemes.kinds)
        values[schemes.kinds[kind]] = 1.0
    for rule in scheme.rules:
        if rule.native.fullmatch(native):
            values.update(rule.values)
            values.update({name: float("nan") for name in rule.mask if values[name] == 0.0})
    return np.array([values[name] for name in TOXICITY], dtype=np.float32)


def toxicity_examples(rows: Rows, dataset: str, scheme: ToxicityScheme, schemes: Schemes) -> Examples:
    """Return a toxicity set as arrays; rows that say nothing at all (every attribute masked) are left out.

    Raises:
        UnknownDataLabelError: a label is neither toxic nor non-toxic, or a kind is unknown.
    """
    examples = blank_examples(rows, dataset, scheme.weight)
    known: dict[tuple[str | None, tuple[str, ...], str], FloatArray] = {}
    for i, key in enumerate(zip(rows.labels, rows.kinds, rows.natives, strict=True)):
        if key not in known:
            label, kinds, native = key
            if label not in ("toxic", "non-toxic"):
                raise UnknownDataLabelError(dataset, str(label), ("toxic", "non-toxic"))
            known[key] = toxicity_vector(label == "toxic", kinds, native, scheme, dataset, schemes)
        examples.toxicity[i] = known[key]
    told = ~np.isnan(examples.toxicity).all(axis=1)
    return examples if told.all() else examples.take(np.flatnonzero(told))


def emotion_examples(rows: Rows, dataset: str, scheme: EmotionScheme) -> Examples:
    """Return an emotion set as arrays; rows none of whose labels is canonical are left out.

    Raises:
        UnknownDataLabelError: a label is none of those which the scheme gives the row's language.
    """
    examples = blank_examples(rows, dataset, scheme.weight)
    in_language = {language: scheme.labels_in(language) for language in set(rows.langs)}
    for i, (labels, language) in enumerate(zip(rows.kinds, rows.langs, strict=True)):
        allowed = in_language[language]
        unknown = [label for label in labels if label not in allowed]
        if unknown:
            raise UnknownDataLabelError(dataset, unknown[0], allowed)
        if labels:
            share = 1.0 / len(labels)
            examples.emotion[i] = [
                (share if label in labels else 0.0) if label in allowed else np.nan for label in EMOTION
            ]
    told = ~np.isnan(examples.emotion).all(axis=1)
    return examples if told.all() else examples.take(np.flatnonzero(told))
