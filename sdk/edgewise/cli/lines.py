"""Texts that are answered as they come: arguments, or lines of standard input."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import IO, NamedTuple

from edgewise.cli.errors import BadLineError
from edgewise.cli.show import one_line, show, show_json
from edgewise.cli.tables.encoding import readable, undecodable
from edgewise.errors import InputError
from edgewise.results import Analysis

_MARK = b"\xef\xbb\xbf"


class Given(NamedTuple):
    """One text as it was given.

    Attributes:
        text: The text; with bytes that were no text shown as escapes when there is a problem.
        number: Its number, counted from 1.
        problem: Why it is no text, or None.
    """

    text: str
    number: int
    problem: str | None = None


def lines_of(stream: IO[bytes]) -> Iterator[Given]:
    """Yield each line as soon as it is there, without its line end; an empty line is an empty text."""
    for number, raw in enumerate(iter(stream.readline, b""), start=1):
        line = (raw.removeprefix(_MARK) if number == 1 else raw).removesuffix(b"\n").removesuffix(b"\r")
        text = line.decode("utf-8", "surrogateescape")
        problem = undecodable(text)
        yield (
            Given(readable(text), number, f"it is not UTF-8 ({problem})") if problem else Given(text, number)
        )


def answer_each(
    given: Iterable[Given], analyse: Callable[[str], Analysis], as_json: bool, titled: bool, stop: bool
) -> tuple[int, int]:
    """Print the answer to each text before the next one is read.

    Args:
        given: The texts.
        analyse: Analyses one.
        as_json: One JSON object a line instead of a block for people.
        titled: Whether a block begins with its text.
        stop: Whether to stop at the first text that cannot be analysed.

    Returns:
        How many texts there were, and how many of them could not be analysed.

    Raises:
        InputError: A text cannot be analysed, and `stop` is set.
    """
    count = bad = 0
    for each in given:
        count += 1
        try:
            if each.problem:
                raise BadLineError(each.number, each.problem)
            analysis = analyse(each.text)
        except InputError as error:
            if stop:
                raise
            bad += 1
            _show_error(error, each, as_json)
        else:
            _show_answer(analysis, each.text, as_json, titled)
    return count, bad


def _show_answer(analysis: Analysis, text: str, as_json: bool, titled: bool) -> None:
    if as_json:
        show_json(analysis.to_dict())
    elif titled:
        body = "\n".join(f"  {line}" for line in str(analysis).splitlines())
        show(f"“{one_line(text)}”\n{body}\n")
    else:
        show(str(analysis))


def _show_error(error: InputError, given: Given, as_json: bool) -> None:
    if as_json:
        show_json({"error": str(error), "line": given.number, "original": given.text})
    else:
        show(f"“{one_line(given.text)}”\n  error      {error}\n")
