"""The letters of one text and their hashes, found once for all models that ask for them in turn."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgewise.language.features import hashes_of_one

_ASCII = 0x80
_TEXTS_KEPT = 4  # one for each of a few threads


class Alphabet:
    """What is kept of a text; the rest are spaces, of which one stands between two words.

    Args:
        table: uint32 [65536], what each UTF-16 unit counts as.

    Attributes:
        table: The same.
    """

    __slots__ = ("_ascii", "table")

    def __init__(self, table: NDArray[np.uint32]) -> None:
        self.table = table
        low = table[:_ASCII]
        # Most texts are ASCII, which bytes translate much faster.
        self._ascii = low.astype(np.uint8).tobytes().ljust(256) if int(low.max()) < _ASCII else None

    def spell(self, text: str) -> str:
        """Return what is kept of a text, without spaces at the ends."""
        if self._ascii is not None and text.isascii():
            kept = text.encode("ascii").translate(self._ascii).decode("ascii")
        else:
            # What lies beyond the BMP comes as surrogates, that is spaces.
            units = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), np.uint16)
            kept = self.table.take(units).tobytes().decode("utf-32-le")
        return " ".join(kept.split())


class Spelled(NamedTuple):
    """The letters of one text and their hashes; read-only, for several models share them.

    Attributes:
        codes: Code points, a space at either end.
        flat: See `Hashes`.
    """

    codes: NDArray[np.uint32]
    flat: NDArray[np.uint32]


@lru_cache(maxsize=_TEXTS_KEPT)
def spelled(letters: str) -> Spelled:
    """Hash the letters of one text, once for all models that ask in turn.

    Args:
        letters: What `Alphabet.spell` returned.
    """
    codes, flat = hashes_of_one(f" {letters} " if letters else " ")
    flat.flags.writeable = False
    return Spelled(codes, flat)
