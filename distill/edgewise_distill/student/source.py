"""Students as `edgewise convert` takes them: from the folder of a training run, or from a packed bundle."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper

from edgewise.bundle import resolve
from edgewise.bundle.files import MANIFEST
from edgewise.errors import BundleNotFoundError
from edgewise_converters.errors import SourceError
from edgewise_converters.sources.bundles import open_package
from edgewise_converters.sources.model import Package, Source, SourceOptions
from edgewise_converters.sources.spec import one_model, plain_name
from edgewise_distill.student.model import Student, StudentConfig

CHECKPOINT, PART, TOKENIZER = "checkpoint.pt", "model.json", "tokenizer.json"
_AGAIN = "Run `edgewise train student` into it again."


class StudentFolder:
    """Reads the folder that `edgewise train student` leaves."""

    order = 10

    def matches(self, where: str) -> bool:
        """Whether there is a checkpoint of a student."""
        return (Path(where) / CHECKPOINT).is_file()

    def load(self, where: str, options: SourceOptions) -> Package:
        """Read the averaged weights of the last epoch.

        Raises:
            SourceError: A file is missing or broken.
        """
        folder = Path(where)
        part = _part(folder)
        tasks = part["model"]["tasks"]
        facts = part["model"]["tokenizer"]
        tokenizer = _bytes(folder, TOKENIZER)
        source = Source(
            name=options.name or "student",
            tasks=tasks,
            tokenizer=tokenizer,
            max_tokens=int(facts["max_tokens"]),
            stride=int(facts["stride"]),
            pad_id=int(facts["pad_id"]),
            module=_rebuilt(folder, _averaged(folder), tasks),
            speaks=_speaks(part.get("recipe", {}).get("languages")),
        )
        provenance = {"datasets": part.get("datasets", []), "config": part.get("recipe", {})}
        spec = one_model(
            source, plain_name(source.name), options.licence, "A student of Edgewise.", provenance
        )
        return Package(spec, {TOKENIZER: tokenizer}, (source,))


class StudentBundle:
    """Reads a bundle whose encoders are students: they are built again from the weights in their ONNX files.

    An int8 embedding stays on its grid, so nothing is lost and nothing is gained by that; it makes the forms
    possible that need a torch module.
    """

    order = 20

    def matches(self, where: str) -> bool:
        """Whether it is a bundle and one of its ONNX files has a student's weights."""
        try:
            folder = resolve(where)
            names = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["models"]
            files = [entry["file"] for model in names.values() for entry in model["artifacts"]]
            return any(_holds_student(folder / file) for file in files if file.endswith(".onnx"))
        except (BundleNotFoundError, OSError, ValueError, KeyError, TypeError):
            return False

    def load(self, where: str, options: SourceOptions) -> Package:
        """Read the bundle.

        Raises:
            BundleError: It is broken.
            SourceError: It has no encoder.
        """
        package = open_package(where)
        return replace(package, models=tuple(map(with_module, package.models)))


def with_module(source: Source) -> Source:
    """Return a source with the student that its ONNX file holds, or unchanged if it holds none."""
    if source.onnx is None:
        return source
    weights = weights_in(onnx.load_from_string(source.onnx))
    if weights is None:
        return source
    return replace(source, module=_student(weights, source.tasks))


def weights_in(model: onnx.ModelProto) -> dict[str, torch.Tensor] | None:
    """Return a student's weights from its ONNX file, int8 ones multiplied out; None if it is no student's.

    Args:
        model: As `edgewise_converters.onnx_export` makes it: weights keep their names, but those of matrix
            products over every token, which come transposed and under made-up names, in the order of use.
    """
    tables = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
    made: dict[str, NDArray[Any]] = {}
    for name, table in tables.items():
        root, _, kind = name.rpartition(".")
        if kind == "int8" and f"{root}.scale" in tables:
            whole = table.astype(np.float32) * tables[f"{root}.scale"].astype(np.float32)
            made[root] = whole.reshape(tables.get(f"{root}.shape", np.array(table.shape)))
        elif kind not in ("scale", "shape"):
            made[name] = table
    if "embed.weight" not in made or "shared.weight" not in made:
        return None
    products = [node for node in model.graph.node if node.op_type == "MatMul" and node.input[1] in made]
    wide = made["shared.weight"].shape[1] // 2 != made["embed.weight"].shape[1]
    layers = len(products) - 1 - wide
    blocks = [f"blocks.{layer}.mix.weight" for layer in range(layers)]
    names = [*(["widen.weight"] if wide else []), *blocks, "attend.weight"]
    for name, node in zip(names, products, strict=True):
        made[name] = made[node.input[1]].T
    return {name: torch.from_numpy(np.array(table, np.float32)) for name, table in made.items()}


def _holds_student(path: Path) -> bool:
    data = path.read_bytes()
    return b"embed.weight" in data and b"own.sentiment.weight" in data


def _part(folder: Path) -> dict[str, Any]:
    """Read the manifest's part that training leaves."""
    try:
        part: dict[str, Any] = json.loads(_bytes(folder, PART))
        part["model"]["tasks"], part["model"]["tokenizer"]["max_tokens"]
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(str(folder), f"{PART} is not what training writes ({error!r})", _AGAIN) from error
    return part


def _speaks(languages: Sequence[str] | None) -> Callable[[str], bool]:
    """Return whether a student was made for a language; one of no languages in particular is for all."""
    return lambda language: languages is None or language in languages


def _bytes(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError:
        raise SourceError(str(folder), f"it has no {name}: the training has not ended", _AGAIN) from None


def _averaged(folder: Path) -> dict[str, torch.Tensor]:
    try:
        found: dict[str, torch.Tensor] = torch.load(folder / CHECKPOINT, weights_only=True, mmap=True)[
            "averaged"
        ]
    except FileNotFoundError:
        raise
    except Exception as error:  # what the reader of a truncated file raises is its own affair
        raise SourceError(
            str(folder), f"{CHECKPOINT} is broken or cut off ({type(error).__name__})", _AGAIN
        ) from error
    return found


def _rebuilt(folder: Path, weights: dict[str, torch.Tensor], tasks: Mapping[str, Any]) -> Student:
    try:
        return _student(weights, tasks)
    except (KeyError, RuntimeError) as error:
        reason = f"{CHECKPOINT} does not hold the weights of a student ({str(error).partition(chr(10))[0]})"
        raise SourceError(str(folder), reason, _AGAIN) from error


def _student(weights: Mapping[str, torch.Tensor], tasks: Mapping[str, Any]) -> Student:
    """Build a student that these weights fit."""
    (vocabulary, narrow), width = weights["embed.weight"].shape, weights["attend.weight"].shape[1]
    layers = len({name.split(".")[1] for name in weights if name.startswith("blocks.")})
    labels = {task: len(facts["labels"]) for task, facts in tasks.items()}
    hidden = len(weights["shared.bias"])
    student = Student(StudentConfig(vocabulary, width, layers, hidden, labels, embedding=narrow))
    names = student.state_dict().keys()
    student.load_state_dict({name: weights[name] for name in names})
    return student.eval()
