"""What a first text will need is read in advance, if it is clear what that is."""

from __future__ import annotations

import pytest
from tests.support.tiny_models import MODULES, make_three_backend_bundle

from edgewise.bundle import Bundle
from edgewise.engine.known import likely_files
from edgewise_runtimes import registry
from edgewise_runtimes.packages import missing_module

TASKS = ("language", "sentiment")

pytestmark = pytest.mark.skipif(
    any(map(missing_module, MODULES.values())), reason="not every backend is here"
)


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return Bundle.open(make_three_backend_bundle(tmp_path_factory.mktemp("bundles") / "three"))


def likely(bundle: Bundle, backend: str) -> set[str]:
    return {ref.file for ref in likely_files(bundle.manifest, TASKS, ("en",), backend)}


@pytest.mark.parametrize(
    ("backend", "files"),
    [
        ("onnxruntime", {"tiny.onnx"}),
        ("openvino:gpu", {"tiny.xml", "tiny.bin"}),
        ("tflite", {"tiny.tflite"}),
        ("auto", set()),
    ],
)
def test_a_named_backends_files_are_read_and_of_several_none(
    three: Bundle, backend: str, files: set[str]
) -> None:
    assert likely(three, backend) == {"tokenizer.json", *files}


def test_of_several_the_one_that_is_installed_is_read(three: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        registry, "missing", lambda found: None if found.name == "onnxruntime" else "not here"
    )
    assert likely(three, "auto") == {"tokenizer.json", "tiny.onnx"}
