"""What counts as a text."""

from __future__ import annotations

from edgewise.errors import InputTypeError

__all__ = ["as_text"]


def as_text(value: object, position: int | None = None) -> str:
    """Lets a text through and refuses everything else.

    Any string is a text: empty, blank, with lone surrogates or NUL. `None`, bytes, numbers, the NaN that
    pandas puts for a missing text, and lists are not.

    Args:
        value: What the caller gave.
        position: Its index in a batch, for the message; None for a single text.

    Returns:
        The value as a plain `str`.

    Raises:
        InputTypeError: If it is no string; the message names type, position and remedy.

    Example:
        >>> as_text("fine")
        'fine'
        >>> as_text(b"bytes", position=3)
        Traceback (most recent call last):
        edgewise.errors.InputTypeError: Expected a text (str) at position 3, got bytes. ...
    """
    if type(value) is str:
        return value
    if isinstance(value, str):  # numpy.str_ and other subclasses
        return str(value)
    raise InputTypeError(type(value), position)
