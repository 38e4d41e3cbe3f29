"""Files kept in pieces: what another file of the bundle holds already is not stored a second time.

Two backends' files of one model have the same embedding table in them, byte for byte, and it is most of
either. A file in pieces says where in which other file each such stretch lies and brings only the rest. It
begins with `MARK`, then one line of JSON, then the bytes that are its own:

    {"size": 4756384, "files": {"english.onnx": "<sha256>"},
     "pieces": [[null, 532384], ["english.onnx", 5451942, 128000], …]}

A piece is `[null, count]`, the next bytes of its own, or `[file, start, count]`. The other file is read and
verified like any other, and must be the very one that lay beside it when it was cut.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from edgewise.bundle import Bundle
from edgewise.errors import BundleError

MARK = b"EDGEWISE PIECES 1\n"
"""How a file in pieces begins; no model format begins like this."""

_LONGEST_HEADER = 65536


class PiecesError(BundleError, ValueError):
    """A file in pieces does not fit the bundle it is in.

    Attributes:
        file: Its name inside the bundle.
        problem: What is wrong.
    """

    def __init__(self, file: str, problem: str) -> None:
        self.file = file
        self.problem = problem
        super().__init__(
            f"The file {file!r} is kept in pieces and cannot be put together: {problem}. "
            "Pack the bundle again."
        )


def put_together(bundle: Bundle, file: str, data: bytes) -> bytes:
    """Return a file as the backend wants it: as it is, or put together where it is kept in pieces.

    Args:
        bundle: The bundle that it is in.
        file: Its name.
        data: Its verified bytes.

    Raises:
        PiecesError: It names a file that is not there or not the same, or pieces that do not add up.
        BundleError: The other file cannot be read.
    """
    if not data.startswith(MARK):
        return data
    end = data.find(b"\n", len(MARK), len(MARK) + _LONGEST_HEADER)
    try:
        header: dict[str, Any] = json.loads(data[len(MARK) : end if end > 0 else 0])
        size, hashes = int(header["size"]), dict(header["files"])
        pieces = list(_pieces(header["pieces"]))
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError) as error:
        raise PiecesError(file, f"its header makes no sense ({error!r})") from error
    own = memoryview(data)[end + 1 :]
    if sum(count for _, _, count in pieces) != size or size > bundle.max_file_bytes:
        raise PiecesError(file, f"its pieces do not add up to {size} bytes, or to more than is read")
    refs = {ref.file: ref for ref in bundle.manifest.files if ref.file in hashes}
    for name, sha256 in hashes.items():
        if name not in refs or refs[name].sha256 != sha256 or name == file:
            raise PiecesError(file, f"it was cut with another {name!r} beside it than is here")
    sources: dict[str | None, memoryview] = {
        None: own,
        **{name: memoryview(bundle.read(ref)) for name, ref in refs.items()},
    }
    parts: list[memoryview] = []
    for name, start, count in pieces:
        part = sources[name][start : start + count] if name in sources else own[:0]
        if len(part) != count:
            raise PiecesError(file, f"it ends before a piece of {count} bytes at {start} in {name or file!r}")
        parts.append(part)
    return b"".join(parts)


def _pieces(listed: Any) -> Iterator[tuple[str | None, int, int]]:
    """Yield file, start and count of each piece; of the file's own bytes the start is where they lie."""
    place = 0
    for each in listed:
        if each[0] is None:
            _, count = each
            yield None, place, _whole_number(count)
            place += count
        else:
            name, start, count = each
            yield str(name), _whole_number(start), _whole_number(count)


def _whole_number(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is no count of bytes")
    return value
