"""Cutting up a file whose bytes another file of the bundle holds, too; read by `edgewise.engine.pieces`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping

from edgewise.engine.pieces import MARK

LEAST = 32768
"""Shorter stretches are not worth a piece."""

_PROBE, _STRIDE = 4096, 16384


def cut_up(data: bytes, others: Mapping[str, bytes]) -> bytes:
    """Return a file in pieces, or as it is where no other file holds a long stretch of it.

    Args:
        data: The file.
        others: The other files of the bundle by name, none of them in pieces.
    """
    pieces: list[list[str | int | None]] = []
    own: list[bytes] = []
    used: set[str] = set()
    place = 0
    for at, name, start, count in _shared(data, others):
        if at > place:
            pieces.append([None, at - place])
            own.append(data[place:at])
        pieces.append([name, start, count])
        used.add(name)
        place = at + count
    if not used:
        return data
    if place < len(data):
        pieces.append([None, len(data) - place])
        own.append(data[place:])
    hashes = {name: hashlib.sha256(others[name]).hexdigest() for name in sorted(used)}
    header = json.dumps({"size": len(data), "files": hashes, "pieces": pieces})
    return b"".join([MARK, header.encode(), b"\n", *own])


def lean(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files of a bundle with each TFLite file leaning on the ONNX files beside it."""
    whole = {name: data for name, data in files.items() if name.endswith(".onnx")}
    return {name: cut_up(data, whole) if name.endswith(".tflite") else data for name, data in files.items()}


def _shared(data: bytes, others: Mapping[str, bytes]) -> Iterator[tuple[int, str, int, int]]:
    """Yield long stretches of `data` that another file holds: place, file, place there, length."""
    done = at = 0
    while at + _PROBE <= len(data):
        probe = data[at : at + _PROBE]
        found = (
            ((name, other.find(probe)) for name, other in others.items())
            if probe.count(probe[:1]) < _PROBE  # blank space is everywhere and says nothing
            else ()
        )
        best = max(
            ((*_grown(data, at, others[name], where, done), name) for name, where in found if where >= 0),
            key=lambda each: each[2],
            default=None,
        )
        if best is not None and best[2] >= LEAST:
            start, where, count, name = best
            yield start, name, where, count
            done = at = start + count
        else:
            at += _STRIDE


def _grown(data: bytes, at: int, other: bytes, where: int, least: int) -> tuple[int, int, int]:
    """Return the longest stretch around equal bytes: place, place there, length."""
    back = 0
    while at - back > least and where - back > 0 and data[at - back - 1] == other[where - back - 1]:
        back += 1
    start, there = at - back, where - back
    most = min(len(data) - start, len(other) - there)
    count, step = back + _PROBE, 1 << 20
    while step:
        while count + step <= most and (
            data[start + count : start + count + step] == other[there + count : there + count + step]
        ):
            count += step
        step >>= 1
    return start, there, count
