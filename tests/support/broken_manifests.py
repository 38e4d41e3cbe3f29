"""Manifests that must be refused: what is done to a good one, which error follows, and who can see it.

`edit` changes the parsed tiny manifest in place. `in_schema` tells whether a JSON schema can say the rule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edgewise import errors


@dataclass(frozen=True)
class Broken:
    """One way to break a manifest."""

    name: str
    edit: Callable[[dict[str, Any]], Any]
    error: type[errors.BundleError]
    in_schema: bool = True


def _put(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Return an edit that sets the value at a dotted path."""

    def edit(manifest: dict[str, Any]) -> None:
        at: Any = manifest
        *way, last = [int(part) if part.isdecimal() else part for part in path.split("/")]
        for part in way:
            at = at[part]
        at[last] = value

    return edit


def _drop(path: str) -> Callable[[dict[str, Any]], None]:
    """Return an edit that removes what is at a dotted path."""

    def edit(manifest: dict[str, Any]) -> None:
        at: Any = manifest
        *way, last = path.split("/")
        for part in way:
            at = at[part]
        del at[last]

    return edit


_E = "models/encoder"
_TASK = f"{_E}/tasks/sentiment"
_FILE = f"{_E}/artifacts/0/file"

_FIELDS = {
    "format_version absent": _drop("format_version"),
    "format_version null": _put("format_version", None),
    "name absent": _drop("name"),
    "name with a slash": _put("name", "a/b"),
    "name empty": _put("name", ""),
    "name a number": _put("name", 7),
    "version no semantic version": _put("version", "1.0"),
    "version with a leading zero": _put("version", "1.02.0"),
    "version a number": _put("version", 1.0),
    "min_sdk_version no semantic version": _put("min_sdk_version", "soon"),
    "licence absent": _drop("licence"),
    "licence empty": _put("licence", ""),
    "created no day": _put("created", "yesterday"),
    "description a list": _put("description", []),
    "routes absent": _drop("routes"),
    "routes a list": _put("routes", []),
    "routes without default": _drop("routes/default"),
    "route to a number": _put("routes/default", 1),
    "route of no language": _put("routes/by_language", {"English!": "encoder"}),
    "by_language null": _put("routes/by_language", None),
    "models absent": _drop("models"),
    "models empty": _put("models", {}),
    "models a list": _put("models", []),
    "model null": _put(_E, None),
    "model name with a space": _put("models/a b", {}),
    "kind unknown": _put(f"{_E}/kind", "oracle"),
    "encoder without tokenizer": _drop(f"{_E}/tokenizer"),
    "encoder with null tokenizer": _put(f"{_E}/tokenizer", None),
    "tokenizer without file": _drop(f"{_E}/tokenizer/file"),
    "max_tokens zero": _put(f"{_E}/tokenizer/max_tokens", 0),
    "max_tokens a fraction": _put(f"{_E}/tokenizer/max_tokens", 1.5),
    "max_tokens true": _put(f"{_E}/tokenizer/max_tokens", True),
    "stride negative": _put(f"{_E}/tokenizer/stride", -1),
    "pad_id text": _put(f"{_E}/tokenizer/pad_id", "0"),
    "pad_id too large": _put(f"{_E}/tokenizer/pad_id", 2**31),
    "tasks empty": _put(f"{_E}/tasks", {}),
    "task unknown": _put(f"{_E}/tasks/irony", {"labels": ["yes"], "activation": "softmax"}),
    "task a list": _put(_TASK, []),
    "label empty": _put(f"{_TASK}/labels", ["good", ""]),
    "label a number": _put(f"{_TASK}/labels", ["good", 1]),
    "labels an object": _put(f"{_TASK}/labels", {"good": 0}),
    "toxicity without its main label": _put(
        f"{_E}/tasks/toxicity", {"labels": ["insult"], "activation": "sigmoid"}
    ),
    "activation absent": _drop(f"{_TASK}/activation"),
    "activation unknown": _put(f"{_TASK}/activation", "tanh"),
    "temperature zero": _put(f"{_TASK}/temperature", 0),
    "temperature negative": _put(f"{_TASK}/temperature", -1.0),
    "temperature null": _put(f"{_TASK}/temperature", None),
    "temperature of a language text": _put(f"{_TASK}/temperature_by_language", {"de": "warm"}),
    "threshold above one": _put(f"{_TASK}/thresholds", {"default": {"value": 1.5}}),
    "threshold a bare number": _put(f"{_TASK}/thresholds", {"default": 0.5}),
    "threshold without value": _put(f"{_TASK}/thresholds", {"default": {}}),
    "threshold of a language negative": _put(
        f"{_TASK}/thresholds", {"default": {"value": 0.5, "by_language": {"de": {"value": -0.1}}}}
    ),
    "precision above one": _put(f"{_TASK}/thresholds", {"default": {"value": 0.5, "precision": 80}}),
    "pooling unknown": _put(f"{_TASK}/pooling", "median"),
    "unsure_margin above one": _put(f"{_TASK}/unsure_margin", 2),
    "config a list": _put(f"{_E}/config", []),
    "beside a name": _put(f"{_E}/beside", "ngrams"),
    "beside without model": _put(f"{_E}/beside", {"share": {}}),
    "beside without share": _put(f"{_E}/beside", {"model": "encoder"}),
    "share above one": _put(f"{_E}/beside", {"model": "encoder", "share": {"sentiment": 1.2}}),
    "share of an unknown task": _put(f"{_E}/beside", {"model": "encoder", "share": {"irony": 0.5}}),
    "artifacts absent": _drop(f"{_E}/artifacts"),
    "artifacts empty": _put(f"{_E}/artifacts", []),
    "artifact without backend": lambda manifest: manifest["models"]["encoder"]["artifacts"][0].pop("backend"),
    "artifact of no backend name": _put(f"{_E}/artifacts/0/backend", "ONNX Runtime"),
    "weights that are a name": _put(f"{_E}/artifacts/0/weights", "tiny.bin"),
    "weights without sha256": _put(f"{_E}/artifacts/0/weights", {"file": "tiny.bin", "size": 3}),
    "size zero": _put(f"{_E}/artifacts/0/size", 0),
    "size negative": _put(f"{_E}/artifacts/0/size", -5),
    "sha256 too short": _put(f"{_E}/artifacts/0/sha256", "abc"),
    "sha256 in capitals": _put(f"{_E}/artifacts/0/sha256", "A" * 64),
    "golden a text": _put(f"{_E}/golden", "great"),
    "golden without text": _put(f"{_E}/golden", [{"expected": {}}]),
    "golden without expected": _put(f"{_E}/golden", [{"text": "great"}]),
    "golden of an unknown task": _put(f"{_E}/golden", [{"text": "", "expected": {"irony": "yes"}}]),
    "golden above one": _put(f"{_E}/golden", [{"text": "", "expected": {"sentiment": {"positive": 2}}}]),
    "metrics an object": _put("metrics", {}),
    "metric without data set": _put("metrics", [{"task": "sentiment", "split": "test"}]),
    "provenance a list": _put("provenance", []),
    "data set without licence": _put("provenance", {"datasets": [{"name": "x"}]}),
    "signature a text": _put("signature", "trust me"),
}

_NAMES = {
    "absolute": "/etc/passwd",
    "parent": "../tiny.onnx",
    "parent inside": "a/../../tiny.onnx",
    "backslash": "a\\tiny.onnx",
    "parent by backslash": "..\\tiny.onnx",
    "drive letter": "C:/tiny.onnx",
    "drive letter alone": "C:tiny.onnx",
    "share": "//server/share",
    "stream": "tiny.onnx:hidden",
    "here": "./tiny.onnx",
    "hidden": ".tiny.onnx",
    "empty part": "a//tiny.onnx",
    "slash at the end": "a/",
    "trailing dot": "tiny.",
    "space": "tiny .onnx",
    "NUL": "tiny.onnx\0",
    "line break": "tiny.onnx\n",
    "lone surrogate": "tiny\udcff.onnx",
    "home": "~/tiny.onnx",
    "letters of another script": "tіny.onnx",
    "too long": "a" * 201,
    "the manifest itself": "manifest.json",
    "the manifest in capitals": "Manifest.JSON",
}

BROKEN: tuple[Broken, ...] = (
    *(Broken(name, edit, errors.ManifestError) for name, edit in _FIELDS.items()),
    *(
        Broken(f"file name: {name}", _put(_FILE, file), errors.PathEscapeError)
        for name, file in _NAMES.items()
    ),
    *(
        Broken(f"file name: {file}", _put(_FILE, file), errors.PathEscapeError, in_schema=False)
        for file in ("NUL", "con.onnx", "a/COM1.bin", "aux/tiny.onnx")
    ),
    Broken("format version of the future", _put("format_version", 2), errors.FormatVersionError),
    Broken("format version zero", _put("format_version", 0), errors.FormatVersionError),
    Broken("format version a text", _put("format_version", "1"), errors.FormatVersionError),
    Broken("format version true", _put("format_version", True), errors.FormatVersionError),
    Broken("newer SDK", _put("min_sdk_version", "99.0.0"), errors.SdkVersionError, in_schema=False),
    Broken("labels absent", _drop(f"{_TASK}/labels"), errors.MissingLabelsError),
    Broken("labels null", _put(f"{_TASK}/labels", None), errors.MissingLabelsError),
    Broken("labels empty", _put(f"{_TASK}/labels", []), errors.MissingLabelsError),
    Broken("labels twice", _put(f"{_TASK}/labels", ["a", "b", "a"]), errors.DuplicateLabelsError),
    Broken(
        "default route astray", _put("routes/default", "nobody"), errors.UnknownRouteError, in_schema=False
    ),
    Broken(
        "language route astray", _put("routes/language", "nobody"), errors.UnknownRouteError, in_schema=False
    ),
    Broken(
        "route astray",
        _put("routes/by_language", {"de": "nobody"}),
        errors.UnknownRouteError,
        in_schema=False,
    ),
    Broken(
        "beside astray",
        _put(f"{_E}/beside", {"model": "nobody", "share": {}}),
        errors.UnknownRouteError,
        in_schema=False,
    ),
    Broken(
        "beside an encoder",
        _put(f"{_E}/beside", {"model": "encoder", "share": {}}),
        errors.ManifestError,
        in_schema=False,
    ),
    Broken(
        "language route to an encoder",
        _put("routes/language", "encoder"),
        errors.ManifestError,
        in_schema=False,
    ),
    Broken(
        "threshold of no label",
        _put(f"{_TASK}/thresholds", {"irony": {"value": 0.5}}),
        errors.ManifestError,
        in_schema=False,
    ),
    Broken(
        "stride not below max_tokens",
        _put(f"{_E}/tokenizer/stride", 16),
        errors.ManifestError,
        in_schema=False,
    ),
    Broken("names that differ in case", _put(_FILE, "Tokenizer.json"), errors.ManifestError, in_schema=False),
)
