r"""Bytes and text: opening plain and gzipped files, and showing what is no text without losing it.

Files are decoded with `surrogateescape`, so a byte that is no text survives as one character of a private
range. Before it is written again it is shown as `\xNN`; in such a cell a backslash is doubled, so the
original can be told exactly.
"""

from __future__ import annotations

import codecs
import contextlib
import gzip
import io
import re
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from edgewise.cli.errors import InputFileError

_NO_TEXT = re.compile("[\udc80-\udcff]")


def undecodable(text: str) -> str | None:
    """Say which byte of a line was no text, or None when all were.

    >>> undecodable("fine"), undecodable("caf" + chr(0xDCE9))
    (None, 'byte 0xE9 at character 4')
    """
    found = None if text.isascii() else _NO_TEXT.search(text)
    return f"byte 0x{ord(found[0]) - 0xDC00:02X} at character {found.start() + 1}" if found else None


def readable(text: str) -> str:
    r"""Show bytes that were no text as `\xNN`, and double the backslashes of such a text.

    >>> print(readable("caf" + chr(0xDCE9)))
    caf\xe9
    """
    if text.isascii() or not _NO_TEXT.search(text):
        return text
    return _NO_TEXT.sub(lambda found: f"\\x{ord(found[0]) - 0xDC00:02x}", text.replace("\\", "\\\\"))


def storable(text: str) -> str:
    r"""Show lone surrogates, which no file can hold, as `\uNNNN`; any other text stays as it is.

    >>> print(storable("a" + chr(0xD800)))
    a\ud800
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def check_encoding(name: str) -> str:
    """Return Python's name of an encoding.

    Raises:
        LookupError: There is none of that name, or it is no encoding of text.
    """
    "".encode(name)
    return codecs.lookup(name).name


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what the system or gzip says while a file is read into `InputFileError`."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputFileError(path, f"its gzip data is damaged or cut ({error})") from error
    except UnicodeError as error:
        raise InputFileError(path, f"it is not in the encoding it was said to be in ({error})") from error
    except InputFileError:
        raise
    except OSError as error:
        raise InputFileError(path, error.strerror or str(error)) from error


def check_plain_file(path: Path) -> None:
    """Refuse what cannot be read several times.

    Raises:
        InputFileError: It is missing, a folder, a pipe or a device.
    """
    with reading(path):
        mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise InputFileError(path, "it is a folder")
    if not stat.S_ISREG(mode):
        raise InputFileError(
            path, "it is no plain file; pipe plain lines into `edgewise analyze` without --file instead"
        )


def open_text(path: Path, encoding: str, newline: str) -> io.TextIOWrapper:
    """Open a file to read its lines; `.gz` is unpacked on the way, a UTF-8 byte-order mark is dropped.

    Args:
        path: The file.
        encoding: Its encoding, as from `check_encoding`.
        newline: As in `open`.

    Raises:
        InputFileError: It starts with a UTF-16 mark but is to be read as UTF-8.
    """
    if path.suffix.lower() == ".gz":
        buffered = io.BufferedReader(cast("io.RawIOBase", gzip.GzipFile(path, "rb")))
    else:
        buffered = io.BufferedReader(io.FileIO(path))
    try:
        start = buffered.peek(4)[:2]
        if encoding == "utf-8" and start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise InputFileError(path, "it starts with a UTF-16 mark; add --encoding utf-16")
    except BaseException:
        buffered.close()
        raise
    name = "utf-8-sig" if encoding == "utf-8" else encoding
    return io.TextIOWrapper(buffered, encoding=name, errors="surrogateescape", newline=newline)


@contextlib.contextmanager
def create_text(path: Path, packed: bool) -> Iterator[io.TextIOWrapper]:
    """Create a UTF-8 file; gzipped without name and time, so that equal contents are equal bytes."""
    with contextlib.ExitStack() as stack:
        raw: IO[bytes] = stack.enter_context(path.open("wb"))
        if packed:
            raw = cast("IO[bytes]", stack.enter_context(gzip.GzipFile("", "wb", 6, raw, mtime=0)))
        text = io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", newline="")
        yield text
        text.flush()
        text.detach()


def same_file(one: Path, other: Path) -> bool:
    """Whether two paths lead to the same file, links included."""
    try:
        return one.samefile(other)
    except OSError:
        return False
