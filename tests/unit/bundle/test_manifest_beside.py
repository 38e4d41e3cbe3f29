"""A second model beside an encoder: what the manifest may say of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.support.tiny_bundle import tiny_spec
from tests.support.tiny_ngrams import HEADS_FILE, ngrams_model, tiny_heads

from edgewise.bundle import parse_manifest
from edgewise.bundle.manifest import Beside
from edgewise.errors import ManifestError

_FILE = {"size": 1, "sha256": "0" * 64}


def manifest(edit: Callable[[dict[str, Any]], object]) -> bytes:
    spec = tiny_spec()
    encoder = spec["models"]["encoder"]
    encoder["tokenizer"] |= _FILE
    encoder["artifacts"][0] |= _FILE
    heads = ngrams_model(json.loads(json.dumps(encoder["tasks"])), tiny_heads()[1])
    heads["artifacts"][0] |= _FILE
    assert heads["artifacts"][0]["file"] == HEADS_FILE
    spec["models"]["ngrams"] = heads
    encoder["beside"] = {"model": "ngrams", "share": {"sentiment": 0.25, "toxicity": 0}}
    edit(spec)
    return json.dumps(spec).encode()


def test_it_is_read() -> None:
    models = parse_manifest(manifest(lambda _: None)).models
    assert models["encoder"].beside == Beside("ngrams", {"sentiment": 0.25, "toxicity": 0.0})
    assert models["ngrams"].beside is None


def test_null_is_nothing() -> None:
    null = manifest(lambda spec: spec["models"]["encoder"].update(beside=None))
    assert parse_manifest(null).models["encoder"].beside is None


REFUSED: dict[str, Callable[[dict[str, Any]], object]] = {
    "heads beside heads": lambda spec: spec["models"]["ngrams"].update(
        beside={"model": "ngrams", "share": {}}
    ),
    "a task that the heads lack": lambda spec: spec["models"]["ngrams"]["tasks"].pop("sentiment"),
    "a task that the encoder lacks": lambda spec: spec["models"]["encoder"]["tasks"].pop("sentiment"),
    "labels in another order": lambda spec: spec["models"]["ngrams"]["tasks"]["sentiment"][
        "labels"
    ].reverse(),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_mixed_is_refused(name: str) -> None:
    with pytest.raises(ManifestError, match="beside"):
        parse_manifest(manifest(REFUSED[name]))
