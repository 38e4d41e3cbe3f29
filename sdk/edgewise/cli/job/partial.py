"""The folder beside the output that holds unfinished work, so that a stopped run can be continued.

`<output>.partial/` holds `answers.jsonl` (one JSON list a row, only ever appended to), `journal.json` (what
was asked for, and how much of the answers is safe on disk), the output while it is being written, and a lock.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any

from edgewise.cli.errors import OutputFileError, ResumeError
from edgewise.cli.job.lock import Lock

_FORMAT = 1
_ANSWERS = "answers.jsonl"
_JOURNAL = "journal.json"
_DONE = "done.json"
_OURS = {_ANSWERS, _JOURNAL, _DONE, f"{_JOURNAL}.new", "output", "lock"}

_FULL = {errno.ENOSPC, errno.EFBIG, *([errno.EDQUOT] if hasattr(errno, "EDQUOT") else [])}

_Line = Sequence[Any]


class Partial:
    """Unfinished work on one output; hold it in a `with` block.

    Attributes:
        folder: Where it lies.
        resumed: Whether earlier work was found and is continued.
    """

    def __init__(self, output: Path, facts: Mapping[str, Any], resume: bool | None = None) -> None:
        """Open the folder, or make it.

        Args:
            output: The file that the work will become.
            facts: What was asked for: JSON-ready. Earlier work is continued only if its facts are the same.
            resume: False throws earlier work away.

        Raises:
            ResumeError: Earlier work is there but does not fit the facts, or is damaged.
            OutputBusyError: Another process holds the folder.
            OutputFileError: The folder cannot be made or is not ours.
        """
        self.folder = folder_of(output)
        self.resumed = False
        self._facts = dict(facts)
        # Rows and bytes change in one step: Ctrl-C can come between any two.
        self._done = (0, 0)
        self._finished: str | None = None
        self._check_ours()
        with writing(self.folder):
            self.folder.mkdir(exist_ok=True)
            self._lock = Lock(self.folder / "lock")
        try:
            self._load(resume is not False)
            self._answers = self._open_answers()
        except BaseException:
            self._lock.release()
            raise

    @property
    def rows_done(self) -> int:
        """Rows whose answers were added."""
        return self._done[0]

    @property
    def output(self) -> Path:
        """Where to write the output before it gets its name."""
        return self.folder / "output"

    @property
    def finished(self) -> str | None:
        """Hash of the complete output, once it was written in full; else None."""
        return self._finished

    def add(self, lines: Sequence[_Line]) -> None:
        """Append the answers of some rows. They are safe after the next `checkpoint`."""
        data = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode("ascii")
        with writing(self.folder):
            _write_all(self._answers, data)
        self._done = (self._done[0] + len(lines), self._done[1] + len(data))

    def checkpoint(self) -> None:
        """Make everything added so far safe, power cuts included. Does nothing after `close`."""
        if self._answers.closed:
            return
        with writing(self.folder):
            os.fsync(self._answers.fileno())
            self._save()

    def answers(self) -> Iterator[list[Any]]:
        """Read the answers of all rows done, in order."""
        with (self.folder / _ANSWERS).open("rb") as file:
            for line in file:
                yield json.loads(line)

    def finish(self, sha256: str) -> None:
        """Note that the output is complete and waits for its name."""
        self._finished = sha256
        with writing(self.folder):
            self._save()

    def remove(self) -> None:
        """Delete the folder: the work has become the output, and the folder says so until it is gone."""
        with writing(self.folder):
            (self.folder / _JOURNAL).replace(self.folder / _DONE)
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        """Leave the folder for another time."""
        self._answers.close()
        self._lock.release()

    def __enter__(self) -> Partial:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_ours(self) -> None:
        with writing(self.folder):
            if not self.folder.exists():
                return
            names = {entry.name for entry in self.folder.iterdir()} if self.folder.is_dir() else None
        if names is None or not names <= _OURS:
            raise OutputFileError(self.folder, "it is there but was not made by edgewise", "Move it away.")

    def _load(self, resume: bool) -> None:
        try:
            text = (self.folder / _JOURNAL).read_text(encoding="utf-8") if resume else None
        except FileNotFoundError:
            text = None
        if text is None:
            return
        try:
            journal = json.loads(text)
            rows, size, facts = int(journal["rows_done"]), int(journal["bytes_done"]), dict(journal["facts"])
            version, finished = journal["version"], journal["finished"]
        except (ValueError, KeyError, TypeError) as error:
            raise ResumeError(self.folder, "its journal is damaged") from error
        self._check_fits(version, facts, rows, size)
        self._done, self._finished, self.resumed = (rows, size), finished, True

    def _check_fits(self, version: object, facts: Mapping[str, Any], rows: int, size: int) -> None:
        if version != _FORMAT:
            raise ResumeError(self.folder, "it was made by another version of edgewise", rows)
        if changed := sorted(key for key in {*facts, *self._facts} if facts.get(key) != self._facts.get(key)):
            raise ResumeError(self.folder, f"it was made with another {', '.join(changed)}", rows)
        try:
            found = (self.folder / _ANSWERS).stat().st_size
        except FileNotFoundError:
            found = 0
        if found < size:
            raise ResumeError(self.folder, "some of its answers are gone", rows)

    def _open_answers(self) -> FileIO:
        """Open the answers and cut off what was written after the last checkpoint."""
        with writing(self.folder):
            (self.folder / _DONE).unlink(missing_ok=True)
            answers = (self.folder / _ANSWERS).open("ab", buffering=0)
            answers.truncate(self._done[1])
            self._save()
        return answers

    def _save(self) -> None:
        journal = {
            "version": _FORMAT,
            "rows_done": self._done[0],
            "bytes_done": self._done[1],
            "finished": self._finished,
            "facts": self._facts,
        }
        fresh = self.folder / f"{_JOURNAL}.new"
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(journal, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.folder / _JOURNAL)


def _write_all(file: FileIO, data: bytes) -> None:
    """Write without a buffer: what a full disk refused must not be tried again when the file is closed."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def folder_of(output: Path) -> Path:
    """Return the folder that holds unfinished work on an output.

    >>> folder_of(Path("out.csv")).name
    'out.csv.partial'
    """
    return output.with_name(f"{output.name}.partial")


def is_left_over(output: Path) -> bool:
    """Whether the folder of an output is there only because its removal was cut short."""
    return (folder_of(output) / _DONE).exists() and not (folder_of(output) / _JOURNAL).exists()


def remove_left_over(output: Path) -> None:
    """Remove such a folder.

    Raises:
        OutputBusyError: Another process holds it.
    """
    with writing(folder_of(output)):
        Lock(folder_of(output) / "lock").release()
    shutil.rmtree(folder_of(output), ignore_errors=True)


class writing:
    """Turn what the system says while a file is written into `OutputFileError`."""

    def __init__(self, path: Path) -> None:
        """Remember what to name in the message."""
        self._path = path

    def __enter__(self) -> None:
        """Nothing to set up."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Translate an `OSError` of the system."""
        if isinstance(error, OSError) and error.errno is not None:
            hint = "Make room, then run the same command again: it continues." if error.errno in _FULL else ""
            raise OutputFileError(self._path, error.strerror or str(error), hint) from error
