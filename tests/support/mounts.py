"""Disks for tests: one with little room, and one that may only be read, also by root."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def _mount(*words: str) -> None:
    done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()[-200:]}")


def _unmount(place: Path) -> None:
    subprocess.run(["umount", "--lazy", str(place)], capture_output=True, check=False)


class SmallDisk:
    """A disk in memory whose room can be changed while it is used."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def leave_free(self, room: int) -> None:
        """Leave so many bytes free, to the next page."""
        found = os.statvfs(self.place)
        used = (found.f_blocks - found.f_bfree) * found.f_frsize
        _mount("-o", f"remount,size={max(used + room, 4096)}", str(self.place))


@contextmanager
def small_disk(place: Path) -> Iterator[SmallDisk]:
    """Mount a disk of 64 MB; needs root."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk")
    place.mkdir(parents=True, exist_ok=True)
    _mount("-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place))
    try:
        yield SmallDisk(place)
    finally:
        _unmount(place)


@contextmanager
def read_only(place: Path) -> Iterator[None]:
    """Let nobody write below a folder: for root by a mount, as rights do not bind it."""
    if os.geteuid() == 0:
        _mount("--bind", str(place), str(place))
        try:
            _mount("-o", "remount,bind,ro", str(place))
            yield
        finally:
            _unmount(place)
        return
    kept = [(path, path.stat().st_mode) for path in (place, *place.rglob("*"))]
    for path, mode in reversed(kept):
        path.chmod(mode & ~0o222)
    try:
        yield
    finally:
        for path, mode in kept:
            path.chmod(mode)
