"""A text being rewritten that remembers where each of its characters came from."""

from __future__ import annotations

import re
from dataclasses import dataclass

from edgewise.slotted import quick_init
from edgewise.text.errors import SpanError

__all__ = ["Draft", "Edit", "Normalized"]

Edit = tuple[int, int, str]
"""Replace `[start, end)` of the present text by this; equal lengths map character to character."""


@quick_init
@dataclass(frozen=True, slots=True)
class Normalized:
    """A normalised text and the way back to the original.

    Attributes:
        text: The normalised text.
        original_length: Length of the original, in characters.
        starts: For each character of `text` where its source begins in the original; None when the offsets
            are the same in both.
        ends: For each character of `text` where its source ends (exclusive); None together with `starts`.
    """

    text: str
    original_length: int
    starts: tuple[int, ...] | None = None
    ends: tuple[int, ...] | None = None

    def to_original(self, start: int, end: int) -> tuple[int, int]:
        """Finds the smallest span of the original that covers a span of the normalised text.

        Args:
            start: First character of the span.
            end: One past its last character, not below `start`.

        Returns:
            `(start, end)` in the original; an empty span gives an empty span.

        Raises:
            SpanError: If the span does not lie inside the normalised text.

        Example:
            >>> from edgewise.text import normalize
            >>> done = normalize("what   a s\u200bhame")
            >>> done.text, done.to_original(7, 12)
            ('what a shame', (9, 15))
        """
        if not 0 <= start <= end <= len(self.text):
            raise SpanError(start, end, len(self.text))
        if self.starts is None or self.ends is None:
            return start, end
        if start == end:
            place = self.starts[start] if start < len(self.text) else self.original_length
            return place, place
        return self.starts[start], self.ends[end - 1]


class Draft:
    """The text as the steps have left it so far, with its offsets into the original.

    Args:
        text: The original.

    Attributes:
        text: The present text.
    """

    __slots__ = ("_ends", "_original_length", "_starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._original_length = len(text)
        self._starts: list[int] | None = None
        self._ends: list[int] | None = None

    def edit(self, edits: list[Edit]) -> bool:
        """Applies edits that are in order and do not overlap.

        An edit that keeps the length maps character to character. With any other, each new character stands
        for the whole replaced span, and a deletion leaves its neighbours as they were.

        Args:
            edits: `(start, end, replacement)` over the present text, `start` below `end`.

        Returns:
            True if there was any.
        """
        if not edits:
            return False
        text, at = self.text, 0
        pieces: list[str] = []
        moved: list[Edit] = []
        for edit in edits:
            start, end, new = edit
            pieces.append(text[at:start])
            pieces.append(new)
            at = end
            if len(new) != end - start:
                moved.append(edit)
        pieces.append(text[at:])
        if moved:
            self._move(moved)
        self.text = "".join(pieces)
        return True

    def replace_characters(self, pattern: re.Pattern[str], new: str) -> bool:
        """Replaces every match of a pattern for one character by another character.

        Args:
            pattern: Matches single characters only.
            new: One character.

        Returns:
            True if there was any match.
        """
        self.text, count = pattern.subn(new, self.text)
        return count > 0

    def done(self) -> Normalized:
        """Freezes the draft.

        Returns:
            The text with its map, or without one when no character moved.
        """
        if self._starts is None or self._ends is None:
            return Normalized(self.text, self._original_length)
        return Normalized(self.text, self._original_length, tuple(self._starts), tuple(self._ends))

    def _move(self, edits: list[Edit]) -> None:
        length = len(self.text)
        old_starts = list(range(length)) if self._starts is None else self._starts
        old_ends = list(range(1, length + 1)) if self._ends is None else self._ends
        starts: list[int] = []
        ends: list[int] = []
        at = 0
        for start, end, new in edits:
            if at < start:
                starts += old_starts[at:start]
                ends += old_ends[at:start]
            if new:
                starts += [old_starts[start]] * len(new)
                ends += [old_ends[end - 1]] * len(new)
            at = end
        starts += old_starts[at:]
        ends += old_ends[at:]
        self._starts, self._ends = starts, ends
