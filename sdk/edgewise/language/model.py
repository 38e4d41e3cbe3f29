"""The language model at run time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.errors import UnknownLanguageError
from edgewise.labels import UNDETERMINED
from edgewise.language.container import read_arrays
from edgewise.language.features import (
    BOUNDARY,
    COLUMNS,
    LETTERS,
    MAX_CHARS,
    codes_of,
    compose,
    flat_hashes,
)
from edgewise.language.packed import PACKED_LAYOUT, unpack
from edgewise.language.scripts import ScriptPrior
from edgewise.language.spelling import Alphabet, spelled
from edgewise.language.table import LAYOUT, SIZE_BITS, SLACK, FeatureTable
from edgewise.language.weights import FeatureWeights
from edgewise_runtimes.errors import BackendLoadError

_KINDS = {
    "letters": np.uint16,
    "multipliers": np.uint16,
    "rows": np.int8,
    "language": np.uint8,
    "delta": np.int8,
    "base": np.float32,
    "trust": np.float32,
    "bias": np.float32,
}
_COLUMNS = np.arange(COLUMNS)
_COLUMN_STARTS = np.arange(COLUMNS + 1)  # times the positions: there are never more words than those
_LEAST = -80.0  # its exponential is next to nothing, and no denormal number, which are slow
_AT_ONCE = 32  # texts; what they need in between stays in the processor's cache
_BLOCKED = -1e9
_BARS = 64  # sets of allowed languages that are remembered
_UNLIKELY = 50.0  # of a language in a script that it does not use; one that alone is allowed still wins


def _read(data: bytes, classes: int) -> Mapping[str, NDArray[Any]]:
    """Read the arrays of a file, packed or not, and refuse what does not fit together."""
    arrays: Mapping[str, NDArray[Any]] = read_arrays(data)
    layout = int(arrays["layout"][0]) if "layout" in arrays and len(arrays["layout"]) else 1
    if layout not in (LAYOUT, PACKED_LAYOUT):
        readable = f"{LAYOUT} and {PACKED_LAYOUT}"
        raise ValueError(f"its layout is {layout}, and this version of edgewise reads {readable}")
    if layout == PACKED_LAYOUT:
        arrays = unpack(arrays, classes)
    elif "slots" in arrays and arrays["slots"].dtype != np.uint32:
        raise ValueError(f"array 'slots' is of the type {arrays['slots'].dtype}")
    _check(arrays, classes)
    return arrays


def _check(arrays: Mapping[str, NDArray[Any]], classes: int) -> None:
    """Refuse arrays that do not fit together: they would fail later, on some text."""
    missing = [name for name in (*_KINDS, "slots") if name not in arrays]
    if missing:
        raise ValueError(f"it lacks {', '.join(missing)}")
    slots, rows, entries = len(arrays["slots"]), len(arrays["rows"]), len(arrays["language"])
    shapes = {
        "letters": (LETTERS,),
        "multipliers": (1 << max(1, len(arrays["multipliers"]).bit_length() - 1),),
        "slots": (slots, 2),
        "rows": (rows, classes),
        "language": (entries,),
        "delta": (entries,),
        "base": (COLUMNS, classes),
        "trust": (COLUMNS,),
        "bias": (classes,),
    }
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise ValueError(f"array {name!r} has the shape {arrays[name].shape}, not {shape}")
        if arrays[name].dtype != _KINDS.get(name, arrays[name].dtype):
            raise ValueError(f"array {name!r} is of the type {arrays[name].dtype}")
    if not slots or entries < SLACK or int(arrays["language"].max()) >= classes:
        raise ValueError("it names classes that it does not have, or knows no feature")
    last = int(arrays["slots"][:, 1].max()) - rows  # the last feature's entries are the last
    held = (last >> SIZE_BITS) + last % (1 << SIZE_BITS) if last >= 0 else 0
    if held != entries - SLACK or (last >= 0 and entries == SLACK):
        raise ValueError("its features do not have the entries that are there")


class LanguageModel:
    """Naive Bayes over hashed n-grams and words, calibrated; see `edgewise_distill.language` for the making.

    Safe to use from many threads: nothing changes after loading, but for a cache.

    Attributes:
        labels: Languages, and `"und"` (what is no language) last.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> None:
        """Take the arrays of a model file, as `lay_out` made them, and the model's `config`."""
        classes = [str(name) for name in config["classes"]]
        languages = list(dict.fromkeys(name.split("@")[0] for name in classes))
        self.labels: tuple[str, ...] = (*(x for x in languages if x != UNDETERMINED), UNDETERMINED)
        place = {label: index for index, label in enumerate(self.labels)}
        self._place = place
        self._bars: dict[tuple[str, ...], NDArray[np.float64]] = {}
        # A language of two scripts is two classes, whose probabilities are added.
        self._to_label = np.zeros((len(classes), len(self.labels)), np.float32)
        for index, name in enumerate(classes):
            self._to_label[index, place[name.split("@")[0]]] = 1.0
        self._letters = arrays["letters"].astype(np.uint32)
        self._alphabet = Alphabet(self._letters)
        self._table = FeatureTable(arrays["multipliers"], arrays["slots"])
        self._weights = FeatureWeights(arrays["rows"], arrays["language"], arrays["delta"])
        self._scripts = ScriptPrior(classes)
        trust = arrays["trust"].astype(np.float64)
        self._base = arrays["base"].astype(np.float64) * trust[:, None]
        self._scale = (trust * float(config["step"])).astype(np.float32)
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
            return cls(_read(data, len(config["classes"])), config)
        except (ValueError, KeyError, IndexError, TypeError, OverflowError) as error:
            raise BackendLoadError("numpy", "language model", str(error)) from error

    def scores(self, texts: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Add up what the known features of each text say.

        Args:
            texts: Any texts.

        Returns:
            Log-likelihood ratios [texts, classes], and the number of known features [texts].
        """
        return self._scores(codes_of(texts, self._letters), len(texts))

    def _scores(self, codes: NDArray[np.uint32], texts: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        hashes, words = flat_hashes(codes, texts)
        hits, where = self._table.find(hashes)
        starts = _COLUMN_STARTS * len(codes)
        edges = hits.searchsorted(starts)
        known = edges[1:] - edges[:-1]
        factors = self._scale.repeat(known)
        position = hits - starts[:-1].repeat(known)
        position[edges[-2] :] = words.take(position[edges[-2] :])
        text = (codes == BOUNDARY).cumsum().astype(np.uint16).take(position)
        cells = text * np.intp(COLUMNS) + _COLUMNS.repeat(known)
        known = np.bincount(cells, minlength=texts * COLUMNS).reshape(texts, COLUMNS)
        order = text.argsort(kind="stable")
        sums = self._weights.add_up(where[order], factors[order], text[order], texts)
        return sums + known @ self._base, known.sum(axis=1)

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
        if len(texts) == 1:
            return self._probabilities_of_one(texts[0], allowed)[None]
        if len(texts) <= _AT_ONCE:
            return self._probabilities(texts, allowed)
        starts = range(0, len(texts), _AT_ONCE)
        return np.concatenate([self._probabilities(texts[at : at + _AT_ONCE], allowed) for at in starts])

    def _probabilities(self, texts: Sequence[str], allowed: Sequence[str] | None) -> NDArray[np.float32]:
        if not texts:
            return np.zeros((0, len(self.labels)), np.float32)
        codes = codes_of(texts, self._letters)
        scores, known = self._scores(codes, len(texts))
        counts = known.tolist()
        scores += self._bias
        scores /= np.array([[self._spread * max(count, 1) ** self._growth] for count in counts])
        impossible = self._scripts.ruled_out(codes, len(texts))
        if impossible is not None:
            scores[impossible] -= _UNLIKELY
        if allowed is not None:
            scores += self._barred(tuple(allowed))
        scores -= np.maximum.reduce(scores, axis=1, keepdims=True)
        np.maximum(scores, _LEAST, out=scores)
        np.exp(scores, out=scores)
        scores /= np.add.reduce(scores, axis=1, keepdims=True)
        result = scores.astype(np.float32) @ self._to_label
        if 0 in counts:
            nothing = known == 0
            result[nothing] = 0.0
            result[nothing, -1] = 1.0
        return np.asarray(result)

    def _probabilities_of_one(self, text: str, allowed: Sequence[str] | None) -> NDArray[np.float32]:
        """Return the same of one text [labels], in as few calls of numpy as can be: those take the time."""
        barred = None if allowed is None else self._barred(tuple(allowed))
        letters = self._alphabet.spell(compose(text[:MAX_CHARS]))
        codes, flat = spelled(letters)
        hits, where = self._table.find(flat)
        if not len(hits):
            nothing = np.zeros(len(self.labels), np.float32)
            nothing[-1] = 1.0
            return nothing
        edges = hits.searchsorted(_COLUMN_STARTS * len(codes))
        known = edges[1:] - edges[:-1]
        scores = self._weights.add_up(where, self._scale.repeat(known), None, 1)[0]
        scores += known @ self._base
        scores += self._bias
        scores /= self._spread * len(hits) ** self._growth
        if not letters.isascii():
            impossible = self._scripts.ruled_out_of_one(codes)
            if impossible is not None:
                scores[impossible] -= _UNLIKELY
        if barred is not None:
            scores += barred
        scores -= np.maximum.reduce(scores)
        np.maximum(scores, _LEAST, out=scores)
        np.exp(scores, out=scores)
        scores /= np.add.reduce(scores)
        return np.asarray(scores.astype(np.float32) @ self._to_label)

    def _barred(self, allowed: tuple[str, ...]) -> NDArray[np.float64]:
        """Return what bars the classes [classes] of languages that are not allowed."""
        known = self._bars.get(allowed)
        if known is None:
            unknown = [name for name in allowed if name not in self._place]
            if unknown or not allowed:
                raise UnknownLanguageError(unknown[0] if unknown else "", self.labels)
            open_ = self._to_label[:, [self._place[name] for name in allowed]].any(axis=1)
            known = np.where(open_, 0.0, _BLOCKED)
            if len(self._bars) < _BARS:
                self._bars[allowed] = known
        return known
