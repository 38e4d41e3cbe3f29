"""What can be chosen: a backend on a device, with a precision."""

from __future__ import annotations

from dataclasses import dataclass

from edgewise_runtimes.errors import EdgewiseError

AUTO = "auto"
"""Asks for the best backend instead of a named one."""

OBJECTIVES = ("latency", "throughput", "memory")
"""What can be looked for: time of one text, time a text in batches, memory of the process."""


class ObjectiveError(EdgewiseError, ValueError):
    """An objective that does not exist.

    Attributes:
        objective: What was asked for.
    """

    def __init__(self, objective: object) -> None:
        self.objective = objective
        super().__init__(f"There is no objective {objective!r}. Use one of {', '.join(OBJECTIVES)}.")


@dataclass(frozen=True)
class Candidate:
    """A backend on a device, with a precision.

    Attributes:
        backend: Name of the backend.
        precision: The precision of its artifact.
        device: The device, empty for the processor.
    """

    backend: str
    precision: str = ""
    device: str = ""

    def __str__(self) -> str:
        """Name it.

        >>> print(Candidate("openvino", "int8", "npu"), Candidate("tflite"))
        openvino:npu/int8 tflite
        """
        device = f":{self.device}" if self.device else ""
        return f"{self.backend}{device}" + (f"/{self.precision}" if self.precision else "")


def parse_wanted(text: str) -> tuple[str, str]:
    """Split `backend:device` into both, the device in lower case and empty for the processor.

    >>> parse_wanted("openvino:GPU"), parse_wanted("tflite"), parse_wanted("openvino:cpu")
    (('openvino', 'gpu'), ('tflite', ''), ('openvino', ''))
    """
    backend, _, device = text.partition(":")
    return backend, "" if device.lower() == "cpu" else device.lower()
