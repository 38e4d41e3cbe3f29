"""The limits of the container a process runs in: control groups, version 1 and 2. Linux only, None elsewhere.

A group's limit holds for every group below it, so the least one on the way up counts. Inside a container the
path that `/proc/self/cgroup` names may be the host's and not be there; its parents are then looked at.
Source: the Linux kernel's documents admin-guide/cgroup-v2 and admin-guide/cgroup-v1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import TypeVar

N = TypeVar("N", int, float)

_V2_MOUNTS = ("sys/fs/cgroup", "sys/fs/cgroup/unified")
_NO_LIMIT = 1 << 60
"""Version 1 writes "no memory limit" as the largest multiple of a page; nothing real is above this."""


def cpu_quota(root: Path = Path("/")) -> float | None:
    """Return how many processors the process's group may use, or None without a limit.

    Args:
        root: Where `proc` and `sys` are found.
    """
    return _least(root, "cpu", _cpu_v2, _cpu_v1)


def memory_limit(root: Path = Path("/")) -> int | None:
    """Return how many bytes of memory the process's group may use, or None without a limit.

    Args:
        root: Where `proc` and `sys` are found.
    """
    return _least(root, "memory", _memory_v2, _memory_v1)


def _least(
    root: Path, controller: str, v2: Callable[[Path], N | None], v1: Callable[[Path], N | None]
) -> N | None:
    limits: list[N | None] = []
    for line in _read(root / "proc/self/cgroup").splitlines():
        number, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        if number == "0" and not names:
            limits += [v2(folder) for mount in _V2_MOUNTS for folder in _upwards(root / mount, path)]
        elif controller in names.split(","):
            mounts = dict.fromkeys((controller, names))
            limits += [
                v1(folder) for mount in mounts for folder in _upwards(root / "sys/fs/cgroup" / mount, path)
            ]
    return min((limit for limit in limits if limit is not None), default=None)


def _upwards(mount: Path, path: str) -> Iterator[Path]:
    """Yield the group's folder and those above it, up to the mount; a path out of it has none below."""
    parts = [part for part in PurePosixPath(path).parts if part != "/"]
    inside = [] if ".." in parts else parts
    for depth in range(len(inside), -1, -1):
        yield mount.joinpath(*inside[:depth])


def _cpu_v2(folder: Path) -> float | None:
    words = _read(folder / "cpu.max").split()
    return _share(words[0], words[1]) if len(words) == 2 else None


def _cpu_v1(folder: Path) -> float | None:
    return _share(_read(folder / "cpu.cfs_quota_us").strip(), _read(folder / "cpu.cfs_period_us").strip())


def _share(quota: str, period: str) -> float | None:
    """Divide microseconds by microseconds; "max" and -1 mean no limit."""
    if not (quota.isdecimal() and period.isdecimal()) or int(quota) == 0 or int(period) == 0:
        return None
    return int(quota) / int(period)


def _memory_v2(folder: Path) -> int | None:
    return _bytes(folder / "memory.max")


def _memory_v1(folder: Path) -> int | None:
    return _bytes(folder / "memory.limit_in_bytes")


def _bytes(file: Path) -> int | None:
    text = _read(file).strip()
    return int(text) if text.isdecimal() and int(text) < _NO_LIMIT else None


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
