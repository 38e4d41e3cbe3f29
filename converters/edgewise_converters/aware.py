"""Quantization-aware training: the torch module learns to answer as before with int8 arithmetic.

NNCF puts int8 rounding into the module; then the module is trained to give, on texts without labels, the
answers it gave before (self-distillation; Hinton et al., 2015, with the module itself as the teacher). What
comes out is an `openvino.Model` with int8 arithmetic.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from edgewise_converters.errors import FormError, UnsupportedOperatorError
from edgewise_converters.forms.material import INPUTS, Material, feeds_of
from edgewise_converters.quiet import quiet

NAME = "openvino int8-qat"

LEAST_WEIGHTS = 2048
"""Smaller matrices keep full precision."""


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


def quantized(module: nn.Module, rows: Sequence[Sequence[int]]) -> nn.Module:
    """Return a copy of a module with int8 rounding in it, its ranges measured on rows.

    Args:
        module: In evaluation mode.
        rows: Token ids.

    Raises:
        UnsupportedOperatorError: NNCF refuses the module.
    """
    from edgewise_converters.forms.openvino_forms import import_nncf

    nncf = import_nncf()
    _round_in_torch()
    examples = [tuple(_tensors([row])) for row in rows[:300]]
    with quiet():
        try:
            made: nn.Module = nncf.quantize(
                copy.deepcopy(module),
                nncf.Dataset(examples),
                subset_size=len(examples),
                model_type=nncf.ModelType.TRANSFORMER,
                ignored_scope=nncf.IgnoredScope(names=spared(module), validate=False),
            )
        except Exception as error:
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
        FormError: There is no module or there are no rows.
    """
    module, rows = material.source.module, list(material.rows)
    if module is None:
        raise FormError(NAME, "it is trained as a torch module, and there is only an ONNX file.")
    if not rows:
        raise FormError(
            NAME, "it learns from texts and there are none. Give some with --dev or --calibrate FILE."
        )
    # What torch would compile for the rounding takes a minute to compile and a step twice as long.
    with torch.compiler.set_stance("force_eager"):
        student = quantized(module, rows)
        learn(student, module, rows, config or AwareConfig())
    return compressed(to_openvino(student.eval(), material.tasks))


def compressed(model: Any) -> Any:
    """Store what still has full precision as int8 weights, arithmetic as before.

    Raises:
        UnsupportedOperatorError: NNCF refuses it.
    """
    from edgewise_converters.forms.openvino_forms import import_nncf

    nncf = import_nncf()
    with quiet():
        try:
            return nncf.compress_weights(model, mode=nncf.CompressWeightsMode.INT8_ASYM)
        except Exception as error:
            raise UnsupportedOperatorError(NAME, f"{type(error).__name__}: {str(error)[:300]}") from error


def spared(module: nn.Module, length: int = 7) -> list[str]:
    """Return NNCF's names of the products that keep full precision.

    Those of a whole text, and small ones, take next to no time and lose the most: measured on a student, int8
    in the products of its tokens alone keeps 99.7 % of the answers, in all of them 98 %. Products of two
    activations are spared with them.
    """
    from nncf.torch.function_hook import wrap_model
    from nncf.torch.function_hook.nncf_graph.nncf_graph_builder import build_nncf_graph

    per_token: set[str] = set()
    hooks = [
        each.register_forward_hook(_noting(per_token, f"{name}.weight", length))
        for name, each in module.named_modules()
        if isinstance(each, nn.Linear) and each.weight.numel() >= LEAST_WEIGHTS
    ]
    example = tuple(_tensors([[1] * length]))
    try:
        with torch.no_grad():
            module(*example)
    finally:
        for hook in hooks:
            hook.remove()
    graph = build_nncf_graph(wrap_model(copy.deepcopy(module)), example)
    found = []
    for node in graph.get_all_nodes():
        inputs = {each.node_name for each in graph.get_previous_nodes(node)}
        kind = node.node_name.rpartition("/")[0].rpartition("/")[2]
        if (kind == "linear" and not inputs & per_token) or kind in ("matmul", "bmm"):
            found.append(node.node_name)
    return found


def _noting(found: set[str], name: str, length: int) -> Any:
    """Return a hook that notes a product whose input has a row for each token."""

    def note(_: nn.Module, inputs: tuple[Tensor, ...], __: Any) -> None:
        if inputs[0].ndim > 2 and inputs[0].shape[-2] == length:
            found.add(name)

    return note


def _round_in_torch() -> None:
    """Let NNCF round with torch's own operations.

    Else it compiles C++ for that when it is first used: minutes, a compiler and ninja, and for ever where a
    stopped compilation left its lock. Without a compiler it takes these operations by itself.
    """
    from nncf.torch.quantization import extensions

    loader = extensions.QuantizedFunctionsCPULoader
    loader.load = classmethod(lambda cls: extensions.ReferenceQuantizedFunctions)


def _batches(rows: Sequence[Sequence[int]], config: AwareConfig) -> Iterator[list[Tensor]]:
    rng = np.random.default_rng(config.seed)
    for _ in range(config.steps):
        chosen = rng.integers(0, len(rows), config.batch)
        yield _tensors([rows[place] for place in chosen])


def _tensors(rows: Sequence[Sequence[int]]) -> list[Tensor]:
    feeds = feeds_of(rows)
    return [torch.from_numpy(feeds[name]) for name in INPUTS]
