"""From a normalised text to the rows of token ids that a model reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from tokenizers import Tokenizer

from edgewise.bundle.manifest import TokenizerSpec
from edgewise.errors import BackendLoadError
from edgewise.text.windows import covers_all, windows


class Tokens(NamedTuple):
    """A text as a model reads it.

    Attributes:
        rows: What the model takes of each window, of an encoder token ids, special tokens included; none
            when there is nothing to read.
        weights: Tokens of each window, special tokens not counted.
        complete: Whether the windows hold the whole text.
    """

    rows: Sequence[Any]
    weights: Sequence[int]
    complete: bool = True


_NOTHING = Tokens((), ())
_USUAL_UNKNOWN = "<unk>"
_SPACE = "\u2581"
_WORDS_REMEMBERED = 2000


class TextTokenizer:
    """A model's tokenizer. Never changed after it is made, so threads share it.

    Texts are encoded one by one: the library's batch call starts threads of its own, as many as there are
    cores, which would break a promise made to the caller (`threads=`) and does not survive a fork.

    Args:
        data: A `tokenizer.json`.
        spec: The tokenizer in the manifest.
        max_windows: The most windows a text may have.

    Raises:
        BackendLoadError: The bytes are no tokenizer, or leave no room for a token beside the special ones.
    """

    def __init__(self, data: bytes, spec: TokenizerSpec, max_windows: int) -> None:
        try:
            tokenizer = Tokenizer.from_buffer(data)
        except Exception as problem:  # the library raises nothing narrower
            raise BackendLoadError("tokenizers", spec.file.file, str(problem)) from problem
        tokenizer.no_padding()
        tokenizer.no_truncation()
        # A comment that says "[SEP]" means these five characters.
        tokenizer.encode_special_tokens = True
        # It remembers the first 10,000 words that it meets, in megabytes, for good; frequent ones are enough.
        resize = getattr(tokenizer.model, "_resize_cache", None)
        if resize is not None:
            resize(_WORDS_REMEMBERED)
        self._tokenizer = tokenizer
        self._special = tokenizer.num_special_tokens_to_add(False)
        self._size = spec.max_tokens - self._special
        if self._size < 1:
            problem_text = f"max_tokens {spec.max_tokens} is filled by {self._special} special tokens"
            raise BackendLoadError("tokenizers", spec.file.file, problem_text)
        self._overlap = min(spec.stride, self._size - 1)
        self._max_windows = max_windows
        self._empty_ids = _empty_ids(tokenizer)

    def read(self, text: str) -> Tokens:
        """Return the rows of a text; none when every token is unknown, or there is none."""
        encoding = self._tokenizer.encode(text)
        ids: list[int] = encoding.ids
        count = len(ids) - self._special
        if count <= 0:
            return _NOTHING
        if not self._empty_ids.isdisjoint(ids) and self._is_empty(encoding, ids):
            return _NOTHING
        if count <= self._size:
            return Tokens((ids,), (count,))
        before, after = self._specials(encoding)
        content = ids[len(before) : len(ids) - len(after)]
        spans = self._spans(len(content))
        rows = [[*before, *content[start:end], *after] for start, end in spans]
        return Tokens(rows, [end - start for start, end in spans], covers_all(spans, len(content)))

    def passages(self, text: str) -> list[tuple[int, int]]:
        """Return the characters `(start, end)` that each row of `read` stands for."""
        encoding = self._tokenizer.encode(text)
        count = len(encoding.ids) - self._special
        if count <= self._size:
            return [(0, len(text))]
        first = len(self._specials(encoding)[0])
        offsets = encoding.offsets[first : first + count]
        return [(offsets[start][0], offsets[end - 1][1]) for start, end in self._spans(count)]

    def _spans(self, count: int) -> list[tuple[int, int]]:
        return windows(count, self._size, self._overlap, self._max_windows)

    def _specials(self, encoding: Any) -> tuple[list[int], list[int]]:
        """Return the special tokens before and after the text."""
        mask: list[int] = encoding.special_tokens_mask
        before = mask.index(0) if 0 in mask else 0
        ids: list[int] = encoding.ids
        return ids[:before], ids[len(ids) - (self._special - before) :] if self._special > before else []

    def _is_empty(self, encoding: Any, ids: Sequence[int]) -> bool:
        """Whether no token but the special ones says anything."""
        if not self._special:
            return self._empty_ids.issuperset(ids)
        pairs = zip(ids, encoding.special_tokens_mask, strict=True)
        return all(special or token in self._empty_ids for token, special in pairs)


def _empty_ids(tokenizer: Any) -> frozenset[int]:
    """Return the ids that say nothing about a text.

    The unknown token, and the mark that stands for a space.
    """
    unknown = getattr(tokenizer.model, "unk_token", None) or _USUAL_UNKNOWN
    return frozenset(
        token for name in (unknown, _SPACE) if (token := tokenizer.token_to_id(name)) is not None
    )
