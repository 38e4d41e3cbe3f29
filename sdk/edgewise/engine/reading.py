"""What is known of a text on its way to an answer."""

from __future__ import annotations

from dataclasses import dataclass, field

from edgewise.engine.judge import Judge
from edgewise.engine.tokens import Tokens
from edgewise.results import Prediction
from edgewise.text import Normalized


@dataclass(slots=True, eq=False)
class Job:
    """A text's work for one model.

    Attributes:
        encoder: The model, an encoder or n-gram heads.
        tasks: The tasks it answers for this text.
        tokens: The text as the encoder reads it.
        scores: By task the calibrated probabilities of each window; filled in when the encoder has run.
    """

    encoder: Judge
    tasks: tuple[str, ...]
    tokens: Tokens
    scores: dict[str, list[list[float]]] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Reading:
    """A text and what has been found out about it so far.

    Attributes:
        text: The text as it was given.
        normalized: What the encoders read of it.
        cut: Whether characters were left out.
        language: Its language.
        calibration: The language whose calibration and model to use: None, the general ones, when it is
            unsure.
        jobs: Its work, one entry an encoder.
        answers: By task what has been found out; the language from the start.
        seconds: Time spent on it.
    """

    text: str
    normalized: Normalized
    cut: bool
    language: Prediction
    calibration: str | None
    jobs: list[Job]
    answers: dict[str, Prediction]
    seconds: float = 0.0
