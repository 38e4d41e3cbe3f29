"""What is known of the published sets beyond the data folder's own list: sets/*.json.

Where they are from, whom to cite, and the sha256 of the file, so that a damaged or exchanged file is noticed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a set.

    Attributes:
        paper: Authors and year, or what stands in for them.
        citation: Authors, title, venue and year where they are known; otherwise the set's name.
        where: Where it can be had.
        domain: What kind of text it is.
        sha256: Of the Parquet file, in hexadecimal; None if the file is not one of those described.
    """

    paper: str = ""
    citation: str = ""
    where: tuple[str, ...] = ()
    domain: str = ""
    sha256: str | None = None


@cache
def _known(task: str) -> Mapping[str, Mapping[str, object]]:
    path = files(__package__) / "sets" / f"{task}.json"
    found: dict[str, Mapping[str, object]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def facts_of(task: str, stem: str, title: str, rows: int) -> Facts:
    """Return what is known of a set.

    A set counts as known if its file and its title have the known names. The hash is told only if it has the
    known number of rows, too: another release of a set is another file.

    Args:
        task: sentiment, toxicity, emotion or language.
        stem: Name of the file without its ending.
        title: As the data folder's catalogue.json has it.
        rows: Of all splits, as it has them.
    """
    entry = _known(task).get(stem) if task in ("sentiment", "toxicity", "emotion", "language") else None
    if entry is None or entry["title"] != title:
        return Facts()
    where = entry["where"]
    return Facts(
        paper=str(entry["paper"]),
        citation=str(entry["citation"]),
        where=tuple(str(place) for place in where) if isinstance(where, list) else (),
        domain=str(entry["domain"]),
        sha256=str(entry["sha256"]) if entry["rows"] == rows else None,
    )
