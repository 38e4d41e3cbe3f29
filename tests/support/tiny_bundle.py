"""A bundle so small that its answers can be worked out by hand, with a real tokenizer and ONNX encoder.

Every word of `WORDS` adds its points to some labels; the logits of a text are the mean of its words' points
plus the label's bias. So "great" is positive, "idiot" is toxic and an insult, unknown words pull to the bias.

    folder = make_tiny_bundle(tmp_path / "tiny")
    bundle = Bundle.open(folder)
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edgewise.bundle import Bundle, bundled
from edgewise.labels import LABELS
from edgewise_converters.pack import pack

MODEL_FILE = "tiny.onnx"
TOKENIZER_FILE = "tokenizer.json"
LANGUAGE_FILE = "language.bin"
MAX_TOKENS = 16
STRIDE = 4
PAD_ID = 0

BIAS = {"neutral": 1.0, "toxicity": -3.0, **dict.fromkeys(LABELS["toxicity"][1:], -4.0)}
"""What a label starts from; 0 where it is not listed. "neutral" counts for sentiment and emotion."""

WORDS: dict[str, dict[str, float]] = {
    "good": {"positive": 6, "joy": 4},
    "great": {"positive": 8, "joy": 6},
    "love": {"positive": 7, "love": 8},
    "happy": {"positive": 6, "joy": 8},
    "legend": {"positive": 6, "joy": 5},
    "gut": {"positive": 6, "joy": 4},
    "bad": {"negative": 6, "sadness": 4},
    "awful": {"negative": 8, "disgust": 6},
    "schlecht": {"negative": 6, "sadness": 4},
    "sad": {"negative": 6, "sadness": 8},
    "scared": {"negative": 5, "fear": 8},
    "gross": {"negative": 5, "disgust": 8},
    "wow": {"positive": 2, "surprise": 8},
    "hate": {"negative": 7, "anger": 8, "toxicity": 4},
    "idiot": {"negative": 6, "anger": 6, "toxicity": 12, "insult": 12},
    "damn": {"negative": 3, "anger": 5, "toxicity": 6, "profanity": 12},
    "kill": {"negative": 6, "anger": 7, "toxicity": 12, "threat": 12, "severe_toxicity": 8},
    **{word: {} for word in ("the", "a", "an", "you", "are", "this", "is", "and", "day", "it", "my", "made")},
    **{word: {} for word in ("in", "to", "of", "what", "not", "so")},
}


def make_tiny_bundle(
    folder: Path,
    edit: Callable[[dict[str, Any]], None] | None = None,
    models: Mapping[str, bytes] | None = None,
) -> Path:
    """Pack the tiny bundle.

    Args:
        folder: Where to.
        edit: Changes the manifest before it is packed.
        models: The encoder's files in place of the ONNX one; `edit` names them in the manifest.

    Returns:
        The folder.
    """
    spec, files = tiny_spec(), tiny_files()
    if models is not None:
        files = {TOKENIZER_FILE: files[TOKENIZER_FILE], **models}
    _add_language_model(spec, files)
    if edit is not None:
        edit(spec)
    return pack(folder, spec, files)


def tiny_files() -> dict[str, bytes]:
    """The bytes of the tokenizer and of the encoder."""
    return {TOKENIZER_FILE: tiny_tokenizer(), MODEL_FILE: tiny_encoder()}


def tiny_spec() -> dict[str, Any]:
    """The manifest without sizes and hashes, and without a language model."""
    sigmoid = {"default": {"value": 0.5}, "insult": {"value": 0.6, "precision": 0.8, "recall": 0.7}}
    return {
        "format_version": 1,
        "name": "tiny",
        "version": "0.1.0",
        "min_sdk_version": "0.1.0",
        "licence": "Apache-2.0",
        "created": "2026-11-23",
        "description": "A bundle for tests: its answers can be worked out by hand.",
        "routes": {"language": None, "default": "encoder", "by_language": {}},
        "models": {
            "encoder": {
                "kind": "encoder",
                "tokenizer": {
                    "file": TOKENIZER_FILE,
                    "max_tokens": MAX_TOKENS,
                    "stride": STRIDE,
                    "pad_id": PAD_ID,
                },
                "tasks": {
                    "sentiment": _task("sentiment", "softmax", {"default": {"value": 0.4}}, "mean"),
                    "toxicity": _task("toxicity", "sigmoid", sigmoid, "max"),
                    "emotion": _task("emotion", "softmax", {"default": {"value": 0.4}}, "mean"),
                },
                "config": {},
                "artifacts": [{"backend": "onnxruntime", "precision": "fp32", "file": MODEL_FILE}],
                "golden": [
                    {"text": "great", "expected": {"sentiment": "positive", "emotion": "joy"}},
                    {"text": "idiot", "expected": {"toxicity": "toxic", "sentiment": "negative"}},
                ],
            }
        },
        "metrics": [{"task": "sentiment", "dataset": "none", "split": "test", "language": "en", "rows": 0}],
        "provenance": {"datasets": [], "config": {}, "seed": 0, "commit": ""},
        "signature": None,
    }


def _task(task: str, activation: str, thresholds: dict[str, Any], pooling: str) -> dict[str, Any]:
    return {
        "labels": list(LABELS[task]),
        "activation": activation,
        "temperature": 1.0,
        "thresholds": copy.deepcopy(thresholds),
        "pooling": pooling,
    }


def _add_language_model(spec: dict[str, Any], files: dict[str, bytes]) -> None:
    """Borrow the language model of a bundle inside the package, where there is one."""
    for folder in bundled().values():
        bundle = Bundle.open(folder)
        name = bundle.manifest.routes.language
        if name is not None:
            model = copy.deepcopy(bundle.manifest.raw["models"][name])
            artifact = bundle.manifest.models[name].artifacts[0]
            model["artifacts"] = [{**model["artifacts"][0], "file": LANGUAGE_FILE}]
            spec["models"]["language"] = model
            spec["routes"]["language"] = "language"
            files[LANGUAGE_FILE] = bundle.read(artifact.file)
            return


def tiny_tokenizer() -> bytes:
    """A word-level tokenizer: lower case, split at white space and punctuation, no special tokens."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.normalizers import Lowercase
    from tokenizers.pre_tokenizers import Whitespace

    vocabulary = {"[PAD]": PAD_ID, "[UNK]": 1, **{word: index + 2 for index, word in enumerate(WORDS)}}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = Lowercase()
    tokenizer.pre_tokenizer = Whitespace()
    return str(tokenizer.to_str()).encode("utf-8")


def tiny_encoder() -> bytes:
    """An ONNX model: masked mean of an embedding of the tokens, then a head of logits for every task."""
    import numpy as np
    from onnx import TensorProto, checker, helper, numpy_helper

    columns = [(task, label) for task, labels in LABELS.items() for label in labels]
    points = np.zeros((len(WORDS) + 2, len(columns)), dtype=np.float32)
    for row, scores in enumerate(WORDS.values(), start=2):
        points[row] = [scores.get(label, 0.0) for _, label in columns]
    constants = {
        "embedding": points,
        "one": np.ones(1, dtype=np.float32),
        "last_axis": np.array([2], dtype=np.int64),
        "token_axis": np.array([1], dtype=np.int64),
    }
    nodes = [
        helper.make_node("Gather", ["embedding", "input_ids"], ["tokens"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last_axis"], ["mask3"]),
        helper.make_node("Mul", ["tokens", "mask3"], ["masked"]),
        helper.make_node("ReduceSum", ["masked", "token_axis"], ["sum"], keepdims=0),
        helper.make_node("ReduceSum", ["mask", "token_axis"], ["count"], keepdims=1),
        helper.make_node("Max", ["count", "one"], ["least_one"]),
        helper.make_node("Div", ["sum", "least_one"], ["mean"]),
    ]
    for task, labels in LABELS.items():
        mine = [index for index, (owner, _) in enumerate(columns) if owner == task]
        constants[f"{task}_weight"] = np.eye(len(columns), dtype=np.float32)[:, mine]
        constants[f"{task}_bias"] = np.array([BIAS.get(label, 0.0) for label in labels], dtype=np.float32)
        nodes.append(helper.make_node("Gemm", ["mean", f"{task}_weight", f"{task}_bias"], [task]))
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info(name, TensorProto.INT32, ["batch", "length"])
            for name in ("input_ids", "attention_mask")
        ],
        [
            helper.make_tensor_value_info(task, TensorProto.FLOAT, ["batch", len(labels)])
            for task, labels in LABELS.items()
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString()
    return data
