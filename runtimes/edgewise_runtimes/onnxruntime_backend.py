"""The ONNX Runtime backend: devices and threads as told, flat memory, nothing written to the console."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgewise_runtimes.errors import BackendLoadError, BackendRunError, BackendUnavailableError
from edgewise_runtimes.onnxruntime_import import import_onnxruntime
from edgewise_runtimes.onnxruntime_providers import CPU, PROVIDERS, devices
from edgewise_runtimes.packages import missing_module
from edgewise_runtimes.protocol import Artifact, Probe, SessionOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAME = "onnxruntime"
_SILENT = 4
_NOWHERE = f"{os.devnull}/no-folder"
"""Where weights outside the model may be: ONNX Runtime would otherwise look in the working folder."""
_CODE = re.compile(r"^\[ONNXRuntimeError\] : \d+ : [A-Z_]+ : ")


class OnnxSession:
    """A model loaded by ONNX Runtime. `run` is safe from many threads; `close` may be called while they run.

    Args:
        session: An `onnxruntime.InferenceSession`.
    """

    __slots__ = ("_session", "inputs", "outputs")

    def __init__(self, session: Any) -> None:
        self._session = session
        self.inputs: tuple[str, ...] = tuple(node.name for node in session.get_inputs())
        self.outputs: tuple[str, ...] = tuple(node.name for node in session.get_outputs())

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """Run the model once; see `edgewise_runtimes.Session.run`."""
        session = self._session
        if session is None:
            raise BackendRunError(NAME, "the session is closed")
        try:
            return dict(zip(self.outputs, session.run(self.outputs, feeds), strict=True))
        except Exception as error:
            raise BackendRunError(NAME, _reason(error)) from error

    def close(self) -> None:
        """Let go of the model; it is freed when the last run that is under way has finished."""
        self._session = None


class OnnxRuntime:
    """ONNX Runtime on the processor or another device. It comes with a plain install."""

    name = NAME
    hint = "Run: pip install onnxruntime"
    modules = ("onnxruntime",)

    def installed(self) -> str | None:
        """Say what is missing, None when nothing is; see `edgewise_runtimes.registry.missing`."""
        return missing_module(NAME)

    def probe(self) -> Probe:
        """Import the library and look which execution providers it has."""
        try:
            onnxruntime = import_onnxruntime()
            found = devices(onnxruntime.get_available_providers())
        except Exception as error:
            return Probe(ok=False, reason=f"{type(error).__name__}: {error}")
        if CPU not in found:
            return Probe(ok=False, reason=f"this build of onnxruntime has no {PROVIDERS[CPU].name}")
        return Probe(ok=True, reason=f"version {onnxruntime.__version__}", devices=found)

    def load(self, artifact: Artifact, options: SessionOptions) -> OnnxSession:
        """Load an ONNX model from verified bytes.

        Models that keep weights in other files are refused: those bytes nobody has verified. A device that
        was asked for is used or refused: the library itself would turn to the processor without a word.

        Args:
            artifact: The model.
            options: How it is to be run.

        Raises:
            BackendUnavailableError: The library cannot be imported, or does not have the device.
            BackendLoadError: The bytes are no model that it can run.
        """
        try:
            onnxruntime = import_onnxruntime()
            providers = _providers(options.device, onnxruntime.get_available_providers())
        except BackendUnavailableError:
            raise
        except Exception as error:
            raise BackendUnavailableError(NAME, f"{type(error).__name__}: {error}", self.hint) from error
        try:
            session = onnxruntime.InferenceSession(
                artifact.data, _session_options(onnxruntime, options), providers=providers
            )
        except Exception as error:
            raise BackendLoadError(NAME, artifact.name, _reason(error)) from error
        _check_device(options.device, providers[0][0], session.get_providers())
        # The library keeps the file's bytes beside the weights it made of them, to start over elsewhere.
        session.disable_fallback()
        session._model_bytes = None
        return OnnxSession(session)


def _providers(device: str, available: list[str]) -> list[tuple[str, dict[str, Any]]]:
    """Return the provider of a device; the processor comes second, for what that device cannot do."""
    wanted = PROVIDERS.get(device.lower() or CPU)
    if wanted is None:
        raise BackendUnavailableError(
            NAME, f"there is no device {device!r}", f"Use one of {', '.join(sorted(PROVIDERS))}."
        )
    if wanted.name not in available:
        raise BackendUnavailableError(
            NAME,
            f"this build of onnxruntime has no {wanted.name} for the device {device!r}",
            f"Run: pip uninstall -y onnxruntime && pip install {wanted.package}",
        )
    cpu = PROVIDERS[CPU]
    return [(wanted.name, dict(wanted.options)), *([] if wanted is cpu else [(cpu.name, {})])]


def _check_device(device: str, wanted: str, got: list[str]) -> None:
    """Refuse a session that went elsewhere than it was told."""
    if wanted not in got:
        raise BackendUnavailableError(
            NAME,
            f"the device {device!r} is listed but does not work: {wanted} could not start, "
            f"and the session fell back to {', '.join(got)}",
            "Check the device's driver and libraries, or use another device.",
        )


def _session_options(onnxruntime: Any, options: SessionOptions) -> Any:
    """Translate to ONNX Runtime's own settings.

    The arena and the memory patterns are off: both keep memory for every shape ever seen, and comments come
    in all lengths. Threads do not spin, so a waiting session leaves the processor to the app.
    """
    settings = onnxruntime.SessionOptions()
    settings.enable_cpu_mem_arena = False
    settings.enable_mem_pattern = False
    settings.intra_op_num_threads = options.threads
    settings.inter_op_num_threads = 1
    settings.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    settings.log_severity_level = _SILENT
    settings.add_session_config_entry("session.model_external_initializers_file_folder_path", _NOWHERE)
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    settings.add_session_config_entry("session.inter_op.allow_spinning", "0")
    return settings


def _reason(error: Exception) -> str:
    """Return what the library said without its error code, on one line."""
    return " ".join(_CODE.sub("", str(error)).split()) or type(error).__name__
