"""N-gram heads so small that their answers can be worked out by hand.

The only features of a language are whole words. A text's log-odds of a label are the bias plus the weights of
its known words, divided by the root of how many there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from tests.support.tiny_bundle import tiny_files, tiny_spec

from edgewise.bundle.manifest import NGRAM_HEADS
from edgewise.labels import LABELS
from edgewise.language.container import write_arrays
from edgewise.ngrams import keys_of, letters_and_signs
from edgewise.ngrams.features import CHARACTERS, NOTHING
from edgewise.ngrams.heads import IDF_STEP, LAYOUT, to_planes
from edgewise.ngrams.tables import to_runs
from edgewise_converters.pack import pack

HEADS_FILE = "ngrams.bin"
BIAS = -1.0

Words = Mapping[str, Mapping[str, float]]
"""By word the weight of labels; labels are written "task/label"."""

SPANISH: Words = {
    "bueno": {"sentiment/positive": 6.0, "sentiment/negative": -6.0, "sentiment/neutral": 0.0},
    "malo": {"sentiment/positive": -6.0, "sentiment/negative": 6.0, "sentiment/neutral": 0.0},
    "idiota": {"toxicity/toxicity": 8.0},
}
EVERYWHERE: Words = {
    "fiesta": {"emotion/joy": 5.0, "sentiment/positive": 5.0},
    "idiota": {"toxicity/toxicity": 3.0},
}
LANGUAGES: Mapping[str, Words] = {"es": SPANISH, "*": EVERYWHERE}


def word_key(word: str) -> int:
    """Return the key of a word of letters: the only one that is no n-gram's."""
    keys = np.setdiff1d(keys_of(word, letters_and_signs()), NOTHING)
    (key,) = keys[keys < CHARACTERS].tolist()
    return int(key)


def tiny_arrays(languages: Mapping[str, Words] = LANGUAGES) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the arrays and the config of heads."""
    arrays: dict[str, list[Any]] = {name: [] for name in ("keys", "idf", "weights", "scale", "bias")}
    entries: dict[str, Any] = {}
    for language, words in languages.items():
        named = {name for weights in words.values() for name in weights}
        labels = {
            task: [place for place, label in enumerate(LABELS[task]) if f"{task}/{label}" in named]
            for task in ("sentiment", "toxicity", "emotion")
        }
        labels = {task: places for task, places in labels.items() if places}
        columns = [f"{task}/{LABELS[task][place]}" for task, places in labels.items() for place in places]
        by_key = sorted((word_key(word), weights) for word, weights in words.items())
        table = np.array([[weights.get(name, 0.0) for name in columns] for _, weights in by_key])
        arrays["keys"].append(to_planes(np.array([key for key, _ in by_key], np.uint32)))
        arrays["idf"].append(np.full(len(by_key), round(1 / IDF_STEP), np.uint8))
        arrays["weights"].append(np.round(table * 10).astype(np.int8).ravel())
        arrays["scale"].append(np.full(len(columns), 0.1, np.float32))
        arrays["bias"].append(np.full(len(columns), BIAS, np.float32))
        entries[language] = {"features": len(by_key), "labels": labels}
    tables = letters_and_signs()
    joined = {name: np.concatenate(parts, axis=-1) for name, parts in arrays.items()}
    joined |= {"letters": to_runs(tables.letters), "signs": to_runs(tables.signs)}
    sizes = {task: len(LABELS[task]) for task in ("sentiment", "toxicity", "emotion")}
    return joined, {"layout": LAYOUT, "sizes": sizes, "languages": entries}


def tiny_heads() -> tuple[bytes, dict[str, Any]]:
    """Return the file and the config of heads for Spanish and for all languages together."""
    arrays, config = tiny_arrays()
    return write_arrays(arrays), config


def ngrams_model(tasks: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest's part of such heads, with the tasks of another model."""
    return {
        "kind": NGRAM_HEADS,
        "tokenizer": None,
        "tasks": dict(tasks),
        "config": dict(config),
        "artifacts": [{"backend": "numpy", "precision": "int8", "file": HEADS_FILE}],
        "golden": [],
    }


def make_bundle_with_heads(folder: Path, share: float | None = 0.5) -> Path:
    """Pack the tiny bundle with heads beside its encoder; with a share of None, heads alone."""
    data, config = tiny_heads()
    spec, files = tiny_spec(), tiny_files()
    tasks = spec["models"]["encoder"]["tasks"]
    spec["models"]["ngrams"] = ngrams_model(tasks, config)
    if share is None:
        del spec["models"]["encoder"]
        spec["routes"]["default"] = "ngrams"
        return pack(folder, spec, {HEADS_FILE: data})
    spec["models"]["encoder"]["beside"] = {"model": "ngrams", "share": dict.fromkeys(tasks, share)}
    return pack(folder, spec, {**files, HEADS_FILE: data})
