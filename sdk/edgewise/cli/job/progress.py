"""How far a run has come, on stderr."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

import click

_SECONDS = 2.0


@contextlib.contextmanager
def progress(wanted: bool | None) -> Iterator[Callable[[int, int], Callable[[int], None]]]:
    """Yield a `run.Progress`: a bar on a terminal, otherwise a line now and then if it is wanted, or nothing.

    Args:
        wanted: None for a bar exactly when stderr is a terminal.
    """
    terminal = sys.stderr.isatty()
    with contextlib.ExitStack() as stack:

        def begin(rows: int, done: int) -> Callable[[int], None]:
            if wanted is False or (wanted is None and not terminal):
                return lambda more: None
            if not terminal:
                return _Lines(rows, done).advance
            bar = stack.enter_context(
                click.progressbar(length=rows, label="Analysing", file=sys.stderr, show_pos=True)
            )
            bar.update(done)
            return bar.update

        yield begin


class _Lines:
    """A line every few seconds, for logs."""

    def __init__(self, rows: int, done: int) -> None:
        self._rows = rows
        self._done = done
        self._told = time.monotonic()
        self._tell()

    def advance(self, more: int) -> None:
        self._done += more
        if self._done == self._rows or time.monotonic() - self._told >= _SECONDS:
            self._told = time.monotonic()
            self._tell()

    def _tell(self) -> None:
        share = self._done / self._rows if self._rows else 1.0
        click.echo(f"{self._done:,} of {self._rows:,} rows ({share:.0%})", err=True)
