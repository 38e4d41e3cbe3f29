"""A megabyte of anything takes a moment, not minutes."""

from __future__ import annotations

import time

import pytest

from edgewise.text import normalize, words

pytestmark = pytest.mark.slow

SIZE = 1_000_000
LIMIT_S = 10.0
"""Processor time. About 1 s is usual; a quadratic step would take hours."""

HARD = {
    "marks": "\u0301",
    "two marks": "\u0301\u0323",
    "mark on letters": "e\u0301",
    "ampersands": "&",
    "entities": "&amp;",
    "nested entities": "amp;",
    "less-than": "<",
    "open tags": "<a ",
    "open comments": "<!--",
    "spaces": " ",
    "at signs": "@",
    "handles": " @a",
    "chained handles": "@a",
    "single letters": "a b ",
    "dotted letters": "a.",
    "dashed letters": "a-b ",
    "stars": "*",
    "starred letters": "f*",
    "digits and letters": "1a",
    "zero-width": "a\u200b",
    "joiners": "\u200d",
    "hearts": "❤\ufe0f",
    "surrogates": "\ud800",
    "split pairs": "\ud83d\ude00",
    "NUL": "\0",
    "full-width": "ｈｅ",
    "sara am": "\u0e33",
    "jamo": "\u1100\u1161\u11a8",
    "links": "http://",
    "dead links": "http://. ",
    "bare links": "bit.ly/ ",
    "mixed scripts": "аa",
    "new lines": "a\n",
    "runs": "aaaab",
    "one word": "ab",
    "unassigned": "\U000e1000\u0378",
}


@pytest.mark.parametrize("piece", HARD.values(), ids=HARD.keys())
def test_a_megabyte_of_it_is_quick(piece: str) -> None:
    text = "&" + piece * (SIZE // len(piece.encode("utf-8", "surrogatepass")))
    before = time.process_time()
    result = normalize(text).text
    words(result)
    assert time.process_time() - before < LIMIT_S


def test_a_megabyte_of_different_tokens_is_quick() -> None:
    text = " ".join(f"f{n:x}*k{n % 7}" for n in range(SIZE // 9))
    before = time.process_time()
    normalize(text)
    assert time.process_time() - before < LIMIT_S
