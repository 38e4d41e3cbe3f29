"""The language model: counting n-grams, weighting them, calibrating the answer."""

from __future__ import annotations
