"""Dev texts as a model reads them, and its answers to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.batching import buckets
from edgewise.bundle.manifest import FileRef, TaskSpec, TokenizerSpec
from edgewise.engine.tokens import TextTokenizer
from edgewise.text import normalize
from edgewise_converters.forms.material import Feeds, feeds_of
from edgewise_converters.sources.model import Source
from edgewise_converters.texts import DevText

Array = NDArray[Any]
Logits = Mapping[str, NDArray[np.float32]]
Run = Callable[[Feeds], Logits]

_ROWS, _TOKENS = 64, 8192


@dataclass(frozen=True)
class Rows:
    """Texts and their tokens, one row each.

    Attributes:
        texts: n texts.
        ids: Token ids of each, special ones included, at most a window.
    """

    texts: Sequence[DevText]
    ids: Sequence[Sequence[int]]

    def __len__(self) -> int:
        """Return n."""
        return len(self.texts)

    @property
    def languages(self) -> Array:
        """Language of each [n]."""
        return np.array([found.language for found in self.texts], dtype=object)


def read_rows(source: Source, texts: Sequence[DevText]) -> Rows:
    """Tokenize texts as a device does; those with nothing to read are left out.

    Raises:
        BackendLoadError: The tokenizer is broken.
    """
    place = FileRef("tokenizer.json", max(1, len(source.tokenizer)), "0" * 64)
    spec = TokenizerSpec(place, source.max_tokens, source.stride, source.pad_id)
    tokenizer = TextTokenizer(source.tokenizer, spec, 1)
    pairs = [
        (text, found.rows[0]) for text in texts if (found := tokenizer.read(normalize(text.text).text)).rows
    ]
    return Rows([text for text, _ in pairs], [ids for _, ids in pairs])


def answers(run: Run, rows: Sequence[Sequence[int]], tasks: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """Return the logits of rows, run together with others of the same length.

    Args:
        run: The model.
        rows: n rows of token ids.
        tasks: Outputs.

    Returns:
        By task [n, labels].
    """
    found: dict[str, list[Any]] = {task: [None] * len(rows) for task in tasks}
    for bucket in buckets([len(row) for row in rows], _ROWS, _TOKENS):
        logits = run(feeds_of([rows[place] for place in bucket]))
        for task in tasks:
            for place, values in zip(bucket, logits[task], strict=True):
                found[task][place] = values
    return {task: np.array(values, np.float32) for task, values in found.items()}


def said(source: Source, run: Run, rows: Rows) -> dict[str, NDArray[np.float32]]:
    """Return what is calibrated for each text: a model's logits, or what it and the one beside it say.

    Args:
        source: The model.
        run: It, in any form.
        rows: n texts.

    Returns:
        By task [n, labels].
    """
    found = answers(run, rows.ids, tuple(source.tasks))
    if source.second is not None:
        for place, text in enumerate(rows.texts):
            logits = {task: values[place].tolist() for task, values in found.items()}
            both = source.second.mixed(logits, normalize(text.text).text, text.language)
            for task, values in both.items():
                found[task][place] = values
    return found


def probabilities(spec: TaskSpec, logits: Array, languages: Sequence[str]) -> Array:
    """Return calibrated probabilities [n, labels], as a device computes them."""
    scale = np.array([spec.temperature_for(language) for language in languages])[:, None]
    scaled = np.asarray(logits, np.float64) / scale
    if spec.activation == "sigmoid":
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(scaled, -60.0, 60.0))))
    likely = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(likely / likely.sum(axis=1, keepdims=True))


def verdicts(spec: TaskSpec, likely: Array, languages: Sequence[str]) -> Array:
    """Return what is said of each text: [n, 1] the index of the label, or [n, labels] whether it is given."""
    if spec.activation == "softmax":
        return np.asarray(likely.argmax(axis=1)[:, None])
    limits = np.array(
        [[spec.threshold_for(label, language) for label in spec.labels] for language in languages]
    )
    return np.asarray(likely >= limits)
