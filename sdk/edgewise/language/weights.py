"""What features say of each class, added up."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgewise.language.table import SIZE_BITS, SLACK

_SIZE_MASK = np.uint32((1 << SIZE_BITS) - 1)
_SIZE_SHIFT = np.uint32(SIZE_BITS)


class FeatureWeights(NamedTuple):
    """The weights of all features; see `edgewise.language.table.FeatureTable.where` for what is where.

    Attributes:
        rows: int8 [whole rows, classes].
        language: uint8 [entries], classes.
        delta: int8 [entries], their weights.
    """

    rows: NDArray[np.int8]
    language: NDArray[np.uint8]
    delta: NDArray[np.int8]

    def add_up(
        self,
        where: NDArray[np.uint32] | NDArray[np.uint16],
        factors: NDArray[np.float32],
        text: NDArray[np.integer[Any]] | None,
        texts: int,
    ) -> NDArray[np.float64]:
        """Add up the weights of the features of each text.

        Args:
            where: Where the weights of each feature are.
            factors: What each feature counts.
            text: The text of each feature, not falling; None when there is but one.
            texts: Number of texts.

        Returns:
            Array [texts, classes].
        """
        if len(self.delta) == SLACK:
            return self._whole(where, factors, text, texts)
        is_whole = where < len(self.rows)
        # Places are taken in half the time of a mask.
        whole, sparse = is_whole.nonzero()[0], (~is_whole).nonzero()[0]
        sums = self._entries(
            where.take(sparse), factors.take(sparse), None if text is None else text.take(sparse), texts
        )
        sums += self._whole(
            where.take(whole), factors.take(whole), None if text is None else text.take(whole), texts
        )
        return sums

    def _whole(
        self,
        where: NDArray[np.uint32] | NDArray[np.uint16],
        factors: NDArray[np.float32],
        text: NDArray[np.integer[Any]] | None,
        texts: int,
    ) -> NDArray[np.float64]:
        """Add up the weights of features that have a row."""
        if text is None:
            sum_ = factors @ self.rows.take(where, axis=0).astype(np.float32)
            return sum_.astype(np.float64)[None]
        sums = np.empty((texts, self.rows.shape[1]))
        edges = text.searchsorted(np.arange(texts + 1)).tolist()
        for place in range(texts):
            part = slice(edges[place], edges[place + 1])
            sums[place] = factors[part] @ self.rows.take(where[part], axis=0).astype(np.float32)
        return sums

    def _entries(
        self,
        where: NDArray[np.uint32] | NDArray[np.uint16],
        factors: NDArray[np.float32],
        text: NDArray[np.integer[Any]] | None,
        texts: int,
    ) -> NDArray[np.float64]:
        """Add up the weights of features that have no row."""
        classes = self.rows.shape[1]
        place = where - np.uint32(len(self.rows))
        sizes = place & _SIZE_MASK
        ends = sizes.cumsum(dtype=np.intp)
        total = int(ends[-1]) if len(ends) else 0
        entries = (place >> _SIZE_SHIFT) - ends + sizes
        entries = entries.repeat(sizes)
        entries += np.arange(total)
        target: NDArray[Any] = self.language.take(entries)
        if text is not None:
            target = target + (text * np.intp(classes)).repeat(sizes)
        values = self.delta.take(entries) * factors.repeat(sizes)
        sums = np.bincount(target, values, texts * classes)  # integers where there is nothing to add
        return sums.astype(np.float64, copy=False).reshape(texts, classes)
