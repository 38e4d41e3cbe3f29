"""Errors of the text tools, which only a mistake in the calling code can bring about."""

from __future__ import annotations

from edgewise_runtimes.errors import EdgewiseError

__all__ = ["SpanError", "WindowsError"]


class SpanError(EdgewiseError, ValueError):
    """A span does not lie inside the text it is meant for.

    Attributes:
        start: First character asked for.
        end: One past the last character asked for.
        length: Length of the text, in characters.
    """

    def __init__(self, start: int, end: int, length: int) -> None:
        self.start = start
        self.end = end
        self.length = length
        super().__init__(
            f"The span ({start}, {end}) lies outside the normalised text of {length} characters. "
            "Give offsets into Normalized.text, start not above end."
        )


class WindowsError(EdgewiseError, ValueError):
    """Windows of impossible measures were asked for."""

    def __init__(self, n_tokens: int, size: int, stride: int, limit: int) -> None:
        super().__init__(
            f"No windows can be laid with n_tokens={n_tokens}, size={size}, stride={stride}, limit={limit}. "
            "Give n_tokens >= 0, size >= 1, limit >= 1 and 0 <= stride < size."
        )
