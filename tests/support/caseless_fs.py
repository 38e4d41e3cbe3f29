"""A file system that does not tell cases apart and has no links, as many a phone, stick and desktop has it.

`python caseless_fs.py FOLDER MOUNTPOINT` shows FOLDER so until it is unmounted. It runs in the environment
of `tests.support.programs`, which has the bindings for FUSE, and imports nothing of this project.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from pathlib import Path
from typing import Any

_STAT = ("st_mode", "st_nlink", "st_uid", "st_gid", "st_size", "st_ino")
_TIMES = ("st_atime", "st_mtime", "st_ctime")


class Caseless:
    """Keeps names as they were given, and finds them in any case."""

    use_ns = True

    def __init__(self, root: Path) -> None:
        self._root = root

    def _real(self, path: str) -> Path:
        """Return where a path leads; the last part need not be there."""
        place = self._root
        for part in filter(None, path.split("/")):
            place = self._child(place, part)
        return place

    def _child(self, place: Path, name: str) -> Path:
        try:
            there = (place / name).lstat() and (place / name)
        except OSError:
            there = None
        if there is None and place.is_dir():
            there = next((each for each in place.iterdir() if each.name.casefold() == name.casefold()), None)
        return there or place / name

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        found = self._real(path).lstat() if fh is None else os.fstat(fh)
        times = {name: getattr(found, f"{name}_ns") for name in _TIMES}
        return {**{name: getattr(found, name) for name in _STAT}, **times}

    def readdir(self, path: str, fh: int) -> list[str]:
        return [".", "..", *(each.name for each in self._real(path).iterdir())]

    def statfs(self, path: str) -> dict[str, int]:
        found = os.statvfs(self._real(path))
        return {name: getattr(found, name) for name in dir(found) if name.startswith("f_")}

    def mkdir(self, path: str, mode: int) -> int:
        self._real(path).mkdir(mode)
        return 0

    def rmdir(self, path: str) -> int:
        self._real(path).rmdir()
        return 0

    def unlink(self, path: str) -> int:
        self._real(path).unlink()
        return 0

    def rename(self, old: str, new: str) -> int:
        target = self._real(new)
        self._real(old).replace(target)
        if target.name != (name := new.rpartition("/")[2]):
            target.replace(target.with_name(name))
        return 0

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        return os.open(self._real(path), os.O_RDWR | os.O_CREAT, mode)

    def open(self, path: str, flags: int) -> int:
        return os.open(self._real(path), flags & ~(os.O_CREAT | os.O_EXCL | os.O_APPEND))

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return os.pread(fh, size, offset)

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        return os.pwrite(fh, data, offset)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        os.truncate(self._real(path) if fh is None else fh, length)
        return 0

    def release(self, path: str, fh: int) -> int:
        os.close(fh)
        return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        os.fsync(fh)
        return 0

    def chmod(self, path: str, mode: int) -> int:
        self._real(path).chmod(mode)
        return 0

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
        now = time.time_ns()
        os.utime(self._real(path), ns=times or (now, now))
        return 0

    def link(self, target: str, source: str) -> int:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    def symlink(self, target: str, source: str) -> int:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))


def main() -> None:
    """Show a folder until the end."""
    from mfusepy import FUSE  # type: ignore[import-not-found]

    # The kernel must ask every time: what it remembers of a name in one case would be wrong in another.
    never = {"entry_timeout": 0, "negative_timeout": 0, "attr_timeout": 0}
    FUSE(Caseless(Path(sys.argv[1])), sys.argv[2], foreground=True, nothreads=True, **never)


if __name__ == "__main__":
    main()
