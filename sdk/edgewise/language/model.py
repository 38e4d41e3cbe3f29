"""The language model at run time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.errors import UnknownLanguageError
from edgewise.labels import UNDETERMINED
from edgewise.language.container import read_arrays
from edgewise.language.features import COLUMNS, LETTERS, boundaries, codes_of, hashes_of
from edgewise.language.index import KeyIndex
from edgewise.language.scripts import ScriptPrior
from edgewise_runtimes.errors import BackendLoadError

_ARRAYS = ("letters", "keys", "sizes", "language", "delta", "base", "trust", "bias")
_BLOCKED = -1e9
_UNLIKELY = 50.0  # of a language in a script that it does not use; one that alone is allowed still wins
_SHARED = 12  # languages that make a whole row worth its room


def _check(arrays: Mapping[str, NDArray[Any]], classes: int) -> None:
    """Refuse arrays that do not fit together: they would fail later, on some text."""
    features, entries = len(arrays["keys"]), int(arrays["sizes"].sum(dtype=np.int64))
    shapes = {
        "letters": (LETTERS,),
        "keys": (features,),
        "sizes": (features,),
        "language": (entries,),
        "delta": (entries,),
        "base": (COLUMNS, classes),
        "trust": (COLUMNS,),
        "bias": (classes,),
    }
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise ValueError(f"array {name!r} has the shape {arrays[name].shape}, not {shape}")
    if not features or not entries or int(arrays["language"].max()) >= classes:
        raise ValueError("it names classes that it does not have, or knows no feature")


class LanguageModel:
    """Naive Bayes over hashed n-grams and words, calibrated; see `edgewise_distill.language` for the making.

    Safe to use from many threads: nothing changes after loading.

    Attributes:
        labels: Languages, and `"und"` (what is no language) last.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> None:
        """Take the arrays of a model file and the model's `config` of the manifest."""
        classes = [str(name) for name in config["classes"]]
        languages = list(dict.fromkeys(name.split("@")[0] for name in classes))
        self.labels: tuple[str, ...] = (*(x for x in languages if x != UNDETERMINED), UNDETERMINED)
        place = {label: index for index, label in enumerate(self.labels)}
        self._place = place
        # A language of two scripts is two classes, whose probabilities are added.
        self._to_label = np.zeros((len(classes), len(self.labels)), np.float32)
        for index, name in enumerate(classes):
            self._to_label[index, place[name.split("@")[0]]] = 1.0
        self._letters = arrays["letters"].astype(np.uint32)
        self._index = KeyIndex(arrays["keys"])
        self._classes = len(classes)
        self._scripts = ScriptPrior(classes)
        self._lay_out(arrays["sizes"], arrays["language"], arrays["delta"])
        self._trust = arrays["trust"].astype(np.float64)
        self._base = arrays["base"].astype(np.float64) * self._trust[:, None]
        self._scale = self._trust * float(config["step"])
        self._bias = arrays["bias"].astype(np.float64)
        self._spread = float(config["spread"])
        self._growth = float(config["growth"])

    @classmethod
    def from_bytes(cls, data: bytes, config: Mapping[str, Any]) -> LanguageModel:
        """Load a model from the bytes of its file.

        Args:
            data: The file, its hash already verified.
            config: The model's `config` in the manifest.

        Raises:
            BackendLoadError: the bytes or the config are not those of a language model.
        """
        try:
            arrays = read_arrays(data)
            missing = [name for name in _ARRAYS if name not in arrays]
            if missing:
                raise ValueError(f"it lacks {', '.join(missing)}")
            _check(arrays, len(config["classes"]))
            return cls(arrays, config)
        except (ValueError, KeyError, IndexError, TypeError, OverflowError) as error:
            raise BackendLoadError("numpy", "language model", str(error)) from error

    def _lay_out(self, sizes: NDArray[Any], language: NDArray[Any], delta: NDArray[Any]) -> None:
        """Keep features that many languages share as whole rows: most of a text, and quick to add."""
        if not len(language) == len(delta) == int(sizes.sum(dtype=np.int64)):
            raise ValueError("its entries do not add up")
        shared = sizes >= _SHARED
        entries = np.repeat(shared, sizes)
        # What each feature is: the number of its row, or -1 - the number of its first entry.
        starts = np.cumsum(np.where(shared, 0, sizes), dtype=np.int64) - np.where(shared, 0, sizes)
        self._place_of = np.where(shared, np.cumsum(shared) - 1, -1 - starts).astype(np.int32)
        self._sizes = sizes
        self._rows = np.zeros((int(shared.sum()), self._classes), np.int8)
        row = np.repeat(np.cumsum(shared) - 1, sizes)[entries]
        self._rows[row, language[entries]] = delta[entries]
        self._language = language[~entries]
        self._delta = delta[~entries]

    def scores(self, texts: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Add up what the known features of each text say.

        Args:
            texts: Any texts.

        Returns:
            Log-likelihood ratios [texts, classes], and the number of known features [texts].
        """
        return self._scores(codes_of(texts, self._letters), len(texts))

    def _scores(self, codes: NDArray[np.uint32], texts: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        hits, found = self._index.find(hashes_of(codes).ravel())
        column = hits % COLUMNS
        place = self._place_of[found]
        shared = place >= 0
        alone = ~shared
        factors = self._scale[column]
        if texts == 1:
            rows = self._rows[place[shared]].astype(np.float32)
            sums = (factors[shared].astype(np.float32) @ rows).astype(np.float64)
            if alone.any():
                entries, sizes = self._entries(found[alone], place[alone])
                values = self._delta[entries] * np.repeat(factors[alone], sizes)
                sums += np.bincount(self._language[entries], values, self._classes)
            known = np.bincount(column, minlength=COLUMNS)
            return (sums + known @ self._base)[None], np.array([len(hits)])
        text = np.searchsorted(boundaries(codes), hits // COLUMNS, side="right") - 1
        sums = self._shared_sums(text[shared], place[shared], factors[shared], texts)
        entries, sizes = self._entries(found[alone], place[alone])
        target = np.repeat(text[alone] * self._classes, sizes) + self._language[entries]
        values = self._delta[entries] * np.repeat(factors[alone], sizes)
        sums += np.bincount(target, values, texts * self._classes).reshape(texts, -1)
        known = np.bincount(text * COLUMNS + column, minlength=texts * COLUMNS).reshape(-1, COLUMNS)
        return sums + known @ self._base, known.sum(axis=1)

    def _entries(
        self, found: NDArray[np.int32], place: NDArray[np.int32]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the entries of features that have no row, one after another, and how many each has."""
        sizes = self._sizes[found].astype(np.int64)
        first = -1 - place.astype(np.int64)
        total = np.cumsum(sizes)
        size = int(total[-1]) if len(total) else 0
        return np.arange(size) + np.repeat(first - total + sizes, sizes), sizes

    def _shared_sums(
        self, text: NDArray[np.int64], place: NDArray[np.int32], factors: NDArray[np.float64], texts: int
    ) -> NDArray[np.float64]:
        """Add up the rows of each text [texts, classes]; `text` does not fall."""
        sums = np.zeros((texts, self._classes))
        starts = np.searchsorted(text, np.arange(texts + 1))
        small = factors.astype(np.float32)
        for number in range(texts):
            first, last = starts[number], starts[number + 1]
            if first < last:
                sums[number] = small[first:last] @ self._rows[place[first:last]].astype(np.float32)
        return sums

    def probabilities(
        self, texts: Sequence[str], allowed: Sequence[str] | None = None
    ) -> NDArray[np.float32]:
        """Return the calibrated probability of each language.

        Args:
            texts: Original texts; only the first 2,000 characters of each are read.
            allowed: Languages to choose from, None for all. A text without any known letter stays `"und"`,
                whatever is allowed.

        Returns:
            Array [texts, labels], rows sum to 1.

        Raises:
            UnknownLanguageError: a language that the model does not know.
        """
        if not texts:
            return np.zeros((0, len(self.labels)), np.float32)
        codes = codes_of(texts, self._letters)
        scores, known = self._scores(codes, len(texts))
        impossible = self._scripts.ruled_out(codes, len(texts))
        scores = (scores + self._bias) / (self._spread * np.maximum(known, 1)[:, None] ** self._growth)
        if impossible is not None:
            scores[impossible] -= _UNLIKELY
        if allowed is not None:
            scores[:, ~self._open(tuple(allowed))] = _BLOCKED
        scores -= scores.max(axis=1, keepdims=True)
        likely = np.exp(scores)
        likely /= likely.sum(axis=1, keepdims=True)
        result = likely.astype(np.float32) @ self._to_label
        nothing = known == 0
        if nothing.any():
            result[nothing] = 0.0
            result[nothing, -1] = 1.0
        return np.asarray(result)

    def _open(self, allowed: tuple[str, ...]) -> NDArray[np.bool_]:
        unknown = [name for name in allowed if name not in self._place]
        if unknown or not allowed:
            raise UnknownLanguageError(unknown[0] if unknown else "", self.labels)
        return np.asarray(self._to_label[:, [self._place[name] for name in allowed]].any(axis=1))
