"""The TFLite backend: LiteRT, or the older tflite-runtime; on the processor, by XNNPACK.

TFLite models have fixed shapes. A file has one signature for each length, `len_16`, `len_32`, …, which share
their weights; each takes `input_ids` and `attention_mask`, int32 [1, length]. A text is padded to the nearest
length with mask 0, and rows are run one by one.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any

from edgewise_runtimes.errors import BackendLoadError, BackendRunError, BackendUnavailableError
from edgewise_runtimes.packages import missing_module
from edgewise_runtimes.protocol import Artifact, Probe, SessionOptions
from edgewise_runtimes.quiet import without_lines

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAME = "tflite"
HINT = 'Run: pip install "edgewise[tflite]"'

INPUTS = ("input_ids", "attention_mask")
SIGNATURE = re.compile(r"len_([1-9][0-9]{0,5})")
"""What a length bucket's signature is called."""

_MODULES = ("ai_edge_litert", "tflite_runtime")
_CPU = "cpu"

Runner = Callable[..., dict[str, Any]]


class TfliteSession:
    """A model loaded by TFLite. `run` may be called from many threads; one of them works at a time.

    Args:
        runners: By length, what runs a row padded to it.
        outputs: Names of the outputs.
    """

    __slots__ = ("_lengths", "_lock", "_runners", "inputs", "outputs")

    def __init__(self, runners: Mapping[int, Runner], outputs: tuple[str, ...]) -> None:
        self.inputs = INPUTS
        self.outputs = outputs
        self._lengths = sorted(runners)
        self._runners: Mapping[int, Runner] | None = runners
        # An interpreter keeps its tensors in one place: two runs at once would write over each other.
        self._lock = Lock()

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """Run the model once; see `edgewise_runtimes.Session.run`."""
        import numpy as np

        if feeds.keys() != set(INPUTS):
            raise BackendRunError(
                NAME, f"it takes {' and '.join(INPUTS)}, not {', '.join(feeds) or 'nothing'}"
            )
        ids, mask = (feeds[name] for name in INPUTS)
        length = self._length(ids, mask)
        # Even of no rows the outputs have a shape: one blank row says which.
        padded = np.zeros((2, max(1, len(ids)), length), dtype=np.int32)
        padded[0, : len(ids), : ids.shape[1]] = ids
        padded[1, : len(ids), : ids.shape[1]] = mask
        with self._lock:
            if self._runners is None:
                raise BackendRunError(NAME, "the session is closed")
            runner = self._runners[length]
            try:
                rows = [
                    runner(input_ids=padded[0, row : row + 1], attention_mask=padded[1, row : row + 1])
                    for row in range(padded.shape[1])
                ]
            except Exception as error:
                raise BackendRunError(NAME, _reason(error)) from error
        if len(rows) == 1:
            return {name: rows[0][name][: len(ids)] for name in self.outputs}
        return {name: np.concatenate([row[name] for row in rows]) for name in self.outputs}

    def close(self) -> None:
        """Free the model. Waits for the run that is under way."""
        with self._lock:
            self._runners = None

    def _length(self, ids: NDArray[Any], mask: NDArray[Any]) -> int:
        """Return the length to pad to."""
        import numpy as np

        for array in (ids, mask):
            if not isinstance(array, np.ndarray):
                raise BackendRunError(NAME, f"an input is a {type(array).__name__}, not an array")
            if array.dtype.kind != "i" or array.dtype.itemsize != 4 or array.ndim != 2:
                problem = f"an input is {array.dtype} of shape {array.shape}, not int32 [batch, length]"
                raise BackendRunError(NAME, problem)
        if ids.shape != mask.shape:
            raise BackendRunError(NAME, f"the inputs have the shapes {ids.shape} and {mask.shape}")
        place = bisect_left(self._lengths, ids.shape[1])
        if place == len(self._lengths):
            problem = (
                f"a row has {ids.shape[1]} tokens, the model's longest signature takes {self._lengths[-1]}"
            )
            raise BackendRunError(NAME, problem)
        return self._lengths[place]


class Tflite:
    """LiteRT (`ai_edge_litert`), or `tflite_runtime` where that is what is installed."""

    name = NAME
    hint = HINT
    modules = _MODULES

    def installed(self) -> str | None:
        """Say what is missing, None when nothing is; see `edgewise_runtimes.registry.missing`."""
        return missing_module(*_MODULES)

    def probe(self) -> Probe:
        """Import the library."""
        if problem := self.installed():
            return Probe(ok=False, reason=problem)
        try:
            module, _ = _interpreter()
        except Exception as error:
            return Probe(ok=False, reason=f"{type(error).__name__}: {error}")
        version = getattr(import_module(module), "__version__", None) or _version(module)
        return Probe(ok=True, reason=f"{module} {version}", devices=(_CPU,))

    def load(self, artifact: Artifact, options: SessionOptions) -> TfliteSession:
        """Load a TFLite model from verified bytes.

        Args:
            artifact: The model; it needs no operators but the built-in ones.
            options: How it is to be run.

        Raises:
            BackendUnavailableError: No library can be imported, or the device is another than the processor.
            BackendLoadError: The bytes are no model that it can run, or lack the signatures.
        """
        if problem := self.installed():
            raise BackendUnavailableError(NAME, problem, HINT)
        try:
            _, interpreter = _interpreter()
        except Exception as error:
            raise BackendUnavailableError(NAME, f"{type(error).__name__}: {error}", HINT) from error
        if options.device.lower() not in ("", _CPU):
            raise BackendUnavailableError(NAME, f"there is no device {options.device!r}", "It runs on: cpu.")
        try:
            with without_lines(b"INFO: Created TensorFlow Lite"):  # it has no switch for this line
                loaded = interpreter(model_content=artifact.data, num_threads=options.threads)
                runners, outputs = _runners(loaded)
                session = TfliteSession(runners, outputs)
                _try(session, min(runners))
        except BackendRunError as error:
            raise BackendLoadError(NAME, artifact.name, error.reason) from error
        except Exception as error:
            raise BackendLoadError(NAME, artifact.name, _reason(error)) from error
        return session


def _runners(interpreter: Any) -> tuple[dict[int, Runner], tuple[str, ...]]:
    """Return the runner of each length and the names of the outputs.

    Raises:
        ValueError: The signatures are not those of a text encoder.
    """
    found: dict[int, Runner] = {}
    outputs: set[str] = set()
    signatures = interpreter.get_signature_list()
    for name, sides in signatures.items():
        if match := SIGNATURE.fullmatch(name):
            if set(sides["inputs"]) != set(INPUTS):
                raise ValueError(f"its signature {name} takes {sides['inputs']}, not {list(INPUTS)}")
            if outputs and outputs != set(sides["outputs"]):
                raise ValueError("its signatures have different outputs")
            outputs = set(sides["outputs"])
            found[int(match[1])] = interpreter.get_signature_runner(name)
    if not found or not outputs:
        raise ValueError(f"it has no signature named len_16 or the like, only {sorted(signatures) or 'none'}")
    return found, tuple(sorted(outputs))


def _try(session: TfliteSession, length: int) -> None:
    """Run a signature once: operators that are not there show only now."""
    import numpy as np

    ones = np.ones((1, length), dtype=np.int32)
    session.run({"input_ids": ones, "attention_mask": ones})


def _interpreter() -> tuple[str, Any]:
    """Import the first library that is there; return its name and its interpreter class."""
    for module in _MODULES:
        if missing_module(module) is None:
            return module, import_module(f"{module}.interpreter").Interpreter
    raise ImportError(f"{' or '.join(_MODULES)} is not installed")


def _version(module: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(module)
    except PackageNotFoundError:
        return "of unknown version"


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()).strip("'\"") or type(error).__name__
