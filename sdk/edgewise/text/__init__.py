"""From whatever was typed to what the models read, and back: validation, normalisation, windows, words."""

from edgewise.text.normalize import Normalized, normalize
from edgewise.text.validate import as_text
from edgewise.text.windows import covers_all, windows
from edgewise.text.words import words

__all__ = ["Normalized", "as_text", "covers_all", "normalize", "windows", "words"]
