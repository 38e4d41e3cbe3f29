"""Files kept in pieces: what is put together is what was cut up, or it is refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.tiny_bundle import make_tiny_bundle, tiny_encoder
from tests.support.tiny_models import tiny_artifact

from edgewise import Analyzer
from edgewise.bundle import Bundle
from edgewise.engine.pieces import MARK, PiecesError, put_together
from edgewise.errors import BundleError

ONNX = "tiny.onnx"


def in_pieces(pieces: Any, own: bytes, size: int, files: dict[str, str] | None = None) -> bytes:
    named = {ONNX: hashlib.sha256(tiny_encoder()).hexdigest()} if files is None else files
    return MARK + json.dumps({"size": size, "files": named, "pieces": pieces}).encode() + b"\n" + own


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return Bundle.open(make_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny"))


def test_what_is_whole_stays_as_it_is(bundle: Bundle) -> None:
    assert put_together(bundle, "a", b"") == b""
    assert put_together(bundle, "a", tiny_encoder()) == tiny_encoder()


def test_pieces_are_put_together(bundle: Bundle) -> None:
    other = tiny_encoder()
    data = in_pieces([[None, 3], [ONNX, 10, 20], [None, 2], [ONNX, 0, 5]], b"abc\n\n", 30)
    assert put_together(bundle, "a", data) == b"abc" + other[10:30] + b"\n\n" + other[:5]


BAD = {
    "no end of the header": MARK + b"{",
    "no JSON": MARK + b"{]\n",
    "no object": MARK + b"[]\n",
    "deep": MARK + b"[" * 60000 + b"\n",
    "no pieces": MARK + b'{"size": 1, "files": {}}\n',
    "an empty piece": in_pieces([[]], b"", 0),
    "an infinite size": MARK + b'{"size": 1e999, "files": {}, "pieces": []}\n',
    "a negative start": in_pieces([[ONNX, -5, 5]], b"", 5),
    "a fraction": in_pieces([[None, 1.5]], b"ab", 1),
    "sizes that do not add up": in_pieces([[None, 3]], b"abc", 4),
    "more than there is of its own": in_pieces([[None, 4]], b"abc", 4),
    "more than there is of the other": in_pieces([[ONNX, len(tiny_encoder()) - 1, 2]], b"", 2),
    "a file that it does not name": in_pieces([["other.onnx", 0, 2]], b"", 2),
    "a file that is not there": in_pieces([["gone.onnx", 0, 2]], b"", 2, {"gone.onnx": "0" * 64}),
    "another version of the file": in_pieces([[ONNX, 0, 2]], b"", 2, {ONNX: "0" * 64}),
    "more than is read": in_pieces([[ONNX, 0, 10]] * 2**20, b"", 10 * 2**20),
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_what_makes_no_sense_is_refused(bundle: Bundle, data: bytes) -> None:
    with pytest.raises(PiecesError, match=r"'a\.tflite'") as caught:
        put_together(bundle, "a.tflite", data)
    assert isinstance(caught.value, BundleError)


def test_any_cut_of_the_header_is_refused(bundle: Bundle) -> None:
    data = in_pieces([[None, 3], [ONNX, 10, 20]], b"abc", 23)
    for size in range(len(MARK), len(data)):
        with pytest.raises(PiecesError):
            put_together(bundle, "a.tflite", data[:size])


def test_a_bundle_in_pieces_answers_as_the_whole_one(tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert", reason="TFLite files are run with the extra 'tflite'")
    whole = tiny_artifact("tflite").data
    at = len(whole) // 3
    shared = whole[at : at + 500]
    data = in_pieces(
        [[None, at], ["shared.bin", 7, 500], [None, len(whole) - at - 500]],
        whole[:at] + whole[at + 500 :],
        len(whole),
        {"shared.bin": hashlib.sha256(b"1234567" + shared).hexdigest()},
    )

    def change(spec: dict[str, Any]) -> None:
        spec["models"]["encoder"]["artifacts"] += [
            {"backend": "tflite", "precision": "fp32", "file": "tiny.tflite"},
            {"backend": "none", "precision": "fp32", "file": "shared.bin"},
        ]

    files = {"tiny.onnx": tiny_encoder(), "tiny.tflite": data, "shared.bin": b"1234567" + shared}
    folder = make_tiny_bundle(tmp_path / "pieces", change, files)
    with Analyzer(folder, backend="tflite") as found, Analyzer(folder, backend="onnxruntime") as wanted:
        for text in ("great", "you idiot"):
            mine, theirs = found.analyze(text).sentiment, wanted.analyze(text).sentiment
            assert mine is not None and theirs is not None
            np.testing.assert_allclose(list(mine.scores.values()), list(theirs.scores.values()), atol=1e-4)
