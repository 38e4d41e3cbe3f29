"""What the web left in a comment: HTML entities and tags, links, handles."""

from __future__ import annotations

from edgewise.text.characters import CJK, MARKS, lazily
from edgewise.text.lexicon import is_target
from edgewise.text.offsets import Draft, Edit

__all__ = ["fold_handles", "fold_links", "may_have_markup", "strip_tags", "unescape"]

_ENTITY = lazily(r"&(?:amp;|#38;|#[xX]26;)*(#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_HARMLESS = frozenset("&<>\"' ")
"""Characters that an entity may become without giving `unescape` more to do."""

_INLINE = (
    "a|abbr|b|bdi|bdo|big|cite|code|del|em|font|i|ins|kbd|mark|q|s|small|span|strike|strong|sub|sup|tt|u|wbr"
)
_BLOCK = (
    "article|aside|audio|blockquote|body|br|button|center|dd|details|div|dl|dt|fieldset|figcaption|figure|footer"
    "|form|h[1-6]|head|header|hr|html|iframe|img|input|label|li|link|main|meta|nav|noscript|object|ol|option|p"
    "|picture|pre|script|section|select|source|style|summary|svg|table|tbody|td|textarea|tfoot|th|thead|time"
    "|title|tr|ul|video"
)
_TAG = lazily(rf"<(?i:/?(?:({_INLINE})|{_BLOCK})(?:[\s/][^>]*)?|!--[^>]*|!doctype[^>]*)>")

_COMMENT = lazily(r"<!--(?s:.*?)-->")

_IN_LINK = rf"[^\s<>\"'`{CJK}]"
_LINK_END = rf"[^\s<>\"'`{CJK}.,!?;:)\]}}…*_~|]"
_LINK = lazily(
    r"[HhFfWw](?<![A-Za-z0-9_].)(?:(?<=[Hh])[Tt][Tt][Pp][Ss]?://|(?<=[Ff])[Tt][Pp]://|(?<=[Ww])[Ww][Ww]\.)"
    rf"{_IN_LINK}*{_LINK_END}"
)
_DOMAINS = "com|org|net|edu|gov|info|biz|tv|io|ly|co|me|be|gl|gd|fm|to|app|dev|ai|eu|uk|us"
_DOMAINS += "|ru|de|fr|it|es|jp|cn|br|pl|nl|in"
_BARE_HINT = lazily(rf"\.(?:{_DOMAINS})/")
_BARE_LINK = lazily(
    rf"(?<![\w.@/-])(?:[A-Za-z0-9][A-Za-z0-9-]*\.)++(?<=\.)(?:{_DOMAINS})/{_IN_LINK}*{_LINK_END}"
)

_NAME = rf"[^\W{CJK}\u0e00-\u0eff]"
_HANDLE = lazily(
    rf"@(?<!{_NAME}@)(?<![@{MARKS}]@)((?:(?!\d){_NAME}|\d+[A-Za-z_]{{3}})"
    rf"(?:{_NAME}|[{MARKS}\u200c\u200d]|\.(?=[a-z0-9_])|@[A-Za-z0-9-]+\.(?=[A-Za-z0-9]))*)"
)


def may_have_markup(text: str) -> bool:
    """Tells whether a text may have entities, tags, links or handles; if not, no step here changes it."""
    return "&" in text or "<" in text or "@" in text or "/" in text or "ww." in text or "WW." in text


def unescape(draft: Draft) -> bool:
    """Turns HTML entities into their characters, doubly escaped ones too; unknown names stay."""
    if "&" not in draft.text:
        return False
    import html

    edits: list[Edit] = []
    again = False
    for match in _ENTITY().finditer(draft.text):
        entity = f"&{match[1]};"
        char = html.unescape(entity)
        if char != entity:
            edits.append((match.start(), match.end(), char))
            again = again or char not in _HARMLESS
    draft.edit(edits)
    return again


def strip_tags(draft: Draft) -> bool:
    """Removes HTML tags: one inside a word leaves nothing, any other a space."""
    if "<" not in draft.text or ">" not in draft.text:
        return False
    changed = False
    last = draft.text.rfind("-->") + 3
    if last > 2 and "<!--" in draft.text:
        comments = _COMMENT().finditer(draft.text, 0, last)
        changed = draft.edit([(match.start(), match.end(), " ") for match in comments])
    text = draft.text
    last = text.rfind(">") + 1
    edits: list[Edit] = []
    # Up to the last end only: every tag that opens then finds one, so the search stays linear.
    for match in _TAG().finditer(text, 0, last):
        start, end = match.span()
        inside = match[1] is not None and text[start - 1 : start].isalnum() and text[end : end + 1].isalnum()
        edits.append((start, end, "" if inside else " "))
    return draft.edit(edits) or changed


def fold_links(draft: Draft) -> None:
    """Replaces each link by the word `http`."""
    text = draft.text
    if "://" in text or "www." in text or "WWW." in text or "Www." in text:
        draft.edit([(m.start(), m.end(), "http") for m in _LINK().finditer(draft.text)])
    if "/" in draft.text and _BARE_HINT().search(draft.text) is not None:
        draft.edit([(m.start(), m.end(), "http") for m in _BARE_LINK().finditer(draft.text)])


def fold_handles(draft: Draft) -> bool:
    """Replaces each handle by `@user`; an obfuscated word such as "@ss" gets its letter back."""
    if "@" not in draft.text:
        return False
    again = False
    edits: list[Edit] = []
    for match in _HANDLE().finditer(draft.text):
        name = match[1]
        if name == "user":
            continue
        start, end = match.span()
        target = is_target("a" + name)
        edits.append((start, start + 1, "a") if target else (start, end, "@user"))
        again = again or target
    draft.edit(edits)
    return again
