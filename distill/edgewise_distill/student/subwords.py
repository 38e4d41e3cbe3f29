"""Train the subword tokenizer of a student."""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

PAD, UNKNOWN = "<pad>", "<unk>"
# With the space before it (the mark): a word, one digit, or a run of other signs. Scripts without spaces come
# as long words, in which merging finds the frequent ones.
_PIECES = r"▁?[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)*|▁?\p{N}|▁?[^\s\p{L}\p{M}\p{N}▁]+|▁"


def train_tokenizer(
    texts: Iterable[str], vocabulary: int, alphabet: int = 7000, special: tuple[str, str] = (PAD, UNKNOWN)
) -> Tokenizer:
    """Train byte-pair encoding over lower-cased words, with the start of a word marked.

    Args:
        texts: Normalised texts, balanced over languages as the caller wishes.
        vocabulary: Number of tokens, padding (0) and unknown (1) included.
        alphabet: Number of single characters kept; rarer ones become unknown.
        special: Names of padding and unknown.

    Returns:
        A tokenizer without truncation and padding; it adds no special tokens.

    Source: Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units" (2016).
    """
    tokenizer = Tokenizer(models.BPE(unk_token=special[1], fuse_unk=True))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=False),
            pre_tokenizers.Split(Regex(_PIECES), "isolated"),
        ]
    )
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=3,
        limit_alphabet=alphabet,
        special_tokens=list(special),
        show_progress=False,
        max_token_length=24,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
