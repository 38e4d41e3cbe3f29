"""The file of a language model: what is written is read, and what is broken is refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from edgewise.errors import BackendLoadError
from edgewise.language import LanguageModel
from edgewise.language.container import read_arrays, write_arrays

KINDS = [np.dtype(name) for name in ("u1", "i1", "<u2", "<u4", "<f4")]
ARRAYS = st.dictionaries(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=8),
    st.sampled_from(KINDS).flatmap(
        lambda kind: arrays_of.arrays(kind, arrays_of.array_shapes(min_dims=1, max_dims=3, min_side=0))
    ),
    max_size=5,
)
PLAIN = write_arrays({"keys": np.arange(5, dtype=np.uint32), "sizes": np.ones((2, 3), np.uint8)})


def file_of(header: object, rest: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + rest


@given(ARRAYS)
def test_what_is_written_is_read(arrays: dict[str, Any]) -> None:
    found = read_arrays(write_arrays(arrays))
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert found[name].tobytes() == array.tobytes()
        assert found[name].shape == array.shape


def test_what_is_read_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        read_arrays(PLAIN)["keys"][0] = 9


def test_an_array_of_another_type_is_refused() -> None:
    with pytest.raises(KeyError):
        write_arrays({"x": np.zeros(3, np.float64)})


@pytest.mark.parametrize("length", range(len(PLAIN)))
def test_a_cut_file_is_refused(length: int) -> None:
    with pytest.raises(ValueError):
        read_arrays(PLAIN[:length])


ENTRY = {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}


@pytest.mark.parametrize(
    "data",
    [
        (1 << 63).to_bytes(8, "little") + b"{}",
        file_of(b"not json"),
        file_of(b"\xff\xfe{}"),
        file_of(b"[" * 60_000),
        file_of([1, 2]),
        file_of("text"),
        file_of({"x": 3}),
        file_of({"x": {}}),
        file_of({"x": ENTRY | {"dtype": "O"}}, b"12"),
        file_of({"x": ENTRY | {"dtype": ["U8"]}}, b"12"),
        file_of({"x": ENTRY | {"shape": [3]}}, b"12"),
        file_of({"x": ENTRY | {"shape": [-1, -2]}}, b"12"),
        file_of({"x": ENTRY | {"shape": ["2"]}}, b"12"),
        file_of({"x": ENTRY | {"shape": None}}, b"12"),
        file_of({"x": ENTRY | {"shape": [10**30]}}, b"12"),
        file_of({"x": ENTRY | {"data_offsets": [0, 2, 3]}}, b"12"),
        file_of({"x": ENTRY | {"data_offsets": [-2, 0]}}, b"12"),
        file_of({"x": ENTRY | {"data_offsets": [2, 0]}}, b"12"),
        file_of({"x": ENTRY | {"data_offsets": [1, 3]}}, b"12"),
        file_of({"x": ENTRY | {"data_offsets": [0.0, 2.5]}}, b"12"),
        file_of({"x": ENTRY | {"data_offsets": None}}, b"12"),
    ],
)
def test_a_broken_header_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        read_arrays(data)
    with pytest.raises(BackendLoadError):
        LanguageModel.from_bytes(data, {"classes": ["en"], "step": 1, "spread": 1, "growth": 0})


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read_arrays(data)
    except ValueError:
        return


@given(st.data())
def test_a_changed_byte_is_read_or_refused(data: st.DataObject) -> None:
    changed = bytearray(PLAIN)
    changed[data.draw(st.integers(0, len(PLAIN) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_arrays(bytes(changed))
    except ValueError:
        return


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found.pop("trust"),
        lambda found: found.update(slots=found["slots"].ravel()),
        lambda found: found.update(layout=found["layout"] + 1),
        lambda found: found.pop("layout"),
        lambda found: found.update(slots=found["slots"][:, :1]),
        lambda found: found.update(slots=found["slots"] | np.uint32(1 << 31)),
        lambda found: found.update(slots=found["slots"].astype(np.float32)),
        lambda found: found.update(multipliers=found["multipliers"][1:]),
        lambda found: found.update(multipliers=found["multipliers"][:0]),
        lambda found: found.update(rows=np.zeros((1, found["rows"].shape[1]), np.int8)),
        lambda found: found.update(rows=found["rows"][:, 1:]),
        lambda found: found.update(delta=found["delta"][1:]),
        lambda found: found.update(language=found["language"] + 100),
        lambda found: found.update(base=found["base"][:, 1:]),
        lambda found: found.update(bias=found["bias"][1:]),
        lambda found: found.update(trust=found["trust"][1:]),
        lambda found: found.update(letters=found["letters"][:100]),
        lambda found: found.update(
            slots=found["slots"][:0],
            language=found["language"][:0],
            delta=found["delta"][:0],
        ),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(
    change: Any, language_file: bytes, language_config: dict[str, Any]
) -> None:
    arrays = read_arrays(language_file)
    change(arrays)
    with pytest.raises(BackendLoadError, match="language model"):
        LanguageModel.from_bytes(write_arrays(arrays), language_config)


@pytest.mark.parametrize("name", ["classes", "step", "spread", "growth"])
def test_a_config_that_lacks_something_is_refused(
    name: str, language_file: bytes, language_config: dict[str, Any]
) -> None:
    config = {key: value for key, value in language_config.items() if key != name}
    with pytest.raises(BackendLoadError, match=name):
        LanguageModel.from_bytes(language_file, config)


def test_a_config_of_another_model_is_refused(language_file: bytes, language_config: dict[str, Any]) -> None:
    with pytest.raises(BackendLoadError, match="rows"):
        LanguageModel.from_bytes(language_file, language_config | {"classes": ["en", "und"]})
