"""The tiny encoder of `tiny_bundle` for every backend, each made once a process, and a bundle of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.tiny_bundle import BIAS, WORDS, make_tiny_bundle, tiny_encoder
from tests.support.tiny_tflite import tiny_tflite

from edgewise.labels import LABELS
from edgewise_runtimes import Artifact
from edgewise_runtimes.openvino_import import import_openvino
from edgewise_runtimes.packages import missing_module

TASKS = ("sentiment", "toxicity", "emotion")
MODULES = {"onnxruntime": "onnxruntime", "openvino": "openvino", "tflite": "ai_edge_litert"}
BACKENDS = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(missing_module(module) is not None, reason=f"{module} is not installed"),
    )
    for name, module in MODULES.items()
]
"""Every built-in backend, for `pytest.mark.parametrize`; those not installed are skipped with the reason."""


@cache
def tiny_artifact(backend: str) -> Artifact:
    """The tiny encoder for a backend, fp32."""
    if backend == "onnxruntime":
        return Artifact("tiny.onnx", backend, "fp32", tiny_encoder())
    if backend == "tflite":
        return Artifact("tiny.tflite", backend, "fp32", tflite_encoder())
    return Artifact("tiny.xml", "openvino", "fp32", *to_openvino(tiny_encoder()))


def to_openvino(onnx: bytes) -> tuple[bytes, bytes]:
    """An ONNX model as an IR: the bytes of its two files."""
    import tempfile

    openvino = import_openvino()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.xml"
        (Path(folder) / "model.onnx").write_bytes(onnx)
        model = openvino.convert_model(str(Path(folder) / "model.onnx"))
        openvino.save_model(model, str(path), compress_to_fp16=False)
        return path.read_bytes(), path.with_suffix(".bin").read_bytes()


def tflite_encoder(lengths: Sequence[int] = (4, 16, 64, 128), **options: Any) -> bytes:
    """The tiny encoder as a TFLite file, with the options of `tiny_tflite`."""
    columns = [(task, label) for task in TASKS for label in LABELS[task]]
    points = np.zeros((len(WORDS) + 2, len(columns)), dtype=np.float32)
    for row, scores in enumerate(WORDS.values(), start=2):
        points[row] = [scores.get(label, 0.0) for _, label in columns]
    heads = {}
    for task in TASKS:
        mine = [index for index, (owner, _) in enumerate(columns) if owner == task]
        bias = np.array([BIAS.get(label, 0.0) for label in LABELS[task]], dtype=np.float32)
        heads[task] = (np.eye(len(columns), dtype=np.float32)[:, mine], bias)
    return tiny_tflite(points, heads, lengths, **options)


def make_three_backend_bundle(
    folder: Path, edit: Callable[[dict[str, Any]], None] | None = None, names: Sequence[str] = tuple(MODULES)
) -> Path:
    """Pack the tiny bundle with artifacts for several backends.

    Args:
        folder: Where to.
        edit: Changes the manifest before it is packed.
        names: The backends, best first.
    """
    artifacts = {name: tiny_artifact(name) for name in names}
    files: dict[str, bytes] = {}
    listed: list[dict[str, Any]] = []
    for name, artifact in artifacts.items():
        entry: dict[str, Any] = {"backend": name, "precision": artifact.precision, "file": artifact.name}
        files[artifact.name] = artifact.data
        if artifact.weights is not None:
            entry["weights"] = {"file": "tiny.bin"}
            files["tiny.bin"] = artifact.weights
        listed.append(entry)

    def change(spec: dict[str, Any]) -> None:
        spec["models"]["encoder"]["artifacts"] = listed
        if edit is not None:
            edit(spec)

    return make_tiny_bundle(folder, change, files)
