"""Cutting up: the long stretches are found, and what is written is read back to the same bytes."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.bundle.manifest import FileRef
from edgewise.engine.pieces import MARK, put_together
from edgewise_converters.pieces import LEAST, cut_up, lean

TABLE = np.random.default_rng(3).integers(0, 256, 3 * LEAST, dtype=np.uint8).tobytes()
OTHER = np.random.default_rng(4).integers(0, 256, 2 * LEAST, dtype=np.uint8).tobytes()


def read_back(data: bytes, files: dict[str, bytes]) -> bytes:
    import hashlib

    refs = [FileRef(name, len(each), hashlib.sha256(each).hexdigest()) for name, each in files.items()]
    bundle = SimpleNamespace(
        manifest=SimpleNamespace(files=refs), max_file_bytes=2**26, read=lambda ref: files[ref.file]
    )
    return put_together(bundle, "a.tflite", data)  # type: ignore[arg-type]


def test_a_table_that_both_hold_is_stored_once() -> None:
    data = b"graph" * 2000 + TABLE + b"more" * 500
    files = {"a.onnx": b"x" * 777 + TABLE + b"tail"}
    made = cut_up(data, files)
    assert made.startswith(MARK)
    assert len(made) < len(data) - len(TABLE) + 500
    assert read_back(made, files) == data


def test_stretches_may_lie_in_any_order_and_in_several_files() -> None:
    data = OTHER + b"between" * 100 + TABLE
    files = {"a.onnx": TABLE + b"y" * 100, "b.onnx": b"z" * 100 + OTHER}
    made = cut_up(data, files)
    pieces = json.loads(made[len(MARK) :].split(b"\n", 1)[0])["pieces"]
    assert {piece[0] for piece in pieces} == {None, "a.onnx", "b.onnx"}
    assert read_back(made, files) == data


@pytest.mark.parametrize(
    "data", [b"", b"short", bytes(5 * LEAST), OTHER], ids=["empty", "short", "blank", "nothing in common"]
)
def test_what_has_nothing_long_in_common_stays_whole(data: bytes) -> None:
    assert cut_up(data, {"a.onnx": bytes(10 * LEAST) + TABLE}) == data


def test_only_tflite_files_lean_on_onnx_files() -> None:
    files = {"a.onnx": TABLE, "a.tflite": b"t" + TABLE, "a.bin": b"b" + TABLE, "b.tflite": OTHER}
    made = lean(files)
    assert made.keys() == files.keys()
    assert {name for name in files if made[name] != files[name]} == {"a.tflite"}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 2 * LEAST), st.integers(0, 2 * LEAST)), max_size=6))
def test_any_mixture_is_read_back(parts: list[tuple[bool, int, int]]) -> None:
    data = b"".join((TABLE if mine else OTHER)[start : start + count] for mine, start, count in parts)
    files = {"a.onnx": b"begin" + TABLE}
    assert read_back(cut_up(data, files), files) == data


def test_a_converted_bundle_in_pieces_is_whole_to_its_reader(tmp_path: Path) -> None:
    from tests.support.tiny_bundle import make_tiny_bundle, tiny_encoder

    from edgewise.bundle import Bundle
    from edgewise.engine.encoder import read_artifact

    def change(spec: dict) -> None:
        spec["models"]["encoder"]["artifacts"].append(
            {"backend": "tflite", "precision": "fp32", "file": "big.tflite"}
        )
        spec["models"]["encoder"]["artifacts"].append(
            {"backend": "other", "precision": "fp32", "file": "big.onnx"}
        )

    files = {"big.onnx": b"o" * 9 + TABLE, "big.tflite": b"head" + TABLE + b"tail"}
    folder = make_tiny_bundle(tmp_path / "tiny", change, {"tiny.onnx": tiny_encoder(), **lean(files)})
    bundle = Bundle.open(folder)
    bundle.verify()
    assert (folder / "big.tflite").stat().st_size < 1000
    spec = bundle.manifest.models["encoder"]
    assert read_artifact(bundle, spec, "tflite").data == files["big.tflite"]
