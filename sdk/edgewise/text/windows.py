"""Overlapping windows over a long text's tokens."""

from __future__ import annotations

__all__ = ["covers_all", "windows"]


def windows(n_tokens: int, size: int, stride: int, limit: int) -> list[tuple[int, int]]:
    """Lays windows over a text's tokens; the last one is right-aligned, so that none is shorter than need be.

    If more than ``limit`` windows were needed, the first ``limit`` are given and the rest of the text is left out:
    ``covers_all`` tells.

    Args:
        n_tokens: number of tokens, 0 or more.
        size: tokens a window.
        stride: tokens that neighbouring windows share at least, below ``size``.
        limit: the most windows to lay.

    Returns:
        ``(start, end)`` of each window, in order; none for no tokens.

    Raises:
        ValueError: if a figure is out of its range.

    Example:
        >>> windows(300, size=128, stride=32, limit=64)
        [(0, 128), (96, 224), (172, 300)]
    """
    if n_tokens < 0 or size < 1 or limit < 1 or not 0 <= stride < size:
        raise ValueError(
            f"no windows can be laid with n_tokens={n_tokens}, size={size}, stride={stride}, limit={limit};"
            " give n_tokens >= 0, size >= 1, limit >= 1 and 0 <= stride < size"
        )
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
        spans: what ``windows`` returned.
        n_tokens: number of tokens of the text.

    Returns:
        False if anything is left out.
    """
    return (spans[-1][1] if spans else 0) >= n_tokens
