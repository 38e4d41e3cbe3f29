"""docs/teachers.md says what is so."""

from __future__ import annotations

import importlib
import json
import re
import shlex
from pathlib import Path

import pytest

from edgewise_cloud.commands.teacher import teacher
from edgewise_cloud.teacher.recipe import load_recipe, recipe_names

PAGE = (Path(__file__).parents[4] / "docs/teachers.md").read_text(encoding="utf-8")


def test_every_command_and_option_exists() -> None:
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if "edgewise teacher" in line]
    assert len(lines) >= 9
    for line in lines:
        words = shlex.split(line[line.index("edgewise teacher") :])
        command = teacher.commands[words[2]]
        known = {option for parameter in command.params for option in parameter.opts}
        assert [word for word in words if word.startswith("--") and word not in known] == [], line
        needed = {p.opts[0] for p in command.params if p.required and p.opts[0].startswith("--")}
        assert needed <= set(words), line
        if words[2] == "train":
            changes = [words[place + 1] for place, word in enumerate(words) if word == "--set"]
            values = {name: value for name, _, value in (change.partition("=") for change in changes)}
            load_recipe(words[3]).changed(
                {name: json.loads(v) if v[0].isdigit() else v for name, v in values.items()}
            )


def test_every_recipe_is_named() -> None:
    assert [name for name in recipe_names() if f"`{name}`" not in PAGE] == []


def test_every_error_that_is_named_exists() -> None:
    homes = [
        importlib.import_module(name)
        for name in (
            "edgewise_cloud.teacher.errors",
            "edgewise_cloud.catalogue.errors",
            "edgewise_cloud.prepare.errors",
            "edgewise_cloud.train.work_folder",
            "edgewise_distill.checkpoints",
        )
    ]
    names = set(re.findall(r"`(\w+Error)`", PAGE))
    assert len(names) >= 20
    assert {name for name in names if not any(hasattr(home, name) for home in homes)} == set()


def test_every_file_of_a_work_folder_is_named(english: Path) -> None:
    assert [path.name for path in english.iterdir() if f"`{path.name}" not in PAGE] == []


@pytest.mark.parametrize(
    "name", ["prepare", "sampling", "training", "pretraining", "compact", "alignment", "gates"]
)
def test_every_part_of_a_recipe_is_named(name: str) -> None:
    assert f"`{name}`" in PAGE
