"""Linear models over hashed words and n-grams, one a language: small, and good where rows are few."""

from edgewise.ngrams.features import keys_of, letters_and_signs
from edgewise.ngrams.heads import NgramHeads

__all__ = ["NgramHeads", "keys_of", "letters_and_signs"]
