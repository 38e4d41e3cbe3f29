"""ONNX Runtime's execution providers by the names of devices, and the package that brings each."""

from __future__ import annotations

from typing import Any, NamedTuple


class Provider(NamedTuple):
    """An execution provider.

    Attributes:
        name: What ONNX Runtime calls it.
        package: The distribution whose build of ONNX Runtime has it.
        options: Its options, as ONNX Runtime takes them.
    """

    name: str
    package: str
    options: dict[str, Any]


CPU = "cpu"

PROVIDERS: dict[str, Provider] = {
    "tensorrt": Provider("TensorrtExecutionProvider", "onnxruntime-gpu", {}),
    "cuda": Provider("CUDAExecutionProvider", "onnxruntime-gpu", {}),
    "coreml": Provider("CoreMLExecutionProvider", "onnxruntime", {}),
    "directml": Provider("DmlExecutionProvider", "onnxruntime-directml", {}),
    "qnn": Provider("QNNExecutionProvider", "onnxruntime-qnn", {}),
    "openvino": Provider("OpenVINOExecutionProvider", "onnxruntime-openvino", {"precision": "ACCURACY"}),
    CPU: Provider("CPUExecutionProvider", "onnxruntime", {}),
}
"""By device."""


def devices(available: list[str]) -> tuple[str, ...]:
    """Return the devices of the providers that a build has, the processor first.

    >>> devices(["CUDAExecutionProvider", "CPUExecutionProvider"])
    ('cpu', 'cuda')
    """
    found = [device for device, provider in PROVIDERS.items() if provider.name in available]
    return tuple(sorted(found, key=lambda device: device != CPU))
