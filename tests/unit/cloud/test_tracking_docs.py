"""docs/tracking.md and docs/tuning.md say what is so."""

import json
import re
import shlex
from pathlib import Path

import pytest

pytest.importorskip("mlflow", reason="tracking needs the extra 'track'")

from edgewise_cloud import registry, tracking, tune
from edgewise_cloud.commands.registry import registry as registry_command
from edgewise_cloud.commands.tune import tune as tune_command

DOCS = Path(__file__).parents[3] / "docs"
PAGES = {name: (DOCS / f"{name}.md").read_text(encoding="utf-8") for name in ("tracking", "tuning")}


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGES[page], re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_the_page_can_be_given(page: str) -> None:
    lines = [
        line
        for block in blocks(page, "sh")
        for line in block.replace("\\\n", " ").splitlines()
        if line.startswith("edgewise ")
    ]
    assert lines
    for line in lines:
        words = shlex.split(line)[1:]
        command = tune_command if words[0] == "tune" else registry_command.commands[words[1]]
        rest = words[1:] if words[0] == "tune" else words[2:]
        # Does not run it: a context that can be made has all its options and arguments.
        known = [path for path in rest if path.startswith(("runs/english/teacher", "runs/english/gates"))]
        command.make_context(words[0], [word if word not in known else str(stand_in(word)) for word in rest])


def stand_in(word: str) -> Path:
    return Path(__file__) if word.endswith(".json") else DOCS


@pytest.mark.parametrize("page", PAGES)
def test_every_error_that_the_page_names_exists(page: str) -> None:
    names = set(re.findall(r"`(\w+Error)`", PAGES[page]))
    assert len(names) >= 6
    assert {
        name for name in names if not any(hasattr(home, name) for home in (tracking, registry, tune))
    } == set()


def test_the_spaces_of_the_page_are_spaces() -> None:
    (space,) = blocks("tuning", "json")
    assert len(tune.parse_space(json.loads(space)).parameters) == 3


def test_the_examples_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "work" / "teacher").mkdir(parents=True)
    (tmp_path / "work" / "teacher" / "model.bin").write_bytes(b"w")
    for page in PAGES:
        (example,) = blocks(page, "python")
        exec(example, {})
    assert capsys.readouterr().out == "teacher-english 1 none\n5 True\n"
