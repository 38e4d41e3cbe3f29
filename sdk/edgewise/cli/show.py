"""Showing things to people and to programs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click


def show(text: str) -> None:
    r"""Print for people; what the terminal's encoding lacks is shown as `\N` escapes. Flushes."""
    try:
        click.echo(text)
    except UnicodeEncodeError:
        click.echo(text.encode(sys.stdout.encoding or "ascii", "backslashreplace"))


def show_json(value: Any) -> None:
    """Print one line of JSON in UTF-8, whatever the terminal's encoding. Flushes."""
    from edgewise.cli.tables.cells import to_json  # brings decimal, base64 and more

    click.echo(to_json(value).encode("utf-8"))


def tell(text: str) -> None:
    """Print a remark on stderr."""
    click.echo(text, err=True)


def one_line(text: str, width: int = 90) -> str:
    r"""Show a text on one line: white space collapsed, cut to a width, nothing that could steer a terminal.

    >>> print(one_line("  two\nlines \x1b[31m "))
    two lines \x1b[31m
    """
    # The cut comes first, so that a text of a megabyte costs nothing; runs of spaces may make the line
    # shorter.
    line = " ".join(text[: 4 * width].split())
    cut = len(line) > width or len(text) > 4 * width
    line = line[: width - 1].rstrip() + "…" if cut else line
    return "".join(sign if sign.isprintable() else _escaped(sign) for sign in line)


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> str:
    """Lay out a table in plain text.

    Args:
        head: Names of the columns.
        rows: Their cells.
        right: Names of the columns to align to the right.

    >>> print(table(["name", "size"], [["base", "12"]], right=["size"]))
    name  size
    base    12
    """
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        placed = (
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(head, cells, widths, strict=True)
        )
        return "  ".join(placed).rstrip()

    return "\n".join(map(line, [head, *rows]))
