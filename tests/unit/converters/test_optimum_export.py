"""The export by `optimum`: the real thing where it is installed, what is made of its files everywhere."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper
from tests.support.tiny_bundle import make_tiny_bundle
from tests.support.tiny_classifiers import make_classifier
from tests.support.training_data import WORDS

from edgewise import Analyzer
from edgewise.bundle import Bundle
from edgewise.cli import main
from edgewise_converters import optimum_export
from edgewise_converters.errors import ExporterError, InputNamesError, SourceError
from edgewise_converters.optimum_export import with_our_names
from edgewise_converters.sources.find import load_source
from edgewise_converters.sources.model import SourceOptions


def installed() -> bool:
    """Whether optimum is here with its exporter; other packages are called `optimum`, too."""
    try:
        return importlib.util.find_spec("optimum.exporters.onnx") is not None
    except ImportError:
        return False


MOODS = ("negative", "neutral", "positive")
BY_OPTIMUM = SourceOptions(exporter="optimum")
with_optimum = pytest.mark.skipif(
    not installed(),
    reason="optimum needs transformers below 4.58: the extra 'optimum', in its own environment",
)


@with_optimum
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["bert", "distilbert"])
def test_a_checkpoint_exported_by_optimum_passes_the_gate(tmp_path: Path, kind: str) -> None:
    folder = make_classifier(tmp_path / kind, kind, MOODS)
    rng = np.random.default_rng(5)
    words = " ".join(WORDS.values()).split()
    lines = ["text,lang", *(f"{' '.join(rng.choice(words, rng.integers(1, 20)))},en" for _ in range(200))]
    (tmp_path / "dev.csv").write_text("\n".join(lines), encoding="utf-8")
    options = ["--precision", "fp32", "--exporter", "optimum", "--dev", tmp_path / "dev.csv"]
    done = CliRunner().invoke(main, ["convert", *map(str, [folder, *options, "--out", tmp_path / "out"])])
    assert done.exit_code == 0, done.output
    bundle = Bundle.open(tmp_path / "out")
    assert bundle.manifest.raw["provenance"]["config"]["exporter"] == "optimum"
    (artifact,) = bundle.manifest.raw["models"][kind]["artifacts"]
    parity = artifact["parity"]
    assert parity["reference"] == "torch fp32" and parity["texts"] >= 100
    assert parity["difference"]["sentiment"]["max"] < 1e-4
    assert parity["agreement"]["sentiment"]["en"]["share"] == 1.0
    model = onnx.load(tmp_path / "out" / artifact["file"])
    assert model.producer_name == "optimum"
    taken = {item.name: item.type.tensor_type.elem_type for item in model.graph.input}
    assert taken == {"input_ids": TensorProto.INT32, "attention_mask": TensorProto.INT32}
    assert [item.name for item in model.graph.output] == ["sentiment"]
    assert str(tmp_path).encode() not in model.SerializeToString()
    with Analyzer(tmp_path / "out") as analyzer:
        assert analyzer.analyze("the house").sentiment is not None


@pytest.mark.skipif(installed(), reason="optimum is here")
def test_without_optimum_it_says_where_to_install_it(tmp_path: Path) -> None:
    folder = tmp_path / "bert"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    with pytest.raises(ExporterError, match=r"here are no optimum, .*transformers \d") as caught:
        load_source(str(folder), BY_OPTIMUM)
    assert 'In an environment of its own, run: pip install "edgewise[optimum]"' in str(caught.value)
    assert isinstance(caught.value, ImportError)
    done = CliRunner().invoke(
        main, ["convert", str(folder), "--exporter", "optimum", "--out", str(tmp_path / "out")]
    )
    assert done.exit_code == 2 and "environment of its own" in done.stderr
    assert not (tmp_path / "out").exists()


def test_an_optimum_that_cannot_be_imported_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What happens where somebody forces it beside transformers 5."""
    package = tmp_path / "optimum" / "exporters" / "onnx"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        "raise ImportError(\"cannot import name 'is_tf_available' from 'transformers'\")"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [name for name in sys.modules if name.partition(".")[0] == "optimum"]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ExporterError, match="is_tf_available"):
        optimum_export.demand_optimum()


def test_only_checkpoints_go_through_it(tmp_path: Path) -> None:
    folder = make_tiny_bundle(tmp_path / "tiny")
    with pytest.raises(SourceError, match="Leave --exporter optimum out"):
        load_source(str(folder), BY_OPTIMUM)


def exported(*inputs: str, outputs: int = 1) -> onnx.ModelProto:
    """What optimum makes: int64 inputs; logits that tell each of them apart."""
    taken = [helper.make_tensor_value_info(name, TensorProto.INT64, ["b", "s"]) for name in inputs]
    given = [helper.make_tensor_value_info(f"logits{n}", TensorProto.FLOAT, ["b", 1]) for n in range(outputs)]
    nodes = []
    for place, name in enumerate(inputs):
        nodes += [
            helper.make_node("Cast", [name], [f"{name}.float"], to=TensorProto.FLOAT),
            helper.make_node("Constant", [], [f"{name}.scale"], value_float=10.0**place),
            helper.make_node("Mul", [f"{name}.float", f"{name}.scale"], [f"{name}.scaled"]),
        ]
    nodes.append(helper.make_node("Sum", [f"{name}.scaled" for name in inputs], ["sum"]))
    nodes += [
        helper.make_node("ReduceMean", ["sum", "axes"], [f"logits{n}"], keepdims=1) for n in range(outputs)
    ]
    axes = helper.make_tensor("axes", TensorProto.INT64, [1], [1])
    graph = helper.make_graph(nodes, "g", taken, given, [axes])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


@pytest.mark.parametrize(
    "inputs",
    [
        ("input_ids", "attention_mask"),
        ("input_ids", "attention_mask", "token_type_ids"),
        ("input_ids", "token_type_ids", "attention_mask"),
    ],
)
def test_a_file_of_optimum_gets_our_inputs_and_the_task_s_name(inputs: tuple[str, ...]) -> None:
    model = with_our_names(exported(*inputs), "sentiment")
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    assert [(item.name, item.type) for item in session.get_inputs()] == [
        ("input_ids", "tensor(int32)"),
        ("attention_mask", "tensor(int32)"),
    ]
    ids, mask = np.array([[3, 5], [7, 9]], np.int32), np.array([[1, 1], [1, 0]], np.int32)
    (found,) = session.run(["sentiment"], {"input_ids": ids, "attention_mask": mask})
    wanted = ids.mean(axis=1) + 10.0 ** inputs.index("attention_mask") * mask.mean(axis=1)
    np.testing.assert_allclose(found[:, 0], wanted, rtol=1e-6)


@pytest.mark.parametrize(
    ("model", "odd"),
    [
        (exported("input_ids", "attention_mask", "bbox"), "bbox"),
        (exported("input_ids"), "attention_mask"),
        (exported("input_ids", "attention_mask", outputs=2), "logits1"),
    ],
    ids=["another input", "no mask", "two outputs"],
)
def test_what_a_text_does_not_tell_is_refused(model: onnx.ModelProto, odd: str) -> None:
    with pytest.raises(InputNamesError, match=odd):
        with_our_names(model, "sentiment")
