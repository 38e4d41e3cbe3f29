"""Begin a student's embeddings with what a pretrained encoder knows of words."""

from __future__ import annotations

import re

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from edgewise.errors import EdgewiseError
from edgewise_distill.checkpoints import locate

FloatArray = NDArray[np.float32]
SPREAD = 0.1  # standard deviation of a feature, as of the random rows that the others keep
_WORD = re.compile(r"▁?[a-z][a-z'’]*")


class FewFeaturesError(EdgewiseError, ValueError):
    """An encoder, or a vocabulary, is too small for vectors as wide as wanted."""

    def __init__(self, source: str, width: int, words: int, features: int) -> None:
        """Say what was wanted and what there is."""
        super().__init__(
            f"Vectors of {width} features can't be made of {words} English tokens and the {features} "
            f"features of the encoder {source!r}. Make the student narrower, its vocabulary larger, or take "
            "another encoder."
        )


def known_tokens(tokenizer: Tokenizer) -> dict[int, str]:
    """Return the tokens that an English encoder can say something of, by id: runs of the letters a to z."""
    return {
        number: token.removeprefix("▁")
        for token, number in tokenizer.get_vocab().items()
        if _WORD.fullmatch(token) and len(token.removeprefix("▁")) > 1
    }


def token_vectors(words: list[str], source: str, width: int, batch: int = 512) -> FloatArray:
    """Return a vector for each word: the encoder's mean state, rotated to its `width` principal components.

    Args:
        words: n words or parts of words.
        source: The encoder, as `locate` takes it.
        width: Features wanted; at most as many as the encoder has and there are words.
        batch: Words at once.

    Returns:
        float32 [n, width], centred, with a standard deviation of 0.1 in all.

    Raises:
        CheckpointNotFoundError: The encoder is not there.
        FewFeaturesError: There are fewer words, or the encoder has fewer features, than wanted.

    Source: the static embeddings of Tulkens and van Dongen, "Model2Vec" (2024).
    """
    from transformers import AutoModel, AutoTokenizer

    place = locate(source)
    reader = AutoTokenizer.from_pretrained(place)
    encoder = AutoModel.from_pretrained(place).eval()
    rows = []
    with torch.inference_mode():
        for first in range(0, len(words), batch):
            given = reader(words[first : first + batch], return_tensors="pt", padding=True)
            states = encoder(**given).last_hidden_state
            mask = given["attention_mask"].unsqueeze(2)
            rows.append(((states * mask).sum(1) / mask.sum(1)).float().numpy())
    found = np.concatenate(rows)
    if width > min(found.shape):
        raise FewFeaturesError(source, width, *found.shape)
    found -= found.mean(axis=0)
    _, axes = np.linalg.eigh(found.T @ found)
    reduced = found @ axes[:, ::-1][:, :width]
    return np.asarray(reduced * (SPREAD / reduced.std()), np.float32)


def begin_with(weights: torch.Tensor, tokenizer: Tokenizer, source: str) -> int:
    """Overwrite the rows of known tokens in an embedding [vocabulary, width]; return how many they are.

    Raises:
        CheckpointNotFoundError: The encoder is not there.
        FewFeaturesError: It has fewer features than the embedding, or there are fewer known tokens.
    """
    known = known_tokens(tokenizer)
    if not known:
        return 0
    numbers = sorted(known)
    vectors = token_vectors([known[number] for number in numbers], source, weights.shape[1])
    with torch.no_grad():
        weights[torch.tensor(numbers)] = torch.from_numpy(vectors)
    return len(numbers)
