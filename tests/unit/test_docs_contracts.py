"""The pages of the contracts: their examples run, and they leave no field or label out."""

import json
import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

import edgewise.bundle
from edgewise import errors
from edgewise.labels import LABELS
from edgewise.results import Analysis, Prediction, Span
from edgewise_runtimes import Artifact, BackendLoadError, BackendRunError, Runtime, SessionOptions

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = json.loads(Path(edgewise.bundle.__file__).with_name("schema.json").read_text(encoding="utf-8"))


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page(name), re.DOTALL)


def properties(schema: object) -> set[str]:
    if isinstance(schema, list):
        return set().union(*map(properties, schema))
    if not isinstance(schema, dict):
        return set()
    return set(schema.get("properties", {})).union(*map(properties, schema.values()))


def test_the_bundle_page_names_every_field_of_the_schema() -> None:
    assert len(properties(SCHEMA)) > 35
    assert {name for name in properties(SCHEMA) if f"`{name}`" not in page("bundle.md")} == set()


def test_the_bundle_page_names_every_refusal() -> None:
    refusals = {name for name in errors.__all__ if issubclass(getattr(errors, name), errors.BundleError)} - {
        "SignatureError"
    }
    assert {name for name in refusals if f"`{name}`" not in page("bundle.md")} == set()


def test_the_bundle_example_runs(tiny_bundle: Path) -> None:
    (example,) = blocks("bundle.md", "python")
    exec(example.replace("path/to/bundle", str(tiny_bundle)), {})


def test_the_results_example_prints_what_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = blocks("results.md", "python")
    exec(example, {})
    assert capsys.readouterr().out == blocks("results.md", "text")[0]


def test_the_results_page_names_every_field_and_label() -> None:
    names = {field.name for kind in (Analysis, Prediction, Span) for field in fields(kind)}
    labels = {label for task in LABELS.values() for label in task}
    assert {name for name in names | labels if f"`{name}`" not in page("results.md")} == set()


def test_the_backend_of_the_runtime_page_keeps_the_contract() -> None:
    example = blocks("runtime.md", "python")[0]
    names: dict = {}
    exec(example, names)
    backend = names["Abacus"]()
    assert isinstance(backend, Runtime)
    assert backend.probe().ok
    with pytest.raises(BackendLoadError):
        backend.load(Artifact("a", "abacus", "fp32", b"odd"), SessionOptions())
    points = np.array([[0, 0, 0], [1, 2, 3]], dtype="<f4")
    session = backend.load(Artifact("a", "abacus", "fp32", points.tobytes()), SessionOptions())
    ids = np.array([[1, 1, 0]], dtype=np.int32)
    out = session.run({"input_ids": ids, "attention_mask": np.ones_like(ids)})
    np.testing.assert_array_equal(out["sentiment"], [[2, 4, 6]])
    with pytest.raises(BackendRunError):
        session.run({})
    session.close()
    with pytest.raises(BackendRunError, match="closed"):
        session.run({"input_ids": ids, "attention_mask": ids})


def test_the_choice_of_the_runtime_page_is_that_of_a_plain_bundle(capsys: pytest.CaptureFixture[str]) -> None:
    _, example = blocks("runtime.md", "python")
    exec(example, {})
    assert capsys.readouterr().out.splitlines() == re.findall(r"# (.*)", example)
