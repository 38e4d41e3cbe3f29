"""Quantization-aware training: the torch module learns to answer as before with int8 arithmetic.

NNCF puts int8 rounding into the module; then the module is trained to give, on texts without labels, the
answers it gave before (self-distillation; Hinton et al., 2015, with the module itself as the teacher). What
comes out is an `openvino.Model` with int8 arithmetic.
"""

from __future__ import annotations

import copy
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from edgewise_converters.errors import FormError, UnsupportedOperatorError
from edgewise_converters.forms.material import INPUTS, Material, feeds_of
from edgewise_converters.quiet import quiet

NAME = "openvino int8-qat"
_TOOLS = (("a C++ compiler", ("c++", "g++", "clang++")), ("ninja", ("ninja",)))


class CompilerError(FormError):
    """NNCF compiles its rounding for the processor when it is first used, and cannot here."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            NAME,
            f"{reason.rstrip('.')}. NNCF compiles a part of itself on first use. Install g++ and ninja, "
            "on a slow machine set NNCF_EXTENSION_LOAD_TIMEOUT=0, or take int8-ptq.",
        )


@dataclass(frozen=True)
class AwareConfig:
    """How long and how fast to train.

    Attributes:
        steps: Steps.
        batch: Texts in a step.
        rate: Learning rate of AdamW.
        seed: Of the order of texts.
    """

    steps: int = 200
    batch: int = 32
    rate: float = 2e-5
    seed: int = 17


def demand_compiler() -> None:
    """Find out whether NNCF can compile its extension here, before it tries.

    Raises:
        CompilerError: It cannot; the message says why.
    """
    for what, names in _TOOLS:
        if not any(map(shutil.which, names)):
            raise CompilerError(f"there is no {what}")
    for lock in sorted(_extensions().glob("**/nncf/quantized_functions*/**/lock")):
        raise CompilerError(
            f"{lock} says that another program compiles it right now, or was stopped while it did; "
            "if none runs, delete that file"
        )


def _extensions() -> Path:
    """Return where torch compiles extensions; its own function for that has a private name."""
    from torch.utils import cpp_extension

    return Path(os.environ.get("TORCH_EXTENSIONS_DIR") or cpp_extension.get_default_build_root())


def quantized(module: nn.Module, rows: Sequence[Sequence[int]]) -> nn.Module:
    """Return a copy of a module with int8 rounding in it, its ranges measured on rows.

    Args:
        module: In evaluation mode.
        rows: Token ids.

    Raises:
        CompilerError: NNCF cannot compile its extension here.
        UnsupportedOperatorError: NNCF refuses the module.
    """
    from edgewise_converters.forms.openvino_forms import import_nncf

    demand_compiler()
    nncf = import_nncf()
    examples = [tuple(_tensors([row])) for row in rows[:300]]
    with quiet():
        try:
            made: nn.Module = nncf.quantize(
                copy.deepcopy(module),
                nncf.Dataset(examples),
                subset_size=len(examples),
                model_type=nncf.ModelType.TRANSFORMER,
            )
        except Exception as error:
            if any(word in str(error) for word in ("extension", "ninja", "Compil", "timeout")):
                raise CompilerError(f"{type(error).__name__}: {_first_line(error)}") from error
            raise UnsupportedOperatorError(NAME, f"{type(error).__name__}: {str(error)[:300]}") from error
    return made


def learn(
    student: nn.Module, teacher: nn.Module, rows: Sequence[Sequence[int]], config: AwareConfig
) -> list[float]:
    """Train a module in place until it answers like another one.

    Args:
        student: The module with rounding.
        teacher: The module without; in evaluation mode.
        rows: Token ids of texts; no labels are needed.
        config: How.

    Returns:
        The loss of every step.
    """
    optimizer = torch.optim.AdamW(student.parameters(), lr=config.rate, weight_decay=0.0)
    losses: list[float] = []
    for ids, mask in _batches(rows, config):
        with torch.no_grad():
            wanted = teacher(ids, mask)
        loss = torch.stack(
            [functional.mse_loss(a, b) for a, b in zip(student(ids, mask), wanted, strict=True)]
        ).sum()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses


def to_openvino(module: nn.Module, tasks: Sequence[str]) -> Any:
    """Hand a module with rounding over as an `openvino.Model` whose inputs and outputs have our names.

    Raises:
        UnsupportedOperatorError: OpenVINO refuses it.
    """
    from edgewise_runtimes.openvino_import import import_openvino

    openvino = import_openvino()
    examples = dict(zip(INPUTS, _tensors([[1] * 7, [1] * 5]), strict=True))
    with quiet():
        try:
            model = openvino.convert_model(module, example_input=examples)
        except Exception as error:
            raise UnsupportedOperatorError(NAME, f"{type(error).__name__}: {str(error)[:300]}") from error
    for name, place in zip(INPUTS, model.inputs, strict=True):
        place.tensor.set_names({name})
    for task, place in zip(tasks, model.outputs, strict=True):
        place.tensor.set_names({task})
    return model


def handed_over(material: Material, config: AwareConfig | None = None) -> Any:
    """Quantize a source's module, train it on the calibration rows, and hand it over.

    Raises:
        FormError: There is no module or there are no rows, or no compiler.
    """
    module, rows = material.source.module, list(material.rows)
    if module is None:
        raise FormError(NAME, "it is trained as a torch module, and there is only an ONNX file.")
    if not rows:
        raise FormError(
            NAME, "it learns from texts and there are none. Give some with --dev or --calibrate FILE."
        )
    student = quantized(module, rows)
    learn(student, module, rows, config or AwareConfig())
    return to_openvino(student.eval(), material.tasks)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _batches(rows: Sequence[Sequence[int]], config: AwareConfig) -> Iterator[list[Tensor]]:
    rng = np.random.default_rng(config.seed)
    for _ in range(config.steps):
        chosen = rng.integers(0, len(rows), config.batch)
        yield _tensors([rows[place] for place in chosen])


def _tensors(rows: Sequence[Sequence[int]]) -> list[Tensor]:
    feeds = feeds_of(rows)
    return [torch.from_numpy(feeds[name]) for name in INPUTS]
