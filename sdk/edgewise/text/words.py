"""Words of a text as spans, for explaining a result word by word."""

from __future__ import annotations

from edgewise.text.characters import MARKS, PICTOGRAPHS, SPACELESS, lazily

__all__ = ["words"]

_LETTER = rf"[^\W{SPACELESS}]"
_PIECE = rf"{_LETTER}(?:{_LETTER}|[{MARKS}\u200c\u200d])*"
_PICTURE = rf"[{PICTOGRAPHS}]\ufe0f?[\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]*"
_WORD = lazily(
    rf"[#@]?{_PIECE}(?:['’.,@*-]{_PIECE})*"
    rf"|[{SPACELESS}][{MARKS}]*"
    r"|[\U0001f1e6-\U0001f1ff]{1,2}"
    rf"|{_PICTURE}(?:\u200d{_PICTURE})*"
    r"|[:;=]['^o-]?[()\[\]DPp/\\|*3<>]+|<3+"
)


def words(text: str) -> list[tuple[int, int]]:
    """Finds the words of a text.

    Words are runs of letters, marks and digits with single joints inside ("don't", "well-known", "3.14"),
    with the sign of a hashtag or handle; single characters in scripts written without spaces (Han, kana,
    Thai, Lao, Khmer, Burmese); whole emoji sequences; emoticons. White space and other punctuation belong to
    no word.

    Args:
        text: Any text.

    Returns:
        `(start, end)` of each word, in order, without overlap.

    Example:
        >>> text = "Don't buy #this 👍🏽 今日 :-)"
        >>> [text[start:end] for start, end in words(text)]
        ["Don't", 'buy', '#this', '👍🏽', '今', '日', ':-)']
    """
    return [match.span() for match in _WORD().finditer(text)]
