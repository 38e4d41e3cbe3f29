"""docs/data.md says what is so."""

import json
import re
import shlex
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("sklearn")

from edgewise_cloud import catalogue, prepare
from edgewise_cloud.catalogue import load_sets
from edgewise_cloud.commands.data import data as command
from edgewise_cloud.prepare import PrepareConfig
from edgewise_cloud.prepare.config import KINDS

PAGE = (Path(__file__).parents[3] / "docs/data.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)


def test_every_command_and_option_exists() -> None:
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.strip()]
    assert len(lines) >= 7
    assert {shlex.split(line)[2] for line in lines} == set(command.commands)
    for line in lines:
        words = shlex.split(line)
        known = {option for parameter in command.commands[words[2]].params for option in parameter.opts}
        assert [word for word in words if word.startswith("--") and word not in known] == [], line


def test_every_error_exists() -> None:
    names = set(re.findall(r"`(\w+Error)`", PAGE))
    assert len(names) >= 12
    assert {name for name in names if not hasattr(catalogue, name) and not hasattr(prepare, name)} == set()


def test_every_setting_is_named_and_the_examples_can_be_read() -> None:
    steps = PAGE.split("## The steps")[1]
    for item in fields(PrepareConfig):
        value = getattr(PrepareConfig(), item.name)
        inner = [part.name for part in fields(value)] if is_dataclass(value) else []
        for name in (item.name, *(part for part in inner if part not in ("on", "tasks"))):
            assert re.search(rf"`\"?(?:\w+\.)?{name}\b|\"{name}\"", steps), f"{item.name}: {name}"
    settings = json.loads(blocks("json")[1])
    assert PrepareConfig.from_dict(settings).augment.on


def test_every_kind_is_described() -> None:
    assert tuple(re.findall(r"^\| `(\w+)` \| ", PAGE.split("## Synthetic rows")[1], re.MULTILINE)) == KINDS


def test_the_example_of_further_sets_can_be_read(tmp_path: Path) -> None:
    entries = json.loads(blocks("json")[0])
    entries[0]["source"] = "hub:snapshot"
    (tmp_path / "snapshot").mkdir()
    for split in ("train", "validation", "test"):
        (tmp_path / f"snapshot/{split}.csv").write_text(
            "sentence,label\nfine,pos\nbad,neg\n", encoding="utf-8"
        )
    (tmp_path / "forum.csv").write_text(
        "comment,verdict,lang,part\nhi,no,en,train\nyou fool,insult,en,train\n", encoding="utf-8"
    )
    (tmp_path / "sets.json").write_text(json.dumps(entries), encoding="utf-8")
    films, forum = load_sets(tmp_path / "sets.json")
    assert dict(films.rows) == {"train": 2, "dev": 2, "test": 2}
    assert forum.examples("train").toxicity[:, 0].tolist() == [0.0, 1.0]
