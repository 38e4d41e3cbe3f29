"""The OpenVINO backend: CPU, GPU, NPU or AUTO; computes in float32, and nothing is sent anywhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewise_runtimes.errors import BackendLoadError, BackendRunError, BackendUnavailableError
from edgewise_runtimes.openvino_import import import_openvino
from edgewise_runtimes.packages import missing_module
from edgewise_runtimes.protocol import Artifact, Probe, SessionOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAME = "openvino"
HINT = 'Run: pip install "edgewise[openvino]"'

_CPU = "CPU"
_AUTO = "AUTO"
_SHAPES_KEPT = 64
"""Shapes for which OpenVINO keeps what it prepared; its own default of 5000 grows for days on comments."""

_CACHE_FROM_BYTES = 16 * 1024 * 1024
"""On the processor, smaller models compile about as fast as they are read from a cache (measured: 0.1 s)."""

_LONGEST_REASON = 300


class OpenVinoSession:
    """A model compiled by OpenVINO. `run` is safe from many threads; `close` may be called while they run.

    Args:
        compiled: An `openvino.CompiledModel`.
        inputs: Names of its inputs.
        outputs: Names of its outputs.
    """

    __slots__ = ("_compiled", "_free", "inputs", "outputs")

    def __init__(self, compiled: Any, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> None:
        self._compiled = compiled
        self.inputs = inputs
        self.outputs = outputs
        # A request serves one thread at a time; there are as many as ever ran at once.
        self._free: deque[Any] = deque()

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """Run the model once; see `edgewise_runtimes.Session.run`."""
        compiled = self._compiled
        if compiled is None:
            raise BackendRunError(NAME, "the session is closed")
        if feeds.keys() != set(self.inputs):
            raise BackendRunError(
                NAME, f"it takes {', '.join(self.inputs)}, not {', '.join(feeds) or 'nothing'}"
            )
        try:
            request = self._free.pop() if self._free else compiled.create_infer_request()
        except IndexError:  # another thread was faster
            request = compiled.create_infer_request()
        try:
            arrays = {place: _same_type(feeds[name]) for place, name in enumerate(self.inputs)}
            if len({array.shape for array in arrays.values()}) > 1:
                # It would stretch or cut one to fit the other where it can.
                raise ValueError(f"the inputs have the shapes {[array.shape for array in arrays.values()]}")
            found = request.infer(arrays, share_inputs=True, share_outputs=False)
            outputs = {name: found[place] for place, name in enumerate(self.outputs)}
        except Exception as error:
            raise BackendRunError(NAME, _reason(error)) from error
        if self._compiled is not None:
            self._free.append(request)
        return outputs

    def close(self) -> None:
        """Let go of the model; it is freed when the last run that is under way has finished."""
        self._compiled = None
        self._free.clear()


class OpenVino:
    """OpenVINO. The extra `openvino` brings it."""

    name = NAME
    hint = HINT
    modules = (NAME,)
    also_reads = ("onnxruntime",)
    """It reads ONNX files as they are, so when it is asked for by name it serves every bundle."""

    def installed(self) -> str | None:
        """Say what is missing, None when nothing is; see `edgewise_runtimes.registry.missing`."""
        return missing_module(NAME)

    def probe(self) -> Probe:
        """Import the library and ask it for its devices."""
        if problem := self.installed():
            return Probe(ok=False, reason=problem)
        try:
            openvino = import_openvino()
            found = openvino.Core().available_devices
        except Exception as error:
            return Probe(ok=False, reason=f"{type(error).__name__}: {_reason(error)}")
        if not found:
            return Probe(ok=False, reason="openvino finds no device here")
        names = sorted((str(device).lower() for device in found), key=lambda device: device != "cpu")
        return Probe(ok=True, reason=f"version {_version(openvino)}", devices=(*names, "auto"))

    def load(self, artifact: Artifact, options: SessionOptions) -> OpenVinoSession:
        """Load an IR (`data` is the .xml, `weights` the .bin) or an ONNX model from verified bytes.

        Args:
            artifact: The model.
            options: How it is to be run. The cache is used for other devices than the processor and for
                large models, where compiling takes long.

        Raises:
            BackendUnavailableError: The library cannot be imported, or does not have the device.
            BackendLoadError: The bytes are no model that it can run.
        """
        if problem := self.installed():
            raise BackendUnavailableError(NAME, problem, HINT)
        try:
            core = import_openvino().Core()
            device = _device(options.device, core.available_devices)
        except BackendUnavailableError:
            raise
        except Exception as error:
            raise BackendUnavailableError(NAME, f"{type(error).__name__}: {_reason(error)}", HINT) from error
        try:
            model = core.read_model(model=artifact.data, weights=artifact.weights or b"")
            inputs = tuple(_name(node) for node in model.inputs)
            outputs = tuple(_name(node) for node in model.outputs)
        except Exception as error:
            raise BackendLoadError(NAME, artifact.name, _reason(error)) from error
        size = len(artifact.data) + len(artifact.weights or b"")
        cache = options.cache if device != _CPU or size >= _CACHE_FROM_BYTES else None
        try:
            compiled = _compile(core, model, device, options.threads, cache)
        except Exception as error:
            if device in (_CPU, _AUTO):
                raise BackendLoadError(NAME, artifact.name, _reason(error)) from error
            raise BackendUnavailableError(
                NAME,
                f"the device {options.device!r} is listed but does not take the model: {_reason(error)}",
                "Check the device's driver, or use another device.",
            ) from error
        return OpenVinoSession(compiled, inputs, outputs)


def _device(wanted: str, available: list[str]) -> str:
    """Return OpenVINO's name of a device; `GPU` also stands for `GPU.0` and its like."""
    name = wanted.upper() or _CPU
    kinds = {device.partition(".")[0] for device in available} | set(available) | {_AUTO}
    if name not in kinds:
        listed = ", ".join(sorted(kinds)).lower()
        raise BackendUnavailableError(
            NAME,
            f"the device {wanted!r} is not here",
            f"OpenVINO lists: {listed}. Check the device's driver.",
        )
    return name


def _compile(core: Any, model: Any, device: str, threads: int, cache: Path | None) -> Any:
    """Compile, with a cache where one can be had."""
    settings: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
    if device != "NPU":
        # Its own choice is bfloat16 on processors that have it: up to 0.04 away in probability.
        settings["INFERENCE_PRECISION_HINT"] = "f32"
    if device == _CPU:
        settings |= {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            # Pinned threads of two sessions would sit on the same core.
            "ENABLE_CPU_PINNING": False,
            "CPU_RUNTIME_CACHE_CAPACITY": _SHAPES_KEPT,
            # Where weights are int8 it would make activations int8, too, whatever the precision hint says.
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0,
        }
    if cache is not None:
        # A cache that cannot be written is no reason to fail.
        with suppress(Exception):
            cache.mkdir(parents=True, exist_ok=True)
            return core.compile_model(model, device, {**settings, "CACHE_DIR": str(cache)})
    return core.compile_model(model, device, settings)


def _name(node: Any) -> str:
    """Return the shortest of a node's names; converters leave more than one."""
    return str(min(node.get_names(), key=lambda name: (len(name), name)))


def _same_type(array: NDArray[Any]) -> NDArray[Any]:
    """Refuse what OpenVINO would read as raw memory: only int32 is in the contract."""
    if not hasattr(array, "dtype"):
        raise TypeError(f"an input is a {type(array).__name__}, not an array")
    if array.dtype.kind != "i" or array.dtype.itemsize != 4 or array.ndim != 2:
        raise TypeError(f"an input is {array.dtype} of shape {array.shape}, not int32 [batch, length]")
    return array


def _version(openvino: Any) -> str:
    return str(openvino.__version__).partition("-")[0]


def _reason(error: Exception) -> str:
    """Return what the library said, without where in its source it said so, on one line."""
    lines = [line for line in str(error).splitlines() if line and not line.startswith("Exception from ")]
    return " ".join(" ".join(lines).split())[:_LONGEST_REASON] or type(error).__name__
