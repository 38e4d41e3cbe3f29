"""What only TFLite has: a signature for each length."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("ai_edge_litert", reason="the extra 'tflite' is not installed")

from tests.support.tiny_models import tflite_encoder

from edgewise_runtimes import Artifact, BackendLoadError, BackendRunError, SessionOptions
from edgewise_runtimes.tflite_backend import Tflite, TfliteSession


def load(data: bytes, threads: int = 1) -> TfliteSession:
    return Tflite().load(Artifact("tiny.tflite", "tflite", "fp32", data), SessionOptions(threads))


def feeds(batch: int, length: int) -> dict[str, Any]:
    ones = np.ones((batch, length), dtype=np.int32)
    return {"input_ids": ones, "attention_mask": ones}


@pytest.mark.parametrize(("length", "taken"), [(0, 4), (1, 4), (4, 4), (5, 16), (16, 16), (17, 64)])
def test_the_nearest_length_that_is_enough_is_taken(length: int, taken: int) -> None:
    asked: list[tuple[int, int, int]] = []

    def runner(size: int) -> Any:
        def run(input_ids: Any, attention_mask: Any) -> dict[str, Any]:
            asked.append((size, input_ids.shape[1], int(attention_mask.sum())))
            return {"sentiment": np.zeros((1, 3), np.float32)}

        return run

    session = TfliteSession({size: runner(size) for size in (64, 4, 16)}, ("sentiment",))
    session.run(feeds(2, length))
    assert asked == [(taken, taken, length)] * 2


def test_a_text_longer_than_every_signature_is_refused() -> None:
    session = load(tflite_encoder((4, 16)))
    with pytest.raises(BackendRunError, match="17 tokens, the model's longest signature takes 16"):
        session.run(feeds(1, 17))


def test_a_file_without_lengths_is_refused_with_what_it_has() -> None:
    whole = tflite_encoder((16,))
    with pytest.raises(BackendLoadError, match="no signature named len_16"):
        load(whole.replace(b"len_16", b"serve\x00"))


def test_inputs_of_other_names_are_refused() -> None:
    with pytest.raises(BackendLoadError, match=r"takes .*'ids'"):
        load(tflite_encoder((16,), names=("ids", "mask")))


def test_an_operator_that_it_does_not_know_is_a_reason() -> None:
    with pytest.raises(BackendLoadError, match="Abacus"):
        load(tflite_encoder((16,), custom="Abacus"))


def test_the_older_library_is_taken_where_it_is_the_one(monkeypatch: pytest.MonkeyPatch) -> None:
    older = ModuleType("tflite_runtime")
    older.__version__ = "2.14.0"  # type: ignore[attr-defined]
    inner = ModuleType("tflite_runtime.interpreter")
    inner.Interpreter = SimpleNamespace  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    monkeypatch.setitem(sys.modules, "tflite_runtime", older)
    monkeypatch.setitem(sys.modules, "tflite_runtime.interpreter", inner)
    assert Tflite().probe().reason == "tflite_runtime 2.14.0"


def test_a_library_that_does_not_import_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    probe = Tflite().probe()
    assert not probe.ok
    assert "ai_edge_litert.interpreter" in probe.reason
