"""Text that is no language, and letters of scripts that only one language uses."""

from __future__ import annotations

import numpy as np

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю")
_CONSONANTS = "bcdfghjklmnpqrstvwxz"


def noise(lines: int, seed: int) -> list[str]:
    """Make lines as a cat on the keyboard does: walks along a row, random letters, endless consonants."""
    rng = np.random.default_rng(seed)

    def walk() -> str:
        row = _ROWS[rng.integers(len(_ROWS) if rng.random() < 0.3 else 3)]
        place = int(rng.integers(len(row)))
        word = ""
        for _ in range(int(rng.integers(4, 12))):
            word += row[place]
            place = int(np.clip(place + rng.integers(-2, 3), 0, len(row) - 1))
        return word

    def letters(alphabet: str) -> str:
        return "".join(alphabet[rng.integers(len(alphabet))] for _ in range(int(rng.integers(4, 12))))

    def word() -> str:
        kind = rng.random()
        if kind < 0.5:
            return walk()
        return letters(_CONSONANTS if kind < 0.7 else "abcdefghijklmnopqrstuvwxyz")

    return [" ".join(word() for _ in range(int(rng.integers(1, 5)))) for _ in range(lines)]


SCRIPTS = {"km": (0x1780, 0x17D3), "lo": (0x0E81, 0x0EDD), "bo": (0x0F40, 0x0FBC), "my": (0x1000, 0x104F)}
"""Languages without training text, known by a script of their own: first and last code point."""


def script_lines(language: str, lines: int, seed: int) -> list[str]:
    """Make lines of random letters of a language's own script: all that is known of it."""
    first, last = SCRIPTS[language]
    rng = np.random.default_rng(seed)
    return [
        " ".join(
            "".join(chr(int(code)) for code in rng.integers(first, last + 1, int(rng.integers(2, 9))))
            for _ in range(int(rng.integers(2, 7)))
        )
        for _ in range(lines)
    ]
