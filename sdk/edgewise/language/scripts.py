"""The script prior: which languages a script leaves possible, however unknown its words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgewise.language.features import BOUNDARY, LETTERS, SPACE

# First and last code point, and the languages that are written so; letters between the ranges say nothing.
_SCRIPTS: tuple[tuple[int, int, tuple[str, ...]], ...] = (
    (0x0370, 0x03FF, ("el",)),
    (0x0530, 0x058F, ("hy",)),
    (0x0590, 0x05FF, ("he",)),
    (0x0780, 0x07BF, ("dv",)),
    (0x0900, 0x097F, ("hi", "mr", "ne")),
    (0x0980, 0x09FF, ("bn", "as")),
    (0x0A00, 0x0A7F, ("pa",)),
    (0x0A80, 0x0AFF, ("gu",)),
    (0x0B00, 0x0B7F, ("or",)),
    (0x0B80, 0x0BFF, ("ta",)),
    (0x0C00, 0x0C7F, ("te",)),
    (0x0C80, 0x0CFF, ("kn",)),
    (0x0D00, 0x0D7F, ("ml",)),
    (0x0D80, 0x0DFF, ("si",)),
    (0x0E00, 0x0E7F, ("th",)),
    (0x0E80, 0x0EFF, ("lo",)),
    (0x0F00, 0x0FFF, ("bo",)),
    (0x1000, 0x109F, ("my",)),
    (0x10A0, 0x10FF, ("ka",)),
    (0x1200, 0x137F, ("am", "ti")),
    (0x1780, 0x17FF, ("km",)),
    (0x3040, 0x30FF, ("ja",)),
    (0x3400, 0x9FFF, ("zh", "ja")),
    (0xAC00, 0xD7A3, ("ko",)),
)
_KANA, _HAN = 0x3040, 0x3400  # the syllables of Japanese, and the letters of Chinese that stand between them
_NO = 0x306E  # of the kana, the one that Chinese shops like to write, too
_HAN_PER_KANA = 12  # with fewer between two kana, Chinese letters are Japanese
_LOWEST = min(first for first, _, _ in _SCRIPTS)
_MAJORITY = 0.5
_BLANK, _OTHER, _FIRST = 0, 1, 2  # what is no letter; a script that is not listed; the first that is


class ScriptPrior:
    """Rules out the languages that do not use the script which most letters of a text are in."""

    def __init__(self, classes: Sequence[str]) -> None:
        """Make the prior of a model's classes (`language` or `language@Script`)."""
        self._script_of = np.full(LETTERS, _OTHER, np.uint8)
        self._script_of[: SPACE + 1] = _BLANK
        rows = [[True] * len(classes)] * _FIRST
        for first, last, languages in _SCRIPTS:
            self._script_of[first : last + 1] = len(rows)
            possible = [name.split("@")[0] in languages for name in classes]
            rows.append(possible if any(possible) else [True] * len(classes))
        self._kana, self._han = int(self._script_of[_KANA]), int(self._script_of[_HAN])
        self._script_of[_NO] = _OTHER
        self._impossible = ~np.array(rows)
        self._kinds = len(rows)

    def ruled_out_of_one(self, codes: NDArray[np.uint32]) -> NDArray[np.bool_] | None:
        """Return what can't be [classes] of one text; see `ruled_out`."""
        if int(np.maximum.reduce(codes)) < _LOWEST:
            return None
        # A text has two dozen counts, for which numpy's fixed cost per call is most of the time.
        counts: list[int] = np.bincount(self._script_of.take(codes), minlength=self._kinds).tolist()
        counts[_BLANK] = 0
        if counts[self._han] < counts[self._kana] * _HAN_PER_KANA:
            counts[self._kana] += counts[self._han]
            counts[self._han] = 0
        most = max(counts)
        return self._impossible[counts.index(most)] if most > _MAJORITY * sum(counts) else None

    def ruled_out(self, codes: NDArray[np.uint32], texts: int) -> NDArray[np.bool_] | None:
        """Return what can't be [texts, classes], None when nothing is ruled out.

        Args:
            codes: Letters of the texts, from `codes_of`.
            texts: Number of texts.
        """
        if int(np.maximum.reduce(codes)) < _LOWEST:
            return None
        script = self._script_of.take(codes)
        kinds = len(self._impossible)
        if texts > 1:
            script = script + (codes == BOUNDARY).cumsum() * kinds
        counts = np.bincount(script, minlength=texts * kinds).reshape(texts, kinds)
        counts[:, _BLANK] = 0
        han, kana = counts[:, self._han], counts[:, self._kana]
        moved = np.where(han < kana * _HAN_PER_KANA, han, 0)
        kana += moved
        han -= moved
        top = counts.argmax(axis=1)
        clear = counts[np.arange(texts), top] > _MAJORITY * np.maximum(counts.sum(axis=1), 1)
        return np.asarray(self._impossible[np.where(clear, top, _BLANK)])
