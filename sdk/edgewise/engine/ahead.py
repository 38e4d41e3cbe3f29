"""Reading a bundle's files while the libraries that need them are still being imported."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Thread

from edgewise.bundle import Bundle
from edgewise.bundle.manifest import FileRef
from edgewise.errors import BundleError


class AheadBundle(Bundle):
    """A bundle some of whose files are read and verified by a thread, from the moment it is made.

    Reading and hashing let other threads run, so on two processors the first answer comes sooner. The thread
    ends by itself. Each file is handed out once and then forgotten; whatever was not read in advance, or
    failed, is read when it is asked for.

    Args:
        bundle: The bundle.
        files: The files to read in advance, in this order.
    """

    def __init__(self, bundle: Bundle, files: Sequence[FileRef]) -> None:
        super().__init__(bundle.folder, bundle.manifest, bundle.max_file_bytes)
        self._found: dict[FileRef, bytes] = {}
        self._files = tuple(files)
        self._thread: Thread | None = Thread(target=self._read_all, name="edgewise-read-ahead", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # no thread can be had here
            self._thread = None

    def read(self, ref: FileRef) -> bytes:
        """Return a verified file; see `Bundle.read`."""
        thread = self._thread
        if thread is not None and ref in self._files:
            thread.join()
        data = self._found.pop(ref, None)
        return super().read(ref) if data is None else data

    def _read_all(self) -> None:
        for ref in self._files:
            try:
                self._found[ref] = super().read(ref)
            except (BundleError, MemoryError):
                return  # whoever needs the file reads it again, and is told
