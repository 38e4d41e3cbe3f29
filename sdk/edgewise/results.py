"""What an analysis says: frozen dataclasses, JSON-ready and pleasant to print. No numpy in here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgewise.slotted import late, quick_init

try:
    from _sha2 import sha256 as _sha256  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    try:
        from _sha256 import sha256 as _sha256  # type: ignore[import-not-found,unused-ignore]
    except ImportError:  # a Python built without its own
        from hashlib import sha256 as _sha256

_SHORT = 512
"""Bytes up to which Python's own sha256 is done before OpenSSL's has started."""


def hash_text(text: str) -> str:
    """Name a text without keeping it: the first 16 hex digits of the sha256 of its UTF-8 bytes.

    Lone surrogates are hashed as they stand. The hash finds a text again; it does not hide a guessable one.

    >>> hash_text("hello")
    '2cf24dba5fb0a30e'
    """
    data = text.encode("utf-8", "surrogatepass")
    name: str = (_sha256 if len(data) <= _SHORT else hashlib.sha256)(data).hexdigest()
    return name[:16]


@dataclass(frozen=True, slots=True)
class Span:
    """Words that made an answer so.

    Attributes:
        start: Index of the first character in the original text.
        end: Index after the last character in the original text.
        text: The characters `[start, end)` of the original text.
        task: The task the span speaks about.
        label: The label of that task.
        weight: How far the label's score falls when the span is hidden, -1 to 1; positive speaks for it.
    """

    start: int
    end: int
    text: str
    task: str
    label: str
    weight: float

    def to_dict(self) -> dict[str, Any]:
        """Return the span as JSON-ready values."""
        return {
            "start": int(self.start),
            "end": int(self.end),
            "text": self.text,
            "task": self.task,
            "label": self.label,
            "weight": float(self.weight),
        }


@late("scores")
@quick_init
@dataclass(frozen=True, slots=True)
class Prediction:
    """One task's answer.

    Attributes:
        label: The answer. For toxicity `"toxic"` or `"non-toxic"`, otherwise one of `scores`.
        score: Calibrated probability, 0 to 1: of the label; for toxicity of the attribute `toxicity`.
        scores: Calibrated probability of every label of the task.
        threshold: What the score was compared with.
        unsure: Whether the answer is too close to call and should not be relied on.
        labels: For toxicity every attribute at or above its own threshold, otherwise the label alone.
    """

    label: str
    score: float
    scores: Mapping[str, float]
    threshold: float
    unsure: bool
    labels: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the prediction as JSON-ready values."""
        return {
            "label": self.label,
            "score": float(self.score),
            "scores": {label: float(score) for label, score in self.scores.items()},
            "threshold": float(self.threshold),
            "unsure": bool(self.unsure),
            "labels": list(self.labels),
        }

    def __str__(self) -> str:
        """Say the answer in a few words.

        >>> print(Prediction("joy", 0.91, {"joy": 0.91, "neutral": 0.09}, 0.4, unsure=False, labels=("joy",)))
        joy 0.91
        """
        others = [f"{label} {self.scores[label]:.2f}" for label in self.labels if self._adds(label)]
        more = f" ({', '.join(others)})" if others else ""
        return f"{self.label} {self.score:.2f}{more}{'  unsure' if self.unsure else ''}"

    def _adds(self, label: str) -> bool:
        """Whether naming this label says more than `label` and `score` do."""
        return label != self.label and label in self.scores and self.scores[label] != self.score


@quick_init
@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything said about one text.

    Attributes:
        text_hash: The text's name, see `hash_text`; the text itself is not kept.
        language: The language; its label is `"und"` when it cannot be told. Always there.
        sentiment: The sentiment, or None when the task was not asked for.
        toxicity: The toxicity, or None when the task was not asked for.
        emotion: The emotion, or None when the task was not asked for.
        model: Name and version of the bundle that answered.
        backend: The backend that ran it.
        latency_ms: Milliseconds the text took; in a batch its share of the batch.
        truncated: Whether part of the text was left out because it was too long.
        spans: The words that made it so, when an explanation was asked for.
        unsure: Whether any of the answers is unsure.
        arm: `experiment/arm` when the model was chosen by an experiment, otherwise None.
    """

    text_hash: str
    language: Prediction
    sentiment: Prediction | None
    toxicity: Prediction | None
    emotion: Prediction | None
    model: str
    backend: str
    latency_ms: float
    truncated: bool
    spans: tuple[Span, ...]
    unsure: bool
    arm: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the analysis as JSON-ready values: the JSON of the command line and of the service.

        `arm` is there only when there is one.
        """
        said: dict[str, Any] = {
            "text_hash": self.text_hash,
            "language": self.language.to_dict(),
            "sentiment": self.sentiment.to_dict() if self.sentiment else None,
            "toxicity": self.toxicity.to_dict() if self.toxicity else None,
            "emotion": self.emotion.to_dict() if self.emotion else None,
            "model": self.model,
            "backend": self.backend,
            "latency_ms": float(self.latency_ms),
            "truncated": bool(self.truncated),
            "spans": [span.to_dict() for span in self.spans],
            "unsure": bool(self.unsure),
        }
        if self.arm is not None:
            said["arm"] = self.arm
        return said

    def __str__(self) -> str:
        """Return a few aligned lines for people, one a task."""
        tasks = {
            "language": self.language,
            "sentiment": self.sentiment,
            "toxicity": self.toxicity,
            "emotion": self.emotion,
        }
        lines = [f"{task:<10} {prediction}" for task, prediction in tasks.items() if prediction]
        if self.spans:
            lines.append(f"{'because':<10} {', '.join(_because(span) for span in self.spans)}")
        if self.truncated:
            lines.append(f"{'note':<10} the text was too long, part of it was left out")
        lines.append(f"{'model':<10} {self.model}, {self.backend}, {self.latency_ms:.1f} ms")
        return "\n".join(lines)


def _because(span: Span) -> str:
    return f"{span.text!r} {span.weight:+.2f} {span.label}"
