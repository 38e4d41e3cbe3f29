"""How texts are grouped: rows of equal length into runs, an endless iterable into chunks. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from typing import Literal

from edgewise.engine.settings import SettingError
from edgewise.errors import InputError, InputTypeError
from edgewise.text.validate import as_text

OnError = Literal["raise", "return"]
"""What to do with a value that is no text: raise its error, or put the error in the result's place."""

_CHARS_PER_CHUNK = 500_000
"""Bounds the memory of a chunk of long texts."""


class TextsTypeError(InputTypeError):
    """Something that holds no texts stood where many texts belong.

    Attributes:
        value_type: Name of the type that was given.
        position: None.
    """

    def __init__(self, value_type: type) -> None:
        self.value_type = value_type.__name__
        self.position = None
        remedy = (
            "For one text use analyze(text), or put it into a list: [text]."
            if issubclass(value_type, str)
            else "Give a list, a generator or a column, for example frame['comment']."
        )
        super(InputTypeError, self).__init__(
            f"Expected many texts (an iterable of str), got {self.value_type}. {remedy}"
        )


def as_texts(texts: object) -> Iterable[object]:
    """Let an iterable of values through; whether each is a text is seen when its turn comes.

    Raises:
        TextsTypeError: It cannot be iterated, or iterating it gives something else than its texts: a `str`
            gives characters, bytes give numbers, a mapping gives its keys.
    """
    if isinstance(texts, (str, bytes, bytearray, memoryview, Mapping)) or not isinstance(texts, Iterable):
        raise TextsTypeError(type(texts))
    return texts


def length_of(texts: Iterable[object]) -> int | None:
    """Return how many texts there are, None when they tell only by running out."""
    return len(texts) if isinstance(texts, Sized) else None


def keeps_errors(on_error: str) -> bool:
    """Whether errors are to stand among the results.

    Raises:
        SettingError: `on_error` is neither `"raise"` nor `"return"`.
    """
    if on_error not in ("raise", "return"):
        raise SettingError("on_error", on_error, "'raise' or 'return'")
    return on_error == "return"


def buckets(lengths: Sequence[int], rows: int, tokens: int) -> Iterator[list[int]]:
    """Group rows of equal length.

    >>> list(buckets([3, 5, 3, 3], rows=2, tokens=100))
    [[0, 2], [3], [1]]

    Args:
        lengths: Tokens of each row.
        rows: The most rows a group may have.
        tokens: The most tokens a group may have; a row that has more gets a group of its own.

    Yields:
        Indexes into `lengths`, each once, all of one length.
    """
    places: dict[int, list[int]] = {}
    for place, length in enumerate(lengths):
        places.setdefault(length, []).append(place)
    for length, group in places.items():
        size = max(1, min(rows, tokens // max(length, 1)))
        for start in range(0, len(group), size):
            yield group[start : start + size]


def chunks(texts: Iterable[object], size: int, keep_errors: bool) -> Iterator[list[str | InputError]]:
    """Cut an iterable of any length into chunks, taking no more from it than the next chunk needs.

    When a value is refused, or the iterable itself fails, the texts before it are handed on first.

    Args:
        texts: Values, each of which should be a text.
        size: The most texts a chunk may have.
        keep_errors: Whether the error stands in the place of a value that is no text, instead of being
            raised.

    Raises:
        InputTypeError: A value is no text, and errors are not kept.
    """
    chunk: list[str | InputError] = []
    chars = 0
    try:
        for position, value in enumerate(texts):
            item = _checked(value, position, keep_errors)
            chunk.append(item)
            chars += len(item) if isinstance(item, str) else 0
            if len(chunk) == size or chars >= _CHARS_PER_CHUNK:
                yield chunk
                chunk, chars = [], 0
    except Exception:
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk


def _checked(value: object, position: int, keep_errors: bool) -> str | InputError:
    try:
        return as_text(value, position)
    except InputError as error:
        if not keep_errors:
            raise
        return error
