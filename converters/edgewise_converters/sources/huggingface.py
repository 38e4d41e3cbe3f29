"""A sequence-classification checkpoint of the transformers library, from a folder or a hub."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewise.labels import TOXICITY
from edgewise_converters.errors import LabelsError, SourceError
from edgewise_converters.sources.model import Package, Source, SourceOptions
from edgewise_converters.sources.spec import one_model, plain_name
from edgewise_converters.sources.tasks import labels_of, task_of

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch import nn

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_LICENCE = re.compile(r"^license:\s*([A-Za-z0-9.+-]+)\s*$", re.MULTILINE)
_SHIFTED = {"xlm-roberta", "roberta", "camembert", "xlm-roberta-xl", "data2vec-text"}
"""Kinds whose positions are counted from behind the id of padding."""


class HuggingFaceLoader:
    """Reads config.json, the weights and the tokenizer; code that a checkpoint brings is never run."""

    order = 90

    def matches(self, where: str) -> bool:
        """Whether it is a folder with config.json, or could be a name on a hub."""
        folder = Path(where)
        if folder.exists():
            return (folder / "config.json").is_file()
        return _HUB_NAME.fullmatch(where) is not None

    def load(self, where: str, options: SourceOptions) -> Package:
        """Read a checkpoint.

        Raises:
            SourceError: It can't be had, is broken, or is no classifier.
            LabelsError: It does not name its labels.
            ExporterError: It shall be exported by optimum, which cannot be used here.
        """
        export = _optimum(where) if options.exporter == "optimum" else None
        import transformers

        try:
            config = transformers.AutoConfig.from_pretrained(where)
        except (OSError, ValueError, KeyError) as error:
            raise SourceError(where, _first_line(error), "Check the path or the name on the hub.") from error
        labels, activation = _labels(where, config, options)
        task, named = _task(labels, options)
        name = options.name or plain_name(where)
        tokenizer, longest, pad = _tokenizer(where, config, options)
        source = Source(
            name=name,
            tasks={task: _entry(task, named, activation)},
            tokenizer=tokenizer,
            max_tokens=longest,
            stride=longest // 4,
            pad_id=pad,
            module=_module(where),
            export=None if export is None else partial(export, task),
        )
        licence = options.licence or _licence(where)
        found = f"Converted from the checkpoint {where}."
        provenance = {
            "datasets": [],
            "config": {
                "checkpoint": where,
                "architectures": config.architectures or [],
                "exporter": options.exporter,
            },
        }
        return Package(
            one_model(source, plain_name(name), licence, found, provenance),
            {"tokenizer.json": tokenizer},
            (source,),
        )


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _labels(where: str, config: Any, options: SourceOptions) -> tuple[list[str], str]:
    """Return the labels and whether one or any number of them is right."""
    architectures = config.architectures or []
    if not any("ForSequenceClassification" in name for name in architectures):
        told = f"its config.json says {', '.join(architectures) or 'nothing'} of its heads"
        raise SourceError(
            where, f"it is no sequence classifier: {told}", "Name a checkpoint that was fine-tuned."
        )
    if config.problem_type == "regression" or (config.num_labels == 1 and config.problem_type is None):
        raise SourceError(where, "it predicts a number, not labels", "Only classifiers can be converted.")
    labels = labels_of(where, _told(where), options.labels, config.num_labels)
    many = config.problem_type == "multi_label_classification"
    if config.num_labels == 1 and not many:
        raise LabelsError(where, "it has a single output of which one is always right")
    return labels, "sigmoid" if many else "softmax"


def _told(where: str) -> dict[Any, str] | None:
    """Return id2label as the file has it: the library fills in names of its own where it has none."""
    from transformers.utils.hub import cached_file

    path = cached_file(where, "config.json")
    raw = json.loads(Path(str(path)).read_text(encoding="utf-8"))
    found = raw.get("id2label")
    return found if isinstance(found, dict) else None


def _task(labels: list[str], options: SourceOptions) -> tuple[str, tuple[str, ...]]:
    known = task_of(labels)
    if options.task is not None and (known is None or known[0] != options.task):
        return options.task, tuple(labels)
    return known or ("label", tuple(labels))


def _entry(task: str, labels: tuple[str, ...], activation: str) -> dict[str, Any]:
    return {
        "labels": list(labels),
        "activation": activation,
        "temperature": 1.0,
        "thresholds": {"default": {"value": 0.5}} if activation == "sigmoid" else {},
        "pooling": "max" if task == TOXICITY else "mean",
    }


def _tokenizer(where: str, config: Any, options: SourceOptions) -> tuple[bytes, int, int]:
    """Return tokenizer.json, the tokens of a window, and the id of padding."""
    import transformers

    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(where)
    except (OSError, ValueError, ImportError) as error:
        raise SourceError(where, f"its tokenizer cannot be read: {_first_line(error)}") from error
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise SourceError(
            where, "its tokenizer is not one of the `tokenizers` library", "Save a fast tokenizer."
        )
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else config.pad_token_id
    pad = pad or 0
    positions = getattr(config, "max_position_embeddings", None) or options.max_tokens
    if config.model_type in _SHIFTED:
        positions -= pad + 1
    longest = min(int(tokenizer.model_max_length), int(positions), options.max_tokens)
    return backend.to_str().encode("utf-8"), longest, int(pad)


def _module(where: str) -> nn.Module:
    import torch
    import transformers

    from edgewise_converters.sources.wrap import Logits

    try:
        model, told = transformers.AutoModelForSequenceClassification.from_pretrained(
            where, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
        )
    except Exception as error:  # a truncated file raises what its reader likes
        raise SourceError(
            where, f"its weights cannot be read: {_first_line(error)}", "Check that it was copied whole."
        ) from error
    missing = sorted(told["missing_keys"])
    if missing:
        raise SourceError(
            where,
            f"its weights lack {', '.join(missing[:3])}{' …' if len(missing) > 3 else ''}",
            "Name the folder that the fine-tuned model was saved to.",
        )
    return Logits(model).eval()


def _optimum(where: str) -> Callable[[str], ModelProto]:
    """Return what exports a checkpoint by optimum, given the name of its task."""
    from edgewise_converters.optimum_export import by_optimum, demand_optimum

    demand_optimum()
    return partial(by_optimum, where)


def _licence(where: str) -> str | None:
    """Return what the README of a local checkpoint says on top."""
    try:
        text = (Path(where) / "README.md").read_text(encoding="utf-8")[:4000]
    except (OSError, UnicodeDecodeError):
        return None
    found = _LICENCE.search(text)
    return found[1] if found else None
