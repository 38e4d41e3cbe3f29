"""The forms of TFLite: one file with a signature for each length, of builtin operators only."""

from __future__ import annotations

import copy
import re
import tempfile
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from edgewise_converters.errors import FormError, UnsupportedOperatorError
from edgewise_converters.forms.material import INPUTS, Made, Material
from edgewise_converters.forms.tflite_file import demand_builtin, nameless, products
from edgewise_converters.limits import Limits
from edgewise_converters.onnx_export import int8_rows
from edgewise_converters.quiet import quiet

LEAST_ROWS = 1000
"""Smaller tables stay as they are."""

LEAST_WEIGHTS = 4096
"""Smaller matrices stay as they are: they are the heads, whose roundings nothing evens out."""

MOST_LOST = 1.5e-7
"""Matrices of which int8 would take more than this share of a typical column, for each weight, are stored in
half precision: there a byte saves most."""


def fp32(material: Material) -> Made:
    """Return the converted module."""
    return Made(nameless(_converted(material)))


def fp16(material: Material) -> Made:
    """Return the model with weights in half precision."""
    return _quantized(material, "fp16", [_half("*")])


def _half(operation: str, regex: str = ".*") -> dict[str, Any]:
    """Return a recipe's entry for weights in half precision."""
    from ai_edge_quantizer import recipe_manager

    config = {
        "weight_tensor_config": {"num_bits": 16, "dtype": "FLOAT"},
        "compute_precision": "FLOAT",
        "explicit_dequantize": True,
    }
    kind = recipe_manager.AlgorithmName.FLOAT_CASTING
    return {"regex": regex, "operation": operation, "algorithm_key": kind, "op_config": config}


def int8_dynamic(material: Material) -> Made:
    """Return the model with int8 weights; XNNPACK gives each row of activations a scale of its own."""
    return _quantized(material, "int8-dynamic", _products(dynamic=True), int8_tables=True)


def int8_weights(material: Material) -> Made:
    """Return the model with int8 weights, arithmetic as before.

    The smallest matrices stay as they are. Those that int8 would spoil are stored in half precision, as many
    as the promised size of the file leaves room for: first those where a byte saves most.
    """
    small, spoilt = _spared(_converted(material, int8_tables=True))
    limits, full = Limits(), material.onnx.ByteSize()
    most = limits.share * full if full >= limits.share_from else full
    while True:
        recipe = [*_products(dynamic=False), *small, *chain.from_iterable(spoilt)]
        made = _quantized(material, "int8-weights", recipe, int8_tables=True)
        if not spoilt or len(made.data) <= most:
            return made
        spoilt.pop()


def _spared(data: bytes) -> tuple[list[dict[str, Any]], list[list[dict[str, Any]]]]:
    """Return a recipe's entries for products that are not stored as int8; the last entry that fits counts.

    Returns:
        Those that stay as they are; and by matrix, those that int8 spoils most for their size first, the
        entries in half precision of its products, one a signature.
    """
    from ai_edge_quantizer import recipe_manager

    small: dict[str, dict[str, Any]] = {}
    spoilt: dict[tuple[float, bytes], dict[str, dict[str, Any]]] = {}
    for each in products(data):
        name, spoils = f"^{re.escape(each.output)}(?:;|$)", each.lost / each.weights.size
        if each.weights.size < LEAST_WEIGHTS:
            kind = recipe_manager.AlgorithmName.NO_QUANTIZE
            small[name] = {
                "regex": name,
                "operation": "FULLY_CONNECTED",
                "algorithm_key": kind,
                "op_config": {},
            }
        elif spoils > MOST_LOST:
            spoilt.setdefault((-spoils, each.weights.tobytes()), {})[name] = _half("FULLY_CONNECTED", name)
    return list(small.values()), [list(entries.values()) for _, entries in sorted(spoilt.items())]


def _products(*, dynamic: bool) -> list[dict[str, Any]]:
    """Return the quantizer's standard recipe for matrix products; tables have been stored as int8 before."""
    from ai_edge_quantizer import recipe

    (every,) = recipe.dynamic_wi8_afp32() if dynamic else recipe.weight_only_wi8_afp32()
    return [{**every, "operation": name} for name in ("FULLY_CONNECTED", "BATCH_MATMUL", "CONV_2D")]


def int4_weights(material: Material) -> Made:
    """Return the model with int4 weights."""
    from ai_edge_quantizer import recipe

    return _quantized(material, "int4-weights", recipe.dynamic_wi4b32_afp32())


class _Named(nn.Module):
    """The module with its outputs by name, as signatures have them."""

    def __init__(self, module: nn.Module, tasks: tuple[str, ...]) -> None:
        super().__init__()
        self.module = module
        self.tasks = tasks

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
        found = self.module(input_ids, attention_mask)
        return dict(zip(self.tasks, found, strict=True))


def buckets_for(lengths: tuple[int, ...], most: int) -> tuple[int, ...]:
    """Return the lengths that signatures are made for: those below the longest text, and that.

    >>> buckets_for((16, 32, 64, 128), 48)
    (16, 32, 48)
    """
    return (*sorted(length for length in lengths if length < most), most)


class Int8Embedding(nn.Module):
    """A table of int8 rows with a scale each; only the rows that a text needs are multiplied out.

    The quantizer would store a scale and a zero (8 bytes) for each row once more for every signature.
    """

    rows: Tensor
    scale: Tensor

    def __init__(self, table: Tensor) -> None:
        """Round a float table [rows, width]."""
        super().__init__()
        rows, scale = int8_rows(table.detach().float().numpy())
        self.register_buffer("rows", torch.from_numpy(rows))
        self.register_buffer("scale", torch.from_numpy(scale))

    @property
    def weight(self) -> Tensor:
        """What models ask for the type of a table's numbers."""
        return self.scale

    def forward(self, ids: Tensor) -> Tensor:
        """Map ids of any shape to vectors [..., width]."""
        flat = ids.reshape(-1)
        found = self.rows.index_select(0, flat).to(torch.float32) * self.scale.index_select(0, flat)
        return found.reshape(*ids.shape, self.rows.shape[1])


def with_int8_tables(module: nn.Module) -> nn.Module:
    """Return a copy whose large embeddings are int8."""
    result = copy.deepcopy(module)
    for name, child in list(result.named_modules()):
        if isinstance(child, nn.Embedding) and child.num_embeddings >= LEAST_ROWS:
            home, _, last = name.rpartition(".")
            setattr(result.get_submodule(home), last, Int8Embedding(child.weight))
    return result


def _converted(material: Material, int8_tables: bool = False) -> bytes:
    """Convert once; every form of the model starts from these bytes."""
    key = f"tflite {int8_tables}"
    if key not in material.kept:
        material.kept[key] = _convert(material, int8_tables)
    return bytes(material.kept[key])


def _convert(material: Material, int8_tables: bool) -> bytes:
    module = material.source.module
    if module is None:
        raise FormError(
            "A model for tflite", "it is made from a torch module, and there is only an ONNX file."
        )
    named = _Named(with_int8_tables(module) if int8_tables else module, material.tasks).eval()
    with tempfile.TemporaryDirectory() as folder, quiet():
        import litert_torch

        converter: Any = litert_torch
        for length in buckets_for(material.buckets, material.source.max_tokens):
            # Two tensors: given one and the same for both, the export takes them for one input.
            inputs = {name: torch.ones(1, length, dtype=torch.int32) for name in INPUTS}
            converter = converter.signature(f"len_{length}", named, sample_kwargs=inputs)
        path = Path(folder) / "model.tflite"
        try:
            converter.convert().export(str(path))
        except Exception as error:
            reason = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
            raise UnsupportedOperatorError("A model for tflite", reason) from error
        data = path.read_bytes()
    demand_builtin(data)
    return data


def _quantized(material: Material, precision: str, recipe: Any, *, int8_tables: bool = False) -> Made:
    data = _converted(material, int8_tables)
    with tempfile.TemporaryDirectory() as folder, quiet():
        from ai_edge_quantizer import quantizer

        path = Path(folder) / "model.tflite"
        path.write_bytes(data)
        try:
            worker = quantizer.Quantizer(str(path))
            worker.load_quantization_recipe(recipe)
            made = bytes(worker.quantize().quantized_model)
        except Exception as error:
            raise UnsupportedOperatorError(
                f"tflite {precision}", f"{type(error).__name__}: {error}"
            ) from error
    demand_builtin(made)
    return Made(nameless(made))
