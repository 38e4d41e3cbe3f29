"""Linear models over hashed features at run time; `edgewise_cloud.ngrams` makes them.

Features weigh as Salton and Buckley have it, "Term-weighting approaches in automatic text retrieval" (1988):
1 + log of the count, times the inverse document frequency, words and n-grams of characters each scaled to
length 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.language.container import read_arrays
from edgewise.language.spelling import Alphabet
from edgewise.ngrams.features import CHARACTERS, Features, counted, read_keys
from edgewise.ngrams.tables import from_runs
from edgewise_runtimes.errors import BackendLoadError

POOLED = "*"
"""Stands for every language that has no model of its own."""

IDF_STEP = 0.05
"""What inverse document frequencies are rounded to."""

LAYOUT = 1
_PLANES = range(1, 5)  # bytes of a distance between keys

NAN = float("nan")
_KINDS = {
    "keys": np.uint8,
    "idf": np.uint8,
    "weights": np.int8,
    "scale": np.float32,
    "bias": np.float32,
    "letters": np.uint16,
    "signs": np.uint16,
}
_STEP = np.float32(IDF_STEP)


@dataclass(frozen=True, slots=True)
class _Model:
    """The model of one language: k features, and c columns, one a label that it has something to say of."""

    keys: NDArray[np.uint32]  # [k], rising
    words: int  # how many of the keys are of words
    idf: NDArray[np.uint8]  # [k]
    weights: NDArray[np.int8]  # [k, c]
    scale: NDArray[np.float32]  # [c]
    bias: NDArray[np.float32]  # [c]
    columns: Mapping[str, tuple[int, ...] | slice]  # by task the column of each label, `none` without one

    @property
    def none(self) -> int:
        return len(self.bias)

    def log_odds(self, features: Features) -> list[float]:
        """Return the log-odds of each column for the features of a text."""
        keys, weight = features
        place = self.keys.searchsorted(keys)
        known = (self.keys.take(place, mode="clip") == keys).nonzero()[0]
        if not len(known):
            return self.bias.tolist()  # type: ignore[no-any-return]
        feature = place.take(known)
        value = self.idf.take(feature) * _STEP
        value *= weight.take(known)
        words = int(feature.searchsorted(self.words))
        for block in (value[:words], value[words:]):
            if len(block):
                block /= sqrt(block @ block)
        found = value @ self.weights.take(feature, axis=0).astype(np.float32)
        found *= self.scale
        found += self.bias
        result: list[float] = found.tolist()
        return result


def to_planes(keys: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Return the distances between rising keys as bytes [3, k], lowest first: so they pack well."""
    distance = np.diff(keys, prepend=np.uint32(0))
    return np.stack([(distance >> np.uint32(8 * plane)).astype(np.uint8) for plane in range(3)])


def from_planes(planes: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return the distances that `to_planes` wrote."""
    found = np.zeros(planes.shape[1], np.uint32)
    for plane, values in enumerate(planes):
        found |= values.astype(np.uint32) << np.uint32(8 * plane)
    return found


class NgramHeads:
    """Linear models over hashed features, one a language.

    Safe to use from many threads: nothing changes after loading.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> None:
        """Take the arrays of a file and the model's `config`, as `edgewise_cloud.ngrams` wrote them."""
        self._letters = Alphabet(from_runs(arrays["letters"]))
        self._signs = Alphabet(from_runs(arrays["signs"]))
        self._models = dict(_models(arrays, config))
        for language, other in config.get("same", {}).items():
            self._models[str(language)] = self._models[other]

    @classmethod
    def from_bytes(cls, data: bytes, config: Mapping[str, Any]) -> NgramHeads:
        """Load the models of a file.

        Args:
            data: The file, its hash already verified.
            config: The model's `config` in the manifest.

        Raises:
            BackendLoadError: The bytes or the config are not those of such a file.
        """
        try:
            arrays = read_arrays(data)
            _check(arrays, config)
            return cls(arrays, config)
        except (ValueError, KeyError, IndexError, TypeError, OverflowError, AttributeError) as error:
            raise BackendLoadError("numpy", "n-gram models", str(error)) from error

    def knows(self, language: str | None) -> bool:
        """Tell whether a language has a model of its own; None, a language that is not known, has none."""
        return language in self._models

    def covers(self, language: str | None, tasks: tuple[str, ...]) -> bool:
        """Tell whether a language's own model has something to say of every label of the tasks."""
        model = self._models.get(language or POOLED)
        if model is None:
            return False
        places = [model.columns.get(task, (model.none,)) for task in tasks]
        return all(isinstance(each, slice) or model.none not in each for each in places)

    def log_odds(self, features: Features, language: str | None) -> dict[str, list[float]]:
        """Return what the model of a language says.

        Args:
            features: Those of a text: `read(text)`.
            language: A language, or `POOLED`.

        Returns:
            By task the log-odds of each label; NaN for labels that it has nothing to say of. Empty when there
            is no such model.
        """
        model = self._models.get(language or POOLED)
        if model is None:
            return {}
        said = [*model.log_odds(features), NAN]
        return {
            task: said[places] if isinstance(places, slice) else [said[place] for place in places]
            for task, places in model.columns.items()
        }

    def read(self, text: str) -> Features:
        """Return the features of a text, for `log_odds`."""
        return counted(read_keys(text, self._letters, self._signs))


def _models(arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> list[tuple[str, _Model]]:
    found = []
    feature = column = cell = 0
    every = from_planes(arrays["keys"])
    # Copies, so that the file's bytes, keys and all, are let go.
    idf, weights = arrays["idf"].copy(), arrays["weights"].copy()
    scale, bias = arrays["scale"].copy(), arrays["bias"].copy()
    sizes = {task: int(size) for task, size in config["sizes"].items()}
    for language, entry in config["languages"].items():
        size = int(entry["features"])
        labels = {task: [int(place) for place in places] for task, places in entry["labels"].items()}
        width = sum(map(len, labels.values()))
        features, columns = slice(feature, feature + size), slice(column, column + width)
        keys = every[features].cumsum(dtype=np.uint32)
        if not (keys[1:] > keys[:-1]).all():
            raise ValueError(f"the features of {language!r} do not rise")
        found.append(
            (
                str(language),
                _Model(
                    keys,
                    int(keys.searchsorted(CHARACTERS)),
                    idf[features],
                    weights[cell : cell + size * width].reshape(size, width),
                    scale[columns],
                    bias[columns],
                    _columns(labels, sizes),
                ),
            )
        )
        feature, column, cell = feature + size, column + width, cell + size * width
    return found


def _columns(labels: Mapping[str, list[int]], sizes: Mapping[str, int]) -> dict[str, tuple[int, ...] | slice]:
    """Return where each label's column is: a slice where there is one of every label, in order."""
    found: dict[str, tuple[int, ...] | slice] = {}
    first, none = 0, sum(map(len, labels.values()))
    for task, places in labels.items():
        if not all(0 <= place < sizes[task] for place in places):
            raise ValueError(f"labels of {task!r} are not there")
        at = {place: first + number for number, place in enumerate(places)}
        if places == list(range(sizes[task])):
            found[task] = slice(first, first + len(places))
        else:
            found[task] = tuple(at.get(place, none) for place in range(sizes[task]))
        first += len(places)
    return found


def _check(arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> None:
    """Refuse arrays that do not fit together: they would fail later, on some text."""
    if config["layout"] != LAYOUT:
        raise ValueError(f"its layout is {config['layout']}, and this version of edgewise reads {LAYOUT}")
    wrong = [name for name, kind in _KINDS.items() if name not in arrays or arrays[name].dtype != kind]
    if wrong:
        raise ValueError(f"it lacks {', '.join(wrong)}, or has them in another type")
    features = columns = cells = 0
    for language, entry in config["languages"].items():
        size, width = int(entry["features"]), sum(map(len, entry["labels"].values()))
        if size < 1 or width < 1:
            raise ValueError(f"{language!r} has no features or no labels")
        features, columns, cells = features + size, columns + width, cells + size * width
    if arrays["keys"].ndim != 2 or len(arrays["keys"]) not in _PLANES:
        raise ValueError("its keys are no distances")
    shapes = {"keys": (len(arrays["keys"]), features), "idf": (features,), "weights": (cells,)}
    for name, shape in (shapes | {"scale": (columns,), "bias": (columns,)}).items():
        if arrays[name].shape != shape:
            raise ValueError(f"array {name!r} has the shape {arrays[name].shape}, not {shape}")
    if not np.isfinite([arrays["scale"], arrays["bias"]]).all():
        raise ValueError("a scale or bias is no finite number")
