"""From torch to the files of each backend and back: a student, and a checkpoint of transformers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxscript", reason="models are exported with the extra 'convert'")
pytest.importorskip("nncf", reason="weights are compressed with the extra 'convert-openvino'")

import torch
from tests.support.tiny_bundle import WORDS, tiny_tokenizer
from tests.support.tiny_classifiers import make_classifier
from tests.support.tiny_student import TASKS, tiny_student
from tests.support.training_data import WORDS as SENTENCES

from edgewise import Analyzer
from edgewise.bundle import Bundle
from edgewise.labels import LABELS
from edgewise_converters.convert import Conversion, Plan, convert
from edgewise_converters.forms.catalogue import chosen_forms
from edgewise_converters.gate.judge import open_run
from edgewise_converters.limits import Limits
from edgewise_converters.sources.find import load_source
from edgewise_converters.sources.model import Package, Source, SourceOptions
from edgewise_converters.sources.spec import one_model
from edgewise_converters.texts import DevText
from edgewise_converters.write import write_bundle
from edgewise_distill.student.source import with_module

VOCABULARY = 1001
"""The least that is stored as int8 rows."""

LONGEST = 10
"""Tokens: every length up to this is run in several batches, and OpenVINO compiles for each of them."""

UNTRAINED = Limits(agreement=0.9)
"""Random weights have no margins: many answers are a hair from the next."""


def student_source() -> Source:
    student = tiny_student(vocabulary=VOCABULARY, width=64, layers=1, embedding=32)
    with torch.no_grad():
        student.embed.weight *= 8.0
    tasks = {
        task: {"labels": list(LABELS[task]), "activation": "sigmoid" if task == "toxicity" else "softmax"}
        for task in TASKS
    }
    return Source("student", tasks, tiny_tokenizer(), LONGEST, 2, 0, student)


def texts() -> list[DevText]:
    rng = np.random.default_rng(3)
    words = list(WORDS)
    return [DevText(" ".join(rng.choice(words, rng.integers(1, 12))), "en") for _ in range(140)]


@pytest.fixture(scope="module")
def student() -> Conversion:
    source = student_source()
    spec = one_model(source, "student", "Apache-2.0", "A student.", {"datasets": []})
    package = Package(spec, {"tokenizer.json": source.tokenizer}, (source,))
    forms = [*chosen_forms(["onnx"], ["fp32", "int8"]), *chosen_forms(["openvino"], ["int8"])]
    return convert(package, Plan(tuple(forms), UNTRAINED), texts())


def test_every_form_of_a_student_passes_its_gate(student: Conversion, tmp_path: Path) -> None:
    assert not student.refused
    assert len(student.made) == 3
    for artifact in student.made:
        parity = artifact.parity
        assert parity["reference"] == "torch fp32" and parity["texts"] >= 100
        assert parity["neighbours"]["max_difference"] < 1e-3
        assert all(task["max"] < 0.05 for task in parity["difference"].values())
    (exact,) = (a.parity["difference"]["emotion"]["max"] for a in student.made if a.form.precision == "fp32")
    assert exact < 1e-5
    bundle = Bundle.open(write_bundle(student, tmp_path / "out"))
    bundle.verify()
    with Analyzer(bundle.folder, backend="openvino") as analyzer:
        assert analyzer.analyze("what a great day").sentiment is not None


def test_int8_weights_are_multiplied_in_full_precision_by_both_readers_of_onnx(student: Conversion) -> None:
    """OpenVINO would round activations to int8 where weights are."""
    made = next(a for a in student.made if a.form.name == "onnxruntime int8-weights")
    source = student_source()
    ids = np.random.default_rng(2).integers(1, VOCABULARY, (4, 9)).astype(np.int32)
    feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    wanted, found = (
        open_run(source, backend, "int8-weights", made.made)(feeds) for backend in ("onnxruntime", "openvino")
    )
    for task in TASKS:
        np.testing.assert_allclose(found[task], wanted[task], atol=1e-4)


def test_no_path_of_this_machine_is_in_a_file(student: Conversion) -> None:
    home = str(Path(__file__).parents[2]).encode()
    for artifact in student.made:
        assert home not in artifact.made.data, artifact.form.name


def test_a_student_is_built_again_from_its_int8_file(student: Conversion) -> None:
    made = next(a for a in student.made if a.form.name == "onnxruntime int8-weights")
    source = student_source()
    rebuilt = with_module(
        Source("student", source.tasks, source.tokenizer, onnx=made.made.data, precision="int8-weights")
    )
    assert rebuilt.module is not None
    run = open_run(source, "onnxruntime", "int8-weights", made.made)
    ids = np.random.default_rng(1).integers(1, VOCABULARY, (3, 11)).astype(np.int32)
    feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    with torch.no_grad():
        found = rebuilt.module(*(torch.from_numpy(feeds[name]) for name in ("input_ids", "attention_mask")))
    for task, values in zip(TASKS, found, strict=True):
        np.testing.assert_allclose(values.numpy(), run(feeds)[task], atol=1e-4)


def test_a_checkpoint_of_transformers_becomes_a_bundle(tmp_path: Path) -> None:
    folder = make_classifier(tmp_path / "roberta", "roberta", ["negative", "neutral", "positive"])
    package = load_source(str(folder), SourceOptions(max_tokens=LONGEST))
    words = " ".join(SENTENCES.values()).split()
    rng = np.random.default_rng(5)
    dev = [DevText(" ".join(rng.choice(words, rng.integers(1, 20))), "en") for _ in range(60)]
    forms = chosen_forms(["onnx", "openvino"], ["fp32"])
    done = convert(package, Plan(tuple(forms)), dev)
    assert not done.refused
    out = write_bundle(done, tmp_path / "out")
    source = package.models[0]
    assert source.module is not None
    with Analyzer(out) as analyzer:
        assert analyzer.analyze("the house").sentiment is not None
        assert analyzer.analyze("the house").toxicity is None


@pytest.mark.slow
def test_a_student_becomes_tflite_with_int8_tables() -> None:
    pytest.importorskip("litert_torch", reason="TFLite files are made with the extra 'convert-tflite'")
    source = student_source()
    spec = one_model(source, "student", "Apache-2.0", "A student.", {"datasets": []})
    package = Package(spec, {"tokenizer.json": source.tokenizer}, (source,))
    forms = chosen_forms(["tflite"], ["int8"])
    done = convert(package, Plan(tuple(forms), UNTRAINED, buckets=(LONGEST,)), texts())
    assert not done.refused
    (artifact,) = done.made
    assert artifact.parity["neighbours"]["max_difference"] < 1e-3
    assert artifact.parity["difference"]["sentiment"]["max"] < 0.05
