"""`edgewise convert`, run on a bundle whose answers are known; nothing here is exported from torch."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner, Result
from onnx import helper
from tests.support.tiny_bundle import WORDS, make_tiny_bundle, tiny_encoder, tiny_files, tiny_spec

from edgewise import Analyzer
from edgewise.bundle import Bundle
from edgewise.cli import main
from edgewise_converters.pack import pack

Convert = Callable[..., Result]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Texts of random words in two languages; the label is that of the word with most to say."""
    rng = np.random.default_rng(3)
    lines = ["text,lang,sentiment"]
    for row in range(400):
        words = rng.choice(list(WORDS), rng.integers(2, 8))
        points = {word: WORDS[word].get("positive", 0) - WORDS[word].get("negative", 0) for word in words}
        total = sum(points.values())
        label = "neutral" if abs(total) < 4 else "positive" if total > 0 else "negative"
        lines.append(f"{' '.join(words)},{'en' if row % 2 else 'de'},{label}")
    path = tmp_path_factory.mktemp("dev") / "dev.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def convert() -> Convert:
    def run(*arguments: object) -> Result:
        return CliRunner().invoke(main, ["convert", *map(str, arguments)])

    return run


def with_model(folder: Path, data: bytes) -> Path:
    return pack(folder, tiny_spec(), {**tiny_files(), "tiny.onnx": data})


def test_a_bundle_gets_openvino_files_that_answer_alike(
    convert: Convert, tiny: Path, dev: Path, tmp_path: Path
) -> None:
    pytest.importorskip("openvino")
    result = convert(
        tiny, "--to", "onnx,openvino", "--precision", "fp32,fp16", "--dev", dev, "--out", tmp_path / "out"
    )
    assert result.exit_code == 0, result.output
    assert str(tmp_path / "out") in result.stdout
    (_, *made) = json.loads((tmp_path / "out" / "manifest.json").read_text())["models"]["encoder"][
        "artifacts"
    ]
    for artifact in made:
        parity = artifact["parity"]
        assert parity["agreement"]["sentiment"].keys() == {"de", "en"}
        assert parity["metric"]["sentiment"]["all"]["before"] > 0.5
        assert parity["neighbours"]["max_difference"] < 1e-3
    with Analyzer(tmp_path / "out", backend="openvino") as ours, Analyzer(tiny) as theirs:
        for text in ("you are a great legend", "idiot", "schlecht"):
            wanted, found = (analyzer.analyze(text).sentiment for analyzer in (theirs, ours))
            assert wanted is not None and found is not None and found.label == wanted.label
            assert found.scores == pytest.approx(wanted.scores, abs=2e-3)
    Bundle.open(tmp_path / "out").verify()


def test_static_int8_is_calibrated_with_texts_that_do_not_judge(
    convert: Convert, tiny: Path, dev: Path, tmp_path: Path
) -> None:
    result = convert(
        tiny, "--precision", "int8-static", "--dev", dev, "--out", tmp_path / "out", "--texts", 300
    )
    assert result.exit_code in (0, 1)
    assert "agreement" in result.stderr if result.exit_code else "passed" in result.stderr


def test_a_form_that_loses_something_needs_texts(convert: Convert, tiny: Path, tmp_path: Path) -> None:
    result = convert(tiny, "--precision", "int8", "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "--dev FILE" in result.stderr
    assert not list(tmp_path.iterdir())


def test_tflite_needs_more_than_an_onnx_file(convert: Convert, tiny: Path, dev: Path, tmp_path: Path) -> None:
    pytest.importorskip("litert_torch")
    result = convert(tiny, "--to", "tflite", "--precision", "fp32", "--dev", dev, "--out", tmp_path / "out")
    assert result.exit_code == 1 and "torch module" in result.stderr
    assert not (tmp_path / "out").exists()


def test_an_out_folder_that_is_there_is_left(convert: Convert, tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    result = convert(tiny, "--out", tmp_path)
    assert result.exit_code == 2 and "exists already" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--precision", "int8-dynamic"], "--allow-batch-dependent"),
        (["--precision", "int3"], "int3"),
        (["--to", "coreml"], "coreml"),
        (["--buckets", "16,x"], "lengths like"),
    ],
)
def test_a_wrong_option_is_named(
    convert: Convert, tiny: Path, tmp_path: Path, arguments: list[str], told: str
) -> None:
    result = convert(tiny, "--out", tmp_path / "out", *arguments)
    assert result.exit_code == 2 and told in result.stderr
    assert not (tmp_path / "out").exists()


def test_wrong_input_names_are_told_with_the_right_ones(convert: Convert, dev: Path, tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    model = onnx.load_from_string(tiny_encoder())
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            if name == "input_ids":
                node.input[place] = "word_ids"
    model.graph.input[0].name = "word_ids"
    folder = with_model(tmp_path / "odd", model.SerializeToString())
    result = convert(
        folder, "--to", "openvino", "--precision", "fp32", "--dev", dev, "--out", tmp_path / "out"
    )
    assert result.exit_code == 2
    assert "'word_ids'" in result.stderr and "'input_ids'" in result.stderr


def test_an_operator_that_openvino_does_not_have_is_named(convert: Convert, tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    model = onnx.load_from_string(tiny_encoder())
    last = next(node for node in model.graph.node if node.output[0] == "sentiment")
    last.output[0] = "before"
    model.graph.node.append(helper.make_node("Gelu", ["before"], ["sentiment"], domain="com.microsoft"))
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    model.graph.node[-1].op_type = "BiasSplitGelu"
    folder = with_model(tmp_path / "odd", model.SerializeToString())
    result = convert(folder, "--to", "openvino", "--precision", "fp32", "--out", tmp_path / "out")
    assert result.exit_code in (1, 2)
    assert "BiasSplitGelu" in result.stderr
    assert not (tmp_path / "out").exists()


def test_help_says_what_it_takes(convert: Convert) -> None:
    result = convert("--help")
    assert result.exit_code == 0 and "--allow-batch-dependent" in result.output
