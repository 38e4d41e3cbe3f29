"""Untrained encoders of real architectures, each with a tokenizer of its own kind, saved as a hub has them.

    folder = make_encoder(tmp_path / "bert", "bert")    # config.json, model.safetensors, tokenizer.json

Width 16, two layers; the words are those of `tests.support.training_data`.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import torch
import transformers
from tests.support.training_data import TOLD, WORDS
from tokenizers import BertWordPieceTokenizer, ByteLevelBPETokenizer

KINDS = ("bert", "roberta", "distilbert", "xlmr")
POSITIONS = 48
"""Longest text in tokens, special ones included."""

_SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}


def words() -> list[str]:
    """Return all words of the mini catalogue, the frequent ones first."""
    texts = [*WORDS.values(), *TOLD.values()]
    return [word for word, _ in Counter(" ".join(texts).lower().split()).most_common()]


def make_encoder(folder: Path, kind: str, seed: int = 3) -> Path:
    """Save an encoder with random weights and its tokenizer.

    Args:
        folder: Where to.
        kind: bert (WordPiece), roberta (byte-level BPE), distilbert (WordPiece), xlmr (Unigram).
        seed: Of the weights.
    """
    reader = _READERS[kind]()
    torch.manual_seed(seed)
    model = _model(kind, len(reader))
    model.save_pretrained(folder)
    reader.save_pretrained(folder)
    return folder


def _model(kind: str, tokens: int) -> Any:
    if kind == "bert":
        config = transformers.BertConfig(vocab_size=tokens, max_position_embeddings=POSITIONS, **_SIZES)
        return transformers.BertModel(config)
    if kind == "distilbert":
        small = {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32}
        config = transformers.DistilBertConfig(vocab_size=tokens, max_position_embeddings=POSITIONS, **small)
        return transformers.DistilBertModel(config)
    # These count positions from behind the id of padding, 1.
    wide = {"vocab_size": tokens, "max_position_embeddings": POSITIONS + 2, "pad_token_id": 1}
    more = {"type_vocab_size": 1, "bos_token_id": 0, "eos_token_id": 2}
    if kind == "roberta":
        return transformers.RobertaModel(transformers.RobertaConfig(**wide, **more, **_SIZES))
    return transformers.XLMRobertaModel(transformers.XLMRobertaConfig(**wide, **more, **_SIZES))


def _pieces() -> dict[str, int]:
    letters = sorted({letter for word in words() for letter in word})
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    names = [*special, *letters, *(f"##{letter}" for letter in letters)]
    return {name: number for number, name in enumerate(dict.fromkeys([*names, *words()]))}


def _bert() -> Any:
    return _wordpiece(transformers.BertTokenizerFast)


def _distilbert() -> Any:
    return _wordpiece(transformers.DistilBertTokenizerFast)


def _wordpiece(kind: Any) -> Any:
    if int(transformers.__version__.partition(".")[0]) >= 5:
        return kind(vocab=_pieces())
    # Where `optimum` is.
    return kind(tokenizer_object=BertWordPieceTokenizer(_pieces())._tokenizer)


def _roberta() -> Any:
    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(
        [" ".join(words())] * 2,
        vocab_size=500,
        min_frequency=2,
        show_progress=False,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
    )
    merges = [tuple(pair) for pair in _state(trained)["merges"]]
    return transformers.RobertaTokenizerFast(vocab=trained.get_vocab(), merges=merges)


def _state(tokenizer: Any) -> dict[str, Any]:
    import json

    made: dict[str, Any] = json.loads(tokenizer.to_str())["model"]
    return made


def _xlmr() -> Any:
    letters = sorted({letter for word in words() for letter in word})
    vocab = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -3.0)]
    vocab += [(f"▁{word}", -5.0) for word in words()]
    vocab += [(letter, -8.0) for letter in letters] + [("<mask>", 0.0)]
    return transformers.XLMRobertaTokenizerFast(vocab=vocab)


_READERS = {"bert": _bert, "roberta": _roberta, "distilbert": _distilbert, "xlmr": _xlmr}
