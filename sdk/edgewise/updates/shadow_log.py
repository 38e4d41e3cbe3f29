"""What shadow mode keeps: counts by task, labels and language, in a small SQLite file. Never a text."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgewise.updates.channels_errors import ShadowError

FILE_NAME = "shadow.sqlite"
"""What the file is called in the store of updates."""

_TABLES = """
CREATE TABLE IF NOT EXISTS compared (
    champion TEXT, challenger TEXT, task TEXT, language TEXT, n INTEGER NOT NULL,
    PRIMARY KEY (champion, challenger, task, language)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS disagreed (
    champion TEXT, challenger TEXT, task TEXT, language TEXT, said TEXT, instead TEXT, n INTEGER NOT NULL,
    PRIMARY KEY (champion, challenger, task, language, said, instead)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lost (
    champion TEXT, challenger TEXT, why TEXT, n INTEGER NOT NULL,
    PRIMARY KEY (champion, challenger, why)) WITHOUT ROWID;
"""
_KEYS = {"compared": 4, "disagreed": 6, "lost": 3}
_VERSION = 1
_PATIENCE = 2.0  # seconds

Pair = tuple[str, str]
"""Champion and challenger, each `name@version`; the challenger is empty while it is not known."""


@dataclass
class ShadowCounts:
    """Counts that have not been written yet, or that were read.

    Attributes:
        all: How often each task was compared, by champion, challenger, task and language.
        differing: How often they disagreed, by the same and the two labels, the champion's first.
        failures: How often the challenger failed, by champion and challenger.
        dropped: Texts that were left out because the challenger could not keep up.
    """

    all: Counter[tuple[str, ...]] = field(default_factory=Counter)
    differing: Counter[tuple[str, ...]] = field(default_factory=Counter)
    failures: Counter[tuple[str, ...]] = field(default_factory=Counter)
    dropped: int = 0

    def compared(self, pair: Pair, task: str, language: str, said: str, instead: str) -> None:
        """Count one answer of both."""
        self.all[(*pair, task, language)] += 1
        if said != instead:
            self.differing[(*pair, task, language, said, instead)] += 1

    def failed(self, pair: Pair) -> None:
        """Count a text that the challenger failed at."""
        self.failures[pair] += 1

    @property
    def agreement(self) -> float | None:
        """The share of answers that were the same, 0 to 1; None when nothing was compared."""
        total = self.all.total()
        return 1 - self.differing.total() / total if total else None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        names = ("champion", "challenger", "task", "language", "champion_label", "challenger_label")

        def rows(counts: Counter[tuple[str, ...]]) -> list[dict[str, Any]]:
            return [
                {**dict(zip(names, key, strict=False)), "count": count}
                for key, count in sorted(counts.items())
            ]

        return {
            "format_version": _VERSION,
            "compared": rows(self.all),
            "disagreed": rows(self.differing),
            "failed": rows(self.failures),
            "dropped": self.dropped,
        }


class ShadowLog:
    """The file of counts. Safe to use from many threads and processes.

    A file that is damaged is put aside as `shadow.sqlite.damaged`, and counting begins anew.

    Args:
        path: The file; made when the first counts come.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, counts: ShadowCounts) -> bool:
        """Add counts; return whether they are on the disk. Never raises: what cannot be written can wait."""
        for _ in range(2):
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                with self._open() as file:
                    _insert(file, counts)
                return True
            except (sqlite3.OperationalError, OSError):  # busy, full, or not ours to write
                return False
            except sqlite3.DatabaseError:
                self._put_aside()
        return False

    def read(self) -> ShadowCounts:
        """Return everything counted so far.

        Raises:
            ShadowError: The file is damaged.
        """
        return self._take(remove=False)

    def drain(self) -> ShadowCounts:
        """Return everything counted so far and forget it, in one step: for sending it.

        Raises:
            ShadowError: The file is damaged.
        """
        return self._take(remove=True)

    def _take(self, *, remove: bool) -> ShadowCounts:
        if not self._path.exists():
            return ShadowCounts()
        try:
            with self._open() as file:
                found = _select(file)
                for table in _KEYS if remove else ():
                    file.execute(f"DELETE FROM {table}")
                return found
        except sqlite3.DatabaseError as error:
            raise ShadowError("the log", str(self._path), f"a whole file, or none ({error})") from error

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction; it is kept only if nothing goes wrong in it."""
        with contextlib.closing(sqlite3.connect(self._path, timeout=_PATIENCE)) as file:
            file.executescript(_TABLES)
            with file:
                file.execute("BEGIN IMMEDIATE")
                yield file

    def _put_aside(self) -> None:
        with contextlib.suppress(OSError):
            self._path.replace(self._path.with_name(f"{self._path.name}.damaged"))


def _insert(file: sqlite3.Connection, counts: ShadowCounts) -> None:
    lost = Counter({(*pair, "failed"): n for pair, n in counts.failures.items()})
    if counts.dropped:
        lost["", "", "dropped"] = counts.dropped
    for table, found in (("compared", counts.all), ("disagreed", counts.differing), ("lost", lost)):
        marks = ", ".join("?" * (_KEYS[table] + 1))
        file.executemany(
            f"INSERT INTO {table} VALUES ({marks}) ON CONFLICT DO UPDATE SET n = n + excluded.n",
            [(*key, n) for key, n in found.items()],
        )


def _select(file: sqlite3.Connection) -> ShadowCounts:
    rows = {table: file.execute(f"SELECT * FROM {table}").fetchall() for table in _KEYS}
    found = ShadowCounts()
    found.all.update({tuple(key): n for *key, n in rows["compared"]})
    found.differing.update({tuple(key): n for *key, n in rows["disagreed"]})
    for champion, challenger, why, n in rows["lost"]:
        if why == "failed":
            found.failures[champion, challenger] += n
        else:
            found.dropped += n
    return found
