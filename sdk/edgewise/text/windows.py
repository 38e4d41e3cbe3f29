"""Overlapping windows over a long text's tokens."""

from __future__ import annotations

from edgewise.text.errors import WindowsError

__all__ = ["covers_all", "windows"]


def windows(n_tokens: int, size: int, stride: int, limit: int) -> list[tuple[int, int]]:
    """Lays windows over the tokens of a text; the last is right-aligned, so that it is as long as the others.

    If more than `limit` windows were needed, the first `limit` are given and the rest of the text is left
    out: `covers_all` tells.

    Args:
        n_tokens: Number of tokens, 0 or more.
        size: Tokens a window.
        stride: Tokens that neighbouring windows share at least, below `size`.
        limit: The most windows to lay.

    Returns:
        ``(start, end)`` of each window, in order; none for no tokens.

    Raises:
        WindowsError: If a figure is out of its range.

    Example:
        >>> windows(300, size=128, stride=32, limit=64)
        [(0, 128), (96, 224), (172, 300)]
    """
    if n_tokens < 0 or size < 1 or limit < 1 or not 0 <= stride < size:
        raise WindowsError(n_tokens, size, stride, limit)
    if n_tokens <= size:
        return [(0, n_tokens)] if n_tokens else []
    step = size - stride
    count = 1 + -(-(n_tokens - size) // step)
    spans = [(i * step, i * step + size) for i in range(min(count, limit))]
    if count <= limit:
        spans[-1] = (n_tokens - size, n_tokens)
    return spans


def covers_all(spans: list[tuple[int, int]], n_tokens: int) -> bool:
    """Tells whether windows reach the end of the text.

    Args:
        spans: What `windows` returned.
        n_tokens: Number of tokens of the text.

    Returns:
        False if anything is left out.
    """
    return (spans[-1][1] if spans else 0) >= n_tokens
