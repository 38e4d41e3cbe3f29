"""What the web left in a comment: HTML entities and tags, links, handles."""

from __future__ import annotations

import re

from edgewise.text.characters import CJK
from edgewise.text.lexicon import is_target
from edgewise.text.offsets import Draft, Edit

__all__ = ["fold_handles", "fold_links", "strip_tags", "unescape"]

_ENTITY = re.compile(
    r"&(?:amp;|#38;|#[xX]26;)*(#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
)
_INLINE = "a|abbr|b|bdi|bdo|big|cite|code|del|em|font|i|ins|kbd|mark|q|s|small|span|strike|strong|sub|sup|tt|u|wbr"
_BLOCK = (
    "article|aside|audio|blockquote|body|br|button|center|dd|details|div|dl|dt|fieldset|figcaption|figure|footer"
    "|form|h[1-6]|head|header|hr|html|iframe|img|input|label|li|link|main|meta|nav|noscript|object|ol|option|p"
    "|picture|pre|script|section|select|source|style|summary|svg|table|tbody|td|textarea|tfoot|th|thead|time"
    "|title|tr|ul|video"
)
_TAG = re.compile(rf"<(?:/?(?:({_INLINE})|{_BLOCK})(?:[\s/][^<>]*)?|!--[^<>]*|![Dd][Oo][Cc][^<>]*)>", re.IGNORECASE)

_STOP = rf"\s<>\"'`{CJK}"
_DOMAINS = "com|org|net|edu|gov|info|biz|tv|io|ly|co|me|be|gl|gd|ru|de|fr|it|es|uk|us|jp|cn|br|pl|nl|in|eu|fm|to|app|dev|ai"
_LINK = re.compile(
    rf"(?<![A-Za-z0-9_])(?:https?://|ftp://|www\.)[^{_STOP}]*[^{_STOP}.,!?;:)\]}}…*_~|]"
    rf"|(?<![\w.@/-])(?:[A-Za-z0-9][A-Za-z0-9-]*\.)++(?:(?<=\.)(?:{_DOMAINS})/[^{_STOP}]*[^{_STOP}.,!?;:)\]}}…*_~|])",
    re.IGNORECASE,
)
_LINK_HINT = re.compile(r"://|www\.|[a-z0-9]\.[a-z]{2,4}/", re.IGNORECASE)

_NAME_STOP = rf"\W{CJK}\u0e00-\u0eff"
_HANDLE = re.compile(
    rf"(?<![^{_NAME_STOP}])(?<!@)@"
    rf"((?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+[A-Za-z_]{{3}}[A-Za-z0-9_]*)(?:\.[a-z0-9_]+)*(?:@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)?"
    rf"|[^\d{_NAME_STOP}][^{_NAME_STOP}]*)"
)


def unescape(draft: Draft) -> bool:
    """Turns HTML entities into their characters, doubly escaped ones too; unknown names stay."""
    if "&" not in draft.text:
        return False
    import html

    edits: list[Edit] = []
    for match in _ENTITY.finditer(draft.text):
        entity = f"&{match[1]};"
        char = html.unescape(entity)
        if char != entity:
            edits.append((match.start(), match.end(), char))
    return draft.edit(edits)


def strip_tags(draft: Draft) -> bool:
    """Removes HTML tags: one inside a word leaves nothing, any other a space."""
    text = draft.text
    if "<" not in text:
        return False
    edits: list[Edit] = []
    for match in _TAG.finditer(text):
        start, end = match.span()
        inside = match[1] and text[start - 1 : start].isalnum() and text[end : end + 1].isalnum()
        edits.append((start, end, "" if inside else " "))
    return draft.edit(edits)


def fold_links(draft: Draft) -> bool:
    """Replaces each link by the word ``http``."""
    if _LINK_HINT.search(draft.text) is None:
        return False
    return draft.substitute(_LINK, "http")


def fold_handles(draft: Draft) -> bool:
    """Replaces each handle by ``@user``; an obfuscated word such as "@ss" gets its letter back."""
    if "@" not in draft.text:
        return False
    edits: list[Edit] = []
    for match in _HANDLE.finditer(draft.text):
        start, end = match.span()
        if is_target("a" + match[1]):
            edits.append((start, start + 1, "a"))
        elif match[1] != "user":
            edits.append((start, end, "@user"))
    return draft.edit(edits)
