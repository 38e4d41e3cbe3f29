"""Which language a text is in: a sparse n-gram model in numpy, a few dozen microseconds a text."""

from __future__ import annotations

from edgewise.language.model import LanguageModel

__all__ = ["LanguageModel"]
