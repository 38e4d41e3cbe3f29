"""The way back from the normalised text to the original."""

from __future__ import annotations

import pytest

from edgewise.errors import EdgewiseError
from edgewise.text import normalize
from edgewise.text.errors import SpanError
from edgewise.text.offsets import Draft


def original(text: str, part: str) -> str:
    """The piece of a text behind the first occurrence of `part` in its normalised form."""
    done = normalize(text)
    at = done.text.index(part)
    start, end = done.to_original(at, at + len(part))
    return text[start:end]


@pytest.mark.parametrize(
    ("text", "part", "source"),
    [
        ("what   a shame", "shame", "shame"),
        ("you f.u.c.k.i.n.g idiot", "fucking", "f.u.c.k.i.n.g"),
        ("you i\u200bd\u200bi\u200bo\u200bt!", "idiot", "i\u200bd\u200bi\u200bo\u200bt"),
        ("see https://t.co/abc now", "http", "https://t.co/abc"),
        ("hi @somebody!", "@user", "@somebody"),
        ("sooooooo good", "sooo", "sooooooo"),
        ("caf\u0065\u0301 noir", "é", "e\u0301"),
        ("caf\u0065\u0301 noir", "noir", "noir"),
        ("1 &lt; 2", "<", "&lt;"),
        ("ﷺ ok", "ok", "ok"),
        ("\ud83d\ude00 ok", "😀", "\ud83d\ude00"),
        ("sh1t happens", "shit", "sh1t"),
        ("f**** off", "fuck", "f****"),
    ],
)
def test_a_part_leads_back_to_its_source(text: str, part: str, source: str) -> None:
    assert original(text, part) == source


def test_same_offsets_need_no_map() -> None:
    done = normalize("a sh1tty f*ck")
    assert (done.starts, done.text) == (None, "a shitty fuck")


@pytest.mark.parametrize("span", [(-1, 2), (3, 2), (0, 6), (6, 6)])
def test_a_span_outside_the_text_is_refused(span: tuple[int, int]) -> None:
    with pytest.raises(SpanError, match=rf"\({span[0]}, {span[1]}\).* 5 characters") as caught:
        normalize("hello").to_original(*span)
    assert isinstance(caught.value, EdgewiseError) and isinstance(caught.value, ValueError)


def test_edits_upon_edits_add_up() -> None:
    draft = Draft("0123456789")
    draft.edit([(2, 5, "x"), (8, 9, "")])  # 01x5679
    draft.edit([(0, 3, "abc"), (3, 5, "")])  # abc79
    done = draft.done()
    assert done.text == "abc79"
    assert [done.to_original(place, place + 1) for place in range(5)] == [
        (0, 1),
        (1, 2),
        (2, 5),
        (7, 8),
        (9, 10),
    ]
