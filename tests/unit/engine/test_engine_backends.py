"""An analyzer on every backend, and on the best of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.tiny_models import BACKENDS, MODULES, make_three_backend_bundle, tiny_artifact

from edgewise import Analyzer
from edgewise.engine import backend as engine_backend
from edgewise.engine.settings import SettingError
from edgewise.errors import BackendLoadError, BackendUnavailableError, FileHashError
from edgewise_runtimes.packages import missing_module
from edgewise_runtimes.selection.select import CLOSE_ENOUGH
from edgewise_runtimes.selection.trials import Results

TEXTS = ["great", "you idiot", "this is awful and sad", "wow " * 40, "nothing known here", ""]

needs_all = pytest.mark.skipif(
    any(missing_module(module) for module in MODULES.values()), reason="not every backend is installed"
)


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with an artifact for every backend: read it, never write to it."""
    return make_three_backend_bundle(tmp_path_factory.mktemp("bundles") / "three")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's cache folder of the test's own."""
    monkeypatch.setattr(engine_backend, "_store", lambda _: tmp_path / "cache" / "backends")
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def expected(three: Path) -> Iterator[list[dict[str, float]]]:
    with Analyzer(three, backend="onnxruntime") as analyzer:
        yield [said(answer.to_dict()) for answer in analyzer.analyze_batch(TEXTS)]


def said(answer: dict[str, Any]) -> dict[str, float]:
    """The scores of an analysis, flat."""
    tasks = ("sentiment", "toxicity", "emotion")
    return {f"{task} {label}": score for task in tasks for label, score in answer[task]["scores"].items()}


@needs_all
@pytest.mark.parametrize("name", BACKENDS)
def test_every_backend_gives_the_same_answers(
    three: Path, name: str, expected: list[dict[str, float]]
) -> None:
    with Analyzer(three, backend=name) as analyzer:
        for text, answer in zip(TEXTS, expected, strict=True):
            found = analyzer.analyze(text)
            assert said(found.to_dict()) == pytest.approx(answer, abs=1e-4)
            assert found.backend == name
        assert analyzer.backend_report().how == "asked for"
        assert analyzer.backend_report().precision == "fp32"


@needs_all
def test_auto_tries_all_and_takes_the_best(three: Path, cache: Path) -> None:
    with Analyzer(three) as analyzer:
        report = analyzer.backend_report()
        assert analyzer.analyze("great").backend == report.chosen
    assert set(report.measured) == {f"{name}/fp32" for name in MODULES}
    assert report.measured[report.label] <= CLOSE_ENOUGH * min(report.measured.values())
    assert {name for name, _ in report.rejected} == set(report.measured) - {report.label}
    with Analyzer(three) as analyzer:
        assert analyzer.backend_report().how.endswith("remembered")
        assert analyzer.backend_report().chosen == report.chosen
    assert [file.suffix for file in (cache / "backends").iterdir()] == [".json"]


@pytest.fixture
def first_is(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes trials come out as a test wants: the backends in this order, none of them run."""

    def rank(*names: str) -> None:
        def run(artifacts: Any, task: Any) -> Results:
            return Results({}, {each: 1.0 + names.index(each.backend) for each in artifacts}, {})

        monkeypatch.setattr("edgewise_runtimes.selection.trials.run_trials", run)

    return rank


@needs_all
def test_a_chosen_backend_that_does_not_load_is_followed_by_the_next(tmp_path: Path, first_is: Any) -> None:
    first_is("openvino", "tflite", "onnxruntime")
    broken = replace(tiny_artifact("openvino"), weights=b"cut")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "tests.support.tiny_models.tiny_artifact",
            lambda name: broken if name == "openvino" else tiny_artifact(name),
        )
        folder = make_three_backend_bundle(tmp_path / "three")
    with Analyzer(folder) as analyzer:
        assert analyzer.analyze("great").backend == "tflite"
        report = analyzer.backend_report()
        assert report.how == "instead of openvino/fp32, which did not load"
        assert "Incorrect weights" in dict(report.rejected)["openvino/fp32"]
    for options in ({"strict": True}, {"backend": "openvino"}):
        with (
            Analyzer(folder, **options) as analyzer,
            pytest.raises(BackendLoadError, match="Incorrect weights"),
        ):
            analyzer.analyze("great")


@needs_all
def test_weights_that_were_changed_are_refused(tmp_path: Path) -> None:
    folder = make_three_backend_bundle(tmp_path / "three")
    weights = folder / "tiny.bin"
    weights.write_bytes(bytes([weights.read_bytes()[0] ^ 1]) + weights.read_bytes()[1:])
    with Analyzer(folder, backend="openvino") as analyzer, pytest.raises(FileHashError):
        analyzer.analyze("great")


@needs_all
@pytest.mark.parametrize("name", ["openvino", "tflite"])
def test_a_missing_extra_is_named_with_its_pip_line(
    three: Path, name: str, monkeypatch: pytest.MonkeyPatch, first_is: Any
) -> None:
    first_is("onnxruntime", "openvino", "tflite")
    for module in (MODULES[name], "tflite_runtime"):
        monkeypatch.setitem(sys.modules, module, None)
    with Analyzer(three, backend=name) as analyzer, pytest.raises(BackendUnavailableError) as caught:
        analyzer.analyze("great")
    assert f'pip install "edgewise[{name}]"' in str(caught.value)
    with Analyzer(three) as analyzer:
        assert "not installed" in dict(analyzer.backend_report().rejected)[name]


def test_an_objective_that_does_not_exist_is_refused_at_once(tiny_bundle: Path) -> None:
    with pytest.raises(SettingError, match="beauty"):
        Analyzer(tiny_bundle, objective="beauty")


def test_a_device_that_is_not_there_is_refused(tiny_bundle: Path) -> None:
    refused = pytest.raises(BackendUnavailableError, match="pip install onnxruntime-gpu")
    with Analyzer(tiny_bundle, backend="onnxruntime:cuda") as analyzer, refused:
        analyzer.analyze("great")


ONE = """
import subprocess, sys
subprocess.Popen = None
from edgewise import Analyzer
with Analyzer(sys.argv[1]) as analyzer:
    analyzer.analyze("great")
    print(analyzer.backend_report().how)
print([name for name in ("openvino", "ai_edge_litert", "importlib.metadata") if name in sys.modules])
"""


def test_a_bundle_for_one_backend_starts_nothing_and_imports_no_other(tiny_bundle: Path) -> None:
    command = [sys.executable, "-c", ONE, str(tiny_bundle)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines() == ["the only one the model is made for", "[]"]


@pytest.mark.skipif(bool(missing_module("openvino")), reason="openvino is not installed")
def test_openvino_asked_for_by_name_reads_what_onnxruntime_reads(tiny_bundle: Path) -> None:
    with Analyzer(tiny_bundle) as usual, Analyzer(tiny_bundle, backend="openvino") as other:
        assert (usual.analyze(TEXTS[0]).backend, other.analyze(TEXTS[0]).backend) == (
            "onnxruntime",
            "openvino",
        )
        for text in TEXTS:
            want, got = said(usual.analyze(text).to_dict()), said(other.analyze(text).to_dict())
            assert got == pytest.approx(want, abs=1e-4)
        assert other.backend_report().how == "asked for"


def test_what_no_artifact_is_for_and_nothing_else_will_do_is_refused(tiny_bundle: Path) -> None:
    refused = pytest.raises(BackendUnavailableError, match=r"no artifact for it, only for onnxruntime")
    with Analyzer(tiny_bundle, backend="tflite") as analyzer, refused:
        analyzer.analyze("great")
