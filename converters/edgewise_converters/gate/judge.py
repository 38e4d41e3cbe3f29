"""The gate itself: a converted model is loaded as a device loads it, and judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.errors import BackendLoadError
from edgewise_converters.errors import GateError, InputNamesError
from edgewise_converters.forms.catalogue import Form
from edgewise_converters.forms.material import INPUTS, Feeds, Made
from edgewise_converters.gate.parity import compare
from edgewise_converters.gate.rows import Rows, Run, said
from edgewise_converters.gate.shapes import check_neighbours, check_shapes
from edgewise_converters.limits import Limits
from edgewise_converters.sources.model import Source
from edgewise_runtimes import Artifact, SessionOptions, runtime


@dataclass(frozen=True)
class Reference:
    """The model before conversion, and what it says of the dev texts.

    Attributes:
        source: The model.
        rows: The texts.
        told: What its answers come from: "torch fp32", or the ONNX file they come from.
        logits: By task [n, labels]; with a model beside it, what both say.
    """

    source: Source
    rows: Rows
    told: str
    logits: Mapping[str, NDArray[np.float32]] = field(repr=False)


def refer(source: Source, rows: Rows) -> Reference:
    """Ask the model before conversion about the texts.

    Raises:
        BackendError: There is only an ONNX file, and it does not run.
    """
    if source.module is not None:
        return Reference(source, rows, "torch fp32", said(source, torch_run(source), rows))
    made = Made(source.onnx or b"")
    with_file = open_run(source, "onnxruntime", source.precision, made)
    told = f"onnxruntime {source.precision}"
    return Reference(source, rows, told, said(source, with_file, rows))


def torch_run(source: Source) -> Run:
    """Return a function that runs the torch module."""
    import torch

    module = source.module
    if module is None:
        raise ValueError("there is no torch module")

    def run(feeds: Feeds) -> dict[str, NDArray[np.float32]]:
        with torch.inference_mode():
            found = module(*(torch.from_numpy(feeds[name]) for name in INPUTS))
        return {task: values.float().numpy() for task, values in zip(source.tasks, found, strict=True)}

    return run


def open_run(source: Source, backend: str, precision: str, made: Made) -> Run:
    """Load a model as a device does.

    Raises:
        BackendError: The backend is not installed or refuses the file.
        InputNamesError: It takes other inputs or gives other outputs.
    """
    artifact = Artifact(f"{source.name} {precision}", backend, precision, made.data, made.weights)
    session = runtime(backend).load(artifact, SessionOptions())
    if set(session.inputs) != set(INPUTS):
        raise InputNamesError(f"The {backend} model", session.inputs, INPUTS)
    if not set(source.tasks) <= set(session.outputs):
        raise InputNamesError(f"The {backend} model", session.outputs, tuple(source.tasks))
    return session.run


def judge(form: Form, made: Made, reference: Reference, limits: Limits, whole: int | None) -> dict[str, Any]:
    """Judge a converted model.

    Args:
        form: What it is.
        made: Its files.
        reference: The model it was made from.
        limits: What is accepted.
        whole: Bytes of the fp32 file for the same backend, None when that is not known.

    Returns:
        The artifact's `parity` in the manifest.

    Raises:
        GateError: It is not the same model any more; the message names what broke it.
    """
    source = reference.source
    try:
        run = open_run(source, form.backend, form.precision, made)
    except BackendLoadError as error:
        raise GateError(form.name, "loading", error.reason) from error
    report: dict[str, Any] = {"reference": reference.told, "texts": len(reference.rows)}
    report["shapes"] = check_shapes(form.name, run, source)
    if len(reference.rows):
        report["neighbours"] = check_neighbours(
            form.name, run, source, reference.rows, limits.neighbours, refuse=not form.batch_dependent
        )
        found = said(source, run, reference.rows)
        report |= compare(
            form.name, form.exact, source.specs, reference.rows, reference.logits, found, limits
        )
    report["size"] = _size(form, made, limits, whole)
    return report


def _size(form: Form, made: Made, limits: Limits, whole: int | None) -> dict[str, Any]:
    found: dict[str, Any] = {"bytes": made.size}
    if whole is None:
        return found
    share = made.size / whole
    found["of_fp32"] = round(share, 4)
    if form.precision.startswith("int") and whole >= limits.share_from and share > limits.share:
        raise GateError(
            form.name, "size", f"{made.size} bytes are {share:.1%} of the fp32 file, not {limits.share:.0%}"
        )
    return found
