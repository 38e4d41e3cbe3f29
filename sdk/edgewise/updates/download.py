"""Fetching a file in parts, each checked when it is there, and going on where a killed process stopped."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

from edgewise.updates.errors import SourceAwayError, TargetRefusedError
from edgewise.updates.files import Step, write_all, writing
from edgewise.updates.network import Network, is_worth_retrying, pause_before
from edgewise.updates.revision import PublishedFile
from edgewise.updates.source import Source, fetch

_PROGRESS = 64 * 1024
"""Bytes that an attempt must bring to count as one; a server that drips would keep us for ever."""


class _BadPartError(SourceAwayError):
    """A part has another sha256 than promised; the next try asks for it again."""

    def __init__(self, what: str) -> None:
        super().__init__(what, "a part of it has another sha256 than promised")


class Download:
    """One file on its way into a folder.

    Args:
        spec: What it must be.
        path: Where the source has it.
        part: The file that holds what has come so far; it survives a kill, and whatever it holds is checked.
        source: The source, its addresses in the order to try.
        network: How to talk to it.
        step: Told what comes next.

    Attributes:
        fetched: Bytes that came over the network.
    """

    def __init__(
        self, spec: PublishedFile, path: str, part: Path, source: Source, network: Network, step: Step
    ) -> None:
        self._spec = spec
        self._path = path
        self._part = part
        self._source = source
        self._network = network
        self._step = step
        self._have = 0  # bytes in the file, all of whole parts checked
        self._hash: Any = hashlib.sha256()  # of the part that is not whole yet
        self.fetched = 0

    def run(self) -> None:
        """Fetch what is missing and check all of it.

        Raises:
            SourceAwayError: It cannot be had now; what came stays for the next time.
            TargetRefusedError: It is not what the metadata promise.
            StoreWriteError: It cannot be written; what came stays for the next time.
        """
        with writing(self._part):
            self._part.touch()
        with self._part.open("r+b", buffering=0) as file:
            with writing(self._part):
                self._resume(file)
            self._fetch_all(file)
            with writing(self._part):
                self._step(f"sync {self._spec.file}")
                os.fsync(file.fileno())
        if self._sha256() != self._spec.sha256:
            with writing(self._part):
                self._part.unlink()
            raise TargetRefusedError(self._spec.file, "it has another sha256 than promised")

    def _resume(self, file: Any) -> None:
        """Keep the parts that are whole and right, and the beginning of the next one."""
        for promised in self._spec.parts:
            data = file.read(self._part_end() - self._have)
            if not data:
                break
            self._hash.update(data)
            if self._have + len(data) == self._part_end():
                if self._hash.hexdigest() != promised:
                    self._hash = hashlib.sha256()
                    break
                self._hash = hashlib.sha256()
            self._have += len(data)
        file.seek(self._have)
        file.truncate()

    def _fetch_all(self, file: Any) -> None:
        failed, bases = 0, list(self._source.bases)
        while self._have < self._spec.size:
            before = self._have
            try:
                self._step(f"ask {self._spec.file}")
                self._take(file, fetch(bases[0], self._path, self._have, self._source, self._network))
            except SourceAwayError as error:
                # Another address, if there is one, before a pause.
                bases.append(bases.pop(0))
                failed = 1 if self._have >= before + _PROGRESS else failed + 1
                if failed >= self._network.attempts * len(bases) or self._hopeless(error, len(bases)):
                    if isinstance(error, _BadPartError):
                        raise TargetRefusedError(self._spec.file, error.reason) from error
                    raise
                if failed % len(bases) == 0:
                    self._network.sleep(pause_before(self._network, failed // len(bases), error))

    def _hopeless(self, error: SourceAwayError, bases: int) -> bool:
        return bases == 1 and not is_worth_retrying(error)

    def _take(self, file: Any, blocks: Generator[bytes, None, None]) -> None:
        """Write what comes, part by part."""
        with contextlib.closing(blocks):
            for block in blocks:
                self.fetched += len(block)
                if self._have + len(block) > self._spec.size:
                    raise TargetRefusedError(self._spec.file, "it is longer than promised")
                self._write(file, block)
        if self._have < self._spec.size:
            raise SourceAwayError(self._path, f"it ends {self._spec.size - self._have} bytes too early")

    def _write(self, file: Any, data: bytes) -> None:
        while data:
            now, data = data[: self._part_end() - self._have], data[self._part_end() - self._have :]
            with writing(self._part):
                self._step(f"write {self._spec.file}")
                write_all(file, now)
            self._hash.update(now)
            begin = self._have - self._have % self._spec.part_size
            end, self._have = self._part_end(), self._have + len(now)
            if self._have == end:
                self._check(file, begin)

    def _check(self, file: Any, begin: int) -> None:
        """Check a part that is whole; a wrong one is cut off again."""
        found, self._hash = self._hash.hexdigest(), hashlib.sha256()
        if found != self._spec.parts[begin // self._spec.part_size]:
            self._have = begin
            with writing(self._part):
                file.seek(begin)
                file.truncate()
            raise _BadPartError(self._path)

    def _part_end(self) -> int:
        """Return where the part ends that the next byte belongs to."""
        size = self._spec.part_size
        return int(min(self._spec.size, (self._have // size + 1) * size))

    def _sha256(self) -> str:
        with writing(self._part), self._part.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
