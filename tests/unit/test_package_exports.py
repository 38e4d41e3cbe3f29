"""What `import edgewise` offers, each name imported on first use."""

import importlib
import subprocess
import sys

import pytest

import edgewise
from edgewise import errors, version


@pytest.mark.parametrize("name", edgewise.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(edgewise, name) is not None
    assert name in dir(edgewise)


def test_errors_are_the_same_classes_wherever_they_come_from() -> None:
    for name in edgewise.__all__:
        if name.endswith("Error"):
            assert getattr(edgewise, name) is getattr(errors, name)
            assert issubclass(getattr(edgewise, name), edgewise.EdgewiseError)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Analyser'"):
        edgewise.Analyser  # noqa: B018
    with pytest.raises(AttributeError):
        edgewise._private  # noqa: B018
    assert not hasattr(edgewise, "annotation")


def test_submodules_can_still_be_imported() -> None:
    assert importlib.import_module("edgewise.results").Analysis is edgewise.Analysis


def test_the_version_is_the_package_s() -> None:
    assert edgewise.__version__ == version.__version__


HEAVY = ("numpy", "onnxruntime", "tokenizers", "asyncio", "concurrent.futures", "importlib.metadata")


def test_an_analyzer_is_imported_without_what_runs_its_models() -> None:
    code = "import sys; from edgewise import Analyzer, Analysis; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert "edgewise.analyzer" in run.stdout.split()
    assert not set(HEAVY) & set(run.stdout.split())
