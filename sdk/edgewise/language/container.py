"""The file of a language model: named arrays in the layout of safetensors, read with numpy alone.

Eight bytes of length, a JSON header that gives type, shape and place of each array, then the arrays.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TYPES = {"U8": "u1", "I8": "i1", "U16": "<u2", "U32": "<u4", "F32": "<f4"}
_NAMES = {np.dtype(value): name for name, value in _TYPES.items()}
_LONGEST_HEADER = 1 << 16


def write_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Lay arrays out as one file; widest types first, so that each stands at a multiple of its size.

    Raises:
        KeyError: an array is of a type other than uint8, int8, uint16, uint32 and float32.
    """
    header: dict[str, Any] = {}
    parts: list[bytes] = []
    place = 0
    for name, array in sorted(arrays.items(), key=lambda item: (-item[1].dtype.itemsize, item[0])):
        data = np.ascontiguousarray(array).tobytes()
        header[name] = {
            "dtype": _NAMES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [place, place + len(data)],
        }
        parts.append(data)
        place += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(parts)


def read_arrays(data: bytes) -> dict[str, NDArray[Any]]:
    """Read arrays.

    Args:
        data: The file.

    Returns:
        Arrays by name; read-only views of `data`.

    Raises:
        ValueError: the bytes are not such a file.
    """
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(_LONGEST_HEADER, len(data) - 8):
        raise ValueError("its header does not fit")
    try:
        header = json.loads(data[8 : 8 + length])
        result = {}
        for name, entry in header.items():
            first, last = entry["data_offsets"]
            kind = np.dtype(_TYPES[entry["dtype"]])
            size = int(np.prod(entry["shape"], dtype=np.int64)) * kind.itemsize
            if not 0 <= first <= last <= len(data) - 8 - length or last - first != size:
                raise ValueError(f"array {name!r} does not fit")
            values = np.frombuffer(data, kind, size // kind.itemsize, 8 + length + first)
            result[name] = values.reshape(entry["shape"])
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"its header is not understood ({error!r})") from error
    return result
