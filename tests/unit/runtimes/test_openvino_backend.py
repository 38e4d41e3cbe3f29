"""What only OpenVINO has: two files, precision, a cache, devices, telemetry."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.support.tiny_bundle import tiny_encoder
from tests.support.tiny_models import tiny_artifact

from edgewise_runtimes import (
    Artifact,
    BackendLoadError,
    BackendUnavailableError,
    SessionOptions,
    openvino_backend,
    openvino_import,
)
from edgewise_runtimes.openvino_backend import OpenVino

pytest.importorskip("openvino", reason="the extra 'openvino' is not installed")

ONES = np.ones((1, 3), dtype=np.int32)
FEEDS = {"input_ids": ONES, "attention_mask": ONES}


@pytest.mark.parametrize("share", [None, 0.0, 0.5, 0.99])
def test_weights_that_are_missing_or_cut_are_refused(share: float | None) -> None:
    whole = tiny_artifact("openvino")
    assert whole.weights
    weights = None if share is None else whole.weights[: int(share * len(whole.weights))]
    with pytest.raises(BackendLoadError):
        OpenVino().load(replace(whole, weights=weights), SessionOptions())


def test_an_onnx_file_is_read_as_well() -> None:
    session = OpenVino().load(Artifact("a.onnx", "openvino", "fp32", tiny_encoder()), SessionOptions())
    assert session.run(FEEDS)["emotion"].shape == (1, 8)


def test_an_operator_that_it_does_not_know_is_a_reason() -> None:
    whole = tiny_artifact("openvino")
    odd = whole.data.replace(b'type="Gather"', b'type="Abacus"')
    assert odd != whole.data
    with pytest.raises(BackendLoadError, match="Abacus"):
        OpenVino().load(replace(whole, data=odd), SessionOptions())


class Core:
    """Records what a model is compiled with; refuses what it is told to refuse."""

    def __init__(self, refused: str = "") -> None:
        self.refused = refused
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def compile_model(self, model: object, device: str, settings: dict[str, Any]) -> str:
        self.asked.append((device, settings))
        if self.refused in settings:
            raise RuntimeError(f"no {self.refused}")
        return "compiled"


def test_floats_stay_floats_and_threads_are_those_asked_for() -> None:
    core = Core()
    openvino_backend._compile(core, None, "CPU", 3, None)
    ((_, settings),) = core.asked
    assert settings["INFERENCE_PRECISION_HINT"] == "f32"
    assert (settings["INFERENCE_NUM_THREADS"], settings["NUM_STREAMS"]) == (3, 1)
    assert "CACHE_DIR" not in settings


def test_a_cache_that_cannot_be_used_is_gone_without(tmp_path: Path) -> None:
    core = Core(refused="CACHE_DIR")
    assert openvino_backend._compile(core, None, "GPU", 1, tmp_path / "cache") == "compiled"
    assert [("CACHE_DIR" in settings) for _, settings in core.asked] == [True, False]
    (tmp_path / "file").write_text("")
    core = Core()
    openvino_backend._compile(core, None, "GPU", 1, tmp_path / "file" / "cache")
    assert [("CACHE_DIR" in settings) for _, settings in core.asked] == [False]


def test_what_was_compiled_is_kept_for_large_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = SessionOptions(cache=tmp_path / "compiled")
    OpenVino().load(tiny_artifact("openvino"), options)
    assert not (tmp_path / "compiled").exists()
    monkeypatch.setattr(openvino_backend, "_CACHE_FROM_BYTES", 0)
    before = OpenVino().load(tiny_artifact("openvino"), options).run(FEEDS)
    assert list((tmp_path / "compiled").iterdir())
    after = OpenVino().load(tiny_artifact("openvino"), options).run(FEEDS)
    for task, values in before.items():
        np.testing.assert_allclose(after[task], values, atol=1e-6)


@pytest.mark.parametrize("listed", [["CPU", "GPU"], ["CPU", "GPU.0", "GPU.1"]])
def test_a_device_that_is_listed_but_broken_is_refused(
    listed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        available_devices = listed

        def read_model(self, **_: object) -> Any:
            node = SimpleNamespace(get_names=lambda: {"input_ids"})
            return SimpleNamespace(inputs=[node], outputs=[node])

        def compile_model(self, *_: object) -> None:
            raise RuntimeError("Exception from plugin.cpp:1:\nclBuildProgram failed\n")

    library = SimpleNamespace(Core=Broken, __version__="2026.1.0-1")
    monkeypatch.setattr(openvino_backend, "import_openvino", lambda: library)
    assert "gpu" in " ".join(OpenVino().probe().devices)
    with pytest.raises(BackendUnavailableError, match="listed but does not take the model: clBuildProgram"):
        OpenVino().load(tiny_artifact("openvino"), SessionOptions(device="gpu"))


IMPORT = """
import socket, sys
def refuse(*_, **__):
    raise AssertionError("a socket was opened")
socket.socket.connect = refuse
from edgewise_runtimes import openvino_import
openvino = openvino_import.import_openvino()
print(openvino_import.telemetry(), "openvino_telemetry" in sys.modules, hasattr(openvino, "convert_model"))
import importlib.util
print(importlib.util.find_spec("openvino_telemetry") is not None)
"""


def test_the_import_brings_no_telemetry_and_hides_it_only_meanwhile(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "PATH": "/usr/bin"}
    command = [sys.executable, "-c", IMPORT]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env, timeout=60)
    first, second = done.stdout.splitlines()
    assert first == "off False True"
    assert second in ("True", "False")
    assert list(tmp_path.iterdir()) == []


def test_a_telemetry_package_that_is_there_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    own = SimpleNamespace()
    monkeypatch.setitem(sys.modules, "openvino_telemetry", own)  # type: ignore[arg-type]
    with openvino_import.without_telemetry():
        assert sys.modules["openvino_telemetry"] is own
    assert sys.modules["openvino_telemetry"] is own
