"""A student's embeddings that begin with what an encoder knows of words."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="students need the extra 'train'")
pytest.importorskip("transformers", reason="beginning with an encoder needs the extra 'train'")

import torch
from tests.support.tiny_encoders import make_encoder, words
from tests.support.training_data import WORDS
from tokenizers import Tokenizer

from edgewise_distill.student.initial import (
    SPREAD,
    FewFeaturesError,
    begin_with,
    known_tokens,
    token_vectors,
)
from edgewise_distill.student.subwords import train_tokenizer


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_encoder(tmp_path_factory.mktemp("encoder"), "bert"))


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer([WORDS["en"], WORDS["ru"], "12 34 !! 😂", "it's don’t"] * 6, 300)


def test_only_runs_of_english_letters_are_known(tokenizer: Tokenizer) -> None:
    known = known_tokens(tokenizer)
    names = {number: name for name, number in tokenizer.get_vocab().items()}
    assert len(known) > 20
    for number, word in known.items():
        assert names[number].removeprefix("▁") == word
        assert len(word) > 1
        assert word.replace("'", "").replace("’", "").isascii()
    assert not {"дом", "<unk>", "12"} & set(known.values())


def test_vectors_are_centred_and_as_wide_as_wanted(source: str) -> None:
    found = token_vectors(words()[:60], source, 8, batch=7)
    assert found.shape == (60, 8)
    assert found.dtype == np.float32
    assert found.mean(axis=0) == pytest.approx(0, abs=1e-3)
    assert found.std() == pytest.approx(SPREAD, rel=1e-3)
    variances = found.var(axis=0)
    assert (np.diff(variances) <= 1e-6).all()  # principal components, the widest first


def test_words_alone_and_in_a_batch_have_like_vectors(source: str) -> None:
    some = words()[:30]
    assert token_vectors(some, source, 6, batch=1) == pytest.approx(token_vectors(some, source, 6), abs=1e-3)


def test_distances_between_words_are_kept(source: str) -> None:
    wide, narrow = token_vectors(words()[:40], source, 16), token_vectors(words()[:40], source, 12)
    one = np.linalg.norm(wide[:, None] - wide, axis=2).ravel()
    other = np.linalg.norm(narrow[:, None] - narrow, axis=2).ravel()
    assert np.corrcoef(one, other)[0, 1] > 0.95


def test_rows_of_unknown_tokens_stay_as_they_are(source: str, tokenizer: Tokenizer) -> None:
    torch.manual_seed(1)
    weights = torch.nn.Embedding(tokenizer.get_vocab_size(), 8).weight
    before = weights.detach().clone()
    assert begin_with(weights, tokenizer, source) == len(known_tokens(tokenizer))
    known = torch.zeros(len(before), dtype=torch.bool)
    known[list(known_tokens(tokenizer))] = True
    assert torch.equal(weights[~known], before[~known])
    assert (weights[known] != before[known]).any(dim=1).all()
    assert float(weights[known].detach().std()) == pytest.approx(SPREAD, rel=0.05)


def test_a_vocabulary_without_english_stays_as_it_is(source: str) -> None:
    russian = train_tokenizer([WORDS["ru"]] * 6, 200)
    weights = torch.nn.Embedding(russian.get_vocab_size(), 4).weight
    before = weights.detach().clone()
    assert begin_with(weights, russian, source) == 0
    assert torch.equal(weights, before)


def test_more_features_than_the_encoder_has_are_refused(source: str) -> None:
    with pytest.raises(FewFeaturesError, match="16"):
        token_vectors(words()[:40], source, 17)
    with pytest.raises(FewFeaturesError, match="3"):
        token_vectors(words()[:3], source, 8)
