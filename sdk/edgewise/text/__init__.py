"""From whatever was typed to what the models read, and back: validation, normalisation, windows, words."""

from edgewise.text.normalize import Normalized, normalize

__all__ = ["Normalized", "normalize"]
