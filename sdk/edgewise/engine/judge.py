"""What the engine asks of a model that judges texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from edgewise.engine.heads import Head
from edgewise.engine.tokens import Tokens


class Reader(Protocol):
    """Makes of a text the rows that a model takes."""

    def read(self, text: str) -> Tokens:
        """Return the rows of a normalised text; none when there is nothing to read."""
        ...

    def passages(self, text: str) -> list[tuple[int, int]]:
        """Return the characters `(start, end)` that each row of `read` stands for."""
        ...


class Judge(Protocol):
    """Rows in, logits out; see `Encoder` and `NgramModel`."""

    @property
    def tokenizer(self) -> Reader:
        """What reads texts for it."""
        ...

    @property
    def heads(self) -> Mapping[str, Head]:
        """How to read its outputs, by task."""
        ...

    def logits(
        self, rows: Sequence[Any], tasks: Sequence[str], rows_per_run: int
    ) -> dict[str, list[list[float]]]:
        """Return by task one list of logits a row."""
        ...

    def settle(
        self,
        logits: Mapping[str, Sequence[Sequence[float]]],
        rows: Sequence[Any],
        text: str,
        language: str | None,
    ) -> Mapping[str, Sequence[Sequence[float]]]:
        """Return by task what is left to calibrate for each row of one text."""
        ...

    def judge_row(
        self, row: Any, tasks: Sequence[str], text: str, language: str | None
    ) -> Mapping[str, Sequence[float]]:
        """Return what `settle` makes of `logits` for a text that is one row."""
        ...

    def close(self) -> None:
        """Free the model."""
        ...
