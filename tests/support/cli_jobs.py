"""Runs over files with a stand-in for the analyzer: what is tested is the handling of rows and files."""

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from edgewise.cli.job.run import Job, Summary, run
from edgewise.cli.tables.formats import layout_of, open_source
from edgewise.cli.tables.model import Answer, Column

NEW = (Column("edgewise_length", "int"), Column("edgewise_even", "bool"), Column("edgewise_error"))


def lengths(texts: Sequence[str]) -> list[Answer]:
    """Answer each text with its length; refuse the text `refuse me`."""
    return [
        ("refused", [None, None]) if text == "refuse me" else (None, [len(text), len(text) % 2 == 0])
        for text in texts
    ]


def job(file: Path, output: Path, **changes) -> Job:
    """Make a job; what is not a field of it goes to the source."""
    delimiter, encoding = changes.pop("delimiter", None), changes.pop("encoding", "utf-8")
    source = open_source(file, layout_of(file), delimiter, encoding)
    basic = Job(
        source=source,
        column="text",
        output=output,
        layout=layout_of(output),
        delimiter=getattr(source, "delimiter", None),
        new=NEW,
        analyse=lengths,
        facts={"model": "lengths 1"},
        chunk=2,
    )
    return replace(basic, **changes)


def convert(file: Path, output: Path, **changes) -> tuple[Summary, list[str]]:
    """Do a job; return its summary and what it said."""
    said: list[str] = []
    return run(job(file, output, **changes), said.append, no_progress), said


def no_progress(rows: int, done: int) -> Callable[[int], None]:
    """Show nothing."""
    return lambda more: None


def read_csv(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    """Read a CSV file as any other program would."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def read_jsonl(path: Path) -> list[dict]:
    """Read a JSONL file as any other program would."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
