"""docs/language.md and docs/training.md say what is so."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import pytest

from edgewise.bundle import DEFAULT_BUNDLE, bundled

DOCS = Path(__file__).parents[2] / "docs"
TRAINING = (DOCS / "training.md").read_text(encoding="utf-8")


@pytest.mark.skipif(DEFAULT_BUNDLE not in bundled(), reason="the package has no default bundle yet")
def test_the_examples_of_the_language_page_hold() -> None:
    text = (DOCS / "language.md").read_text(encoding="utf-8")
    test = doctest.DocTestParser().get_doctest(text, {}, "language.md", None, 0)
    assert len(test.examples) >= 5
    report: list[str] = []
    doctest.DocTestRunner().run(test, out=report.append)
    assert report == []


def test_every_option_in_the_training_page_exists() -> None:
    pytest.importorskip("torch", reason="training needs the extra 'train'")
    pytest.importorskip("onnxscript", reason="training needs the extra 'train'")
    pytest.importorskip("accelerate", reason="teachers need the extra 'train'")
    from edgewise_cloud.commands.data import data
    from edgewise_cloud.commands.evaluate import evaluate
    from edgewise_cloud.commands.teacher import teacher
    from edgewise_cloud.commands.train import train
    from edgewise_converters.commands.convert import convert

    blocks = re.findall(r"```sh\n(.*?)```", TRAINING, re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines() if line.strip()]
    assert len(lines) >= 7
    alone = {"evaluate": evaluate, "convert": convert}
    for line in lines:
        words = shlex.split(line)
        assert words[0] == "edgewise"
        groups = {"data": data, "train": train, "teacher": teacher}
        command = groups[words[1]].commands[words[2]] if words[1] in groups else alone[words[1]]
        known = {option for parameter in command.params for option in parameter.opts}
        assert [word for word in words if word.startswith("--") and word not in known] == [], line
        required = [parameter for parameter in command.params if parameter.required]
        needed = {one.opts[0] for one in required if one.param_type_name == "option"}
        assert needed <= set(words), line


def test_every_error_that_the_training_page_names_exists() -> None:
    pytest.importorskip("torch", reason="training needs the extra 'train'")
    pytest.importorskip("onnx", reason="training needs the extra 'train'")
    from edgewise_cloud import catalogue
    from edgewise_cloud.train import bundle, language, parts, student_data, work_folder
    from edgewise_converters import onnx_export

    homes = (catalogue, bundle, language, parts, student_data, work_folder, onnx_export)
    names = set(re.findall(r"`(\w+Error)`", TRAINING))
    assert len(names) >= 8
    assert {name for name in names if not any(hasattr(home, name) for home in homes)} == set()
