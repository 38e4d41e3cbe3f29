"""What a manifest says, as frozen dataclasses.

`parse.py` builds them from `manifest.json`; `docs/bundle.md` explains every field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DEFAULT = "default"
"""The threshold key that stands for every label without a threshold of its own."""


@dataclass(frozen=True)
class FileRef:
    """A file in the bundle and what it must look like.

    Attributes:
        file: Its name relative to the bundle folder, with forward slashes.
        size: Its size in bytes.
        sha256: The sha256 of its bytes, 64 lower-case hex digits.
    """

    file: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Threshold:
    """A probability to compare scores with, and what was measured at it.

    Attributes:
        value: The probability, 0 to 1.
        precision: Precision measured at it, 0 to 1, or None when it was not measured.
        recall: Recall measured at it, 0 to 1, or None when it was not measured.
        by_language: Thresholds of languages that differ.
    """

    value: float
    precision: float | None = None
    recall: float | None = None
    by_language: Mapping[str, Threshold] = field(default_factory=dict)

    def at(self, language: str | None) -> Threshold:
        """Return the threshold of a language, this one where the language has none of its own."""
        return self.by_language.get(language, self) if language is not None else self


@dataclass(frozen=True)
class TaskSpec:
    """How to read one output of a model.

    Attributes:
        labels: Labels in the order of the output's columns.
        activation: `"softmax"` (one label is right) or `"sigmoid"` (any number of labels).
        temperature: What logits are divided by, greater than 0.
        temperature_by_language: Temperatures of languages that differ.
        thresholds: By label, or under `"default"` for the labels without one.
        pooling: How the windows of a long text become one answer: `"mean"` or `"max"` of probabilities.
        unsure_margin: For sigmoid tasks, how near to its threshold a score is too close to call.
        share: Share of positives that thresholds were moved to; a manifest does not say it. The margin is
            taken where they were.
    """

    labels: tuple[str, ...]
    activation: str
    temperature: float = 1.0
    temperature_by_language: Mapping[str, float] = field(default_factory=dict)
    thresholds: Mapping[str, Threshold] = field(default_factory=dict)
    pooling: str = "mean"
    unsure_margin: float = 0.1
    share: float | None = None

    def threshold_for(self, label: str, language: str | None = None) -> float:
        """Return the probability that `label` is compared with in `language`.

        The label's own threshold comes before `"default"`; inside it the language's before the general one.
        Without any, sigmoid labels are compared with 0.5, softmax labels with 0: the winner always stands.

        >>> general = Threshold(0.4, by_language={"de": Threshold(0.3)})
        >>> task = TaskSpec(("joy", "fear"), "softmax", thresholds={"default": general})
        >>> task.threshold_for("joy", "en"), task.threshold_for("joy", "de")
        (0.4, 0.3)
        """
        threshold = self.thresholds.get(label) or self.thresholds.get(DEFAULT)
        if threshold is None:
            return 0.5 if self.activation == "sigmoid" else 0.0
        return threshold.at(language).value

    def temperature_for(self, language: str | None = None) -> float:
        """Return what logits are divided by in `language`."""
        if language is None:
            return self.temperature
        return self.temperature_by_language.get(language, self.temperature)


@dataclass(frozen=True)
class TokenizerSpec:
    """A model's tokenizer.

    Attributes:
        file: A `tokenizer.json` of the `tokenizers` library.
        max_tokens: The most tokens one run sees, special tokens included; longer texts are cut into windows.
        stride: Tokens by which neighbouring windows overlap, less than `max_tokens`.
        pad_id: The id that fills short rows of a batch.
    """

    file: FileRef
    max_tokens: int
    stride: int
    pad_id: int


@dataclass(frozen=True)
class ArtifactSpec:
    """A model file made for one backend.

    Attributes:
        backend: The backend it was made for, for example `"onnxruntime"`.
        precision: How its weights are stored, for example `"fp32"` or `"int8-weights"`.
        file: The file.
        weights: A second file, where the format keeps weights apart (OpenVINO's `.bin`).
    """

    backend: str
    precision: str
    file: FileRef
    weights: FileRef | None = None

    @property
    def files(self) -> tuple[FileRef, ...]:
        """Both files, or the one there is."""
        return (self.file,) if self.weights is None else (self.file, self.weights)


@dataclass(frozen=True)
class Golden:
    """An input with the answer it must get, to check an installation.

    Attributes:
        text: The text.
        expected: By task, a label or the probability of labels.
    """

    text: str
    expected: Mapping[str, str | Mapping[str, float]]


ENCODER, NGRAM_LINEAR, NGRAM_HEADS = "encoder", "ngram-linear", "ngram-heads"
"""Kinds of models."""


@dataclass(frozen=True)
class Beside:
    """A second model that answers beside a first, as a weighted mean of their log-odds.

    Attributes:
        model: Its name; of the kind `"ngram-heads"`.
        share: By task what it counts, 0 to 1, in languages that have a model of their own in it.
    """

    model: str
    share: Mapping[str, float]


@dataclass(frozen=True)
class ModelSpec:
    """A model of the bundle.

    Attributes:
        name: Its name, the target of routes.
        kind: `"encoder"` (tokens in, logits of every task out), `"ngram-linear"` (text in, language out) or
            `"ngram-heads"` (text and language in, log-odds of every task out).
        tokenizer: Its tokenizer; every encoder has one.
        tasks: The tasks it does.
        config: Settings of its kind.
        artifacts: Its files, one a backend and precision, best first.
        golden: Inputs with expected answers.
        beside: What answers beside it, or None.
    """

    name: str
    kind: str
    tokenizer: TokenizerSpec | None
    tasks: Mapping[str, TaskSpec]
    config: Mapping[str, Any]
    artifacts: tuple[ArtifactSpec, ...]
    golden: tuple[Golden, ...] = ()
    beside: Beside | None = None

    @property
    def files(self) -> tuple[FileRef, ...]:
        """Every file of the model."""
        own = tuple(file for artifact in self.artifacts for file in artifact.files)
        return (self.tokenizer.file, *own) if self.tokenizer else own


@dataclass(frozen=True)
class Routes:
    """Which model answers for which language.

    Attributes:
        language: The model that tells the language; None when the bundle has none (texts are then `"und"`).
        default: The model for every language that `by_language` does not name.
        by_language: Models of languages that have their own.
    """

    language: str | None
    default: str
    by_language: Mapping[str, str] = field(default_factory=dict)

    def model_for(self, language: str | None) -> str:
        """Return the name of the model that answers for a language."""
        return self.by_language.get(language, self.default) if language is not None else self.default


@dataclass(frozen=True)
class Manifest:
    """Everything a bundle says about itself.

    Attributes:
        name: Name of the bundle.
        version: Its semantic version.
        format_version: Version of the bundle format.
        min_sdk_version: The least edgewise that can use it.
        licence: SPDX expression of the licence it may be used under.
        created: Day it was made, `YYYY-MM-DD`; may be empty.
        description: One sentence for people; may be empty.
        routes: Which model answers for which language.
        models: The models by name.
        metrics: What was measured, one mapping a task, data set, split and language.
        provenance: What it was made from.
        signature: The signature over the manifest, or None.
        raw: The manifest as it was parsed, unknown fields included.
    """

    name: str
    version: str
    format_version: int
    min_sdk_version: str
    licence: str
    created: str
    description: str
    routes: Routes
    models: Mapping[str, ModelSpec]
    metrics: tuple[Mapping[str, Any], ...]
    provenance: Mapping[str, Any]
    signature: Mapping[str, Any] | None
    raw: Mapping[str, Any] = field(repr=False, compare=False)

    @property
    def files(self) -> tuple[FileRef, ...]:
        """Every file of the bundle but the manifest itself."""
        return tuple(file for model in self.models.values() for file in model.files)
