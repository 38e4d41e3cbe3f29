"""The command as a whole: help that costs nothing, commands of other packages, errors as one line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from tests.unit.cli.conftest import Run

from edgewise import __version__
from edgewise.cli import extras
from edgewise.cli.app import main
from edgewise.errors import EdgewiseError

HEAVY = ["numpy", "onnxruntime", "tokenizers", "plug", "edgewise.analyzer"]

PLUG = """
import click

@click.command()
def wave():
    click.echo("hello")

none = 3
"""

REQUIRES = [
    "click>=8.1",
    "pyarrow>=17.0; extra == 'batch'",
    'scikit-learn>=1.5 ; extra == "train"',
    "torch==2.13.0; extra == 'train'",
    "scikit-learn>=1.5; extra == 'dev'",
]


def python(*arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | ({"PYTHONPATH": str(path)} if path else {})
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=60, env=environment
    )


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    """A folder with installed commands: one that works and some that are broken in their own ways."""
    (tmp_path / "plug.py").write_text(PLUG)
    (tmp_path / "plug_heavy.py").write_text("import pyarrow_of_another_world\n")
    (tmp_path / "plug_asks.py").write_text(
        "from edgewise.errors import MissingExtraError\nraise MissingExtraError('train', 'This')\n"
    )
    folder = tmp_path / "plug-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: plug\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(
        "[edgewise.commands]\n"
        "wave = plug:wave\nheavy = plug_heavy:go\nasks = plug_asks:go\n"
        "nocommand = plug:none\ngone = plug:gone\nanalyze = plug:wave\n"
    )
    return tmp_path


def test_help_names_every_command_and_imports_nothing_heavy(plugins: Path) -> None:
    code = (
        "import sys\nfrom edgewise.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = python("-c", code, path=plugins)
    assert done.stderr == ""
    *lines, loaded = done.stdout.splitlines()
    assert loaded == "[]"
    listed = [line.split()[0] for line in lines[lines.index("Commands:") + 1 :]]
    assert {"analyze", "doctor", "models", "wave", "heavy", "asks"} <= set(listed)


def test_version_is_that_of_the_package(edgewise: Run) -> None:
    assert edgewise("--version").stdout == f"edgewise, version {__version__}\n"
    assert python("-m", "edgewise", "--version").stdout == f"edgewise, version {__version__}\n"


def test_a_command_of_another_package_runs_but_replaces_none_of_ours(plugins: Path) -> None:
    assert python("-m", "edgewise", "wave", path=plugins).stdout == "hello\n"
    assert "--on-bad-row" in python("-m", "edgewise", "analyze", "--help", path=plugins).stdout


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("heavy", "'heavy' cannot be loaded: No module named 'pyarrow_of_another_world'"),
        ("asks", 'pip install "edgewise[train]"'),
        ("nocommand", "plug:none is no command"),
        ("gone", "'gone' cannot be loaded"),
    ],
)
def test_a_command_that_cannot_be_imported_is_one_line(plugins: Path, command: str, reason: str) -> None:
    done = python("-m", "edgewise", command, path=plugins)
    assert done.returncode == 2
    assert reason in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_missing_package_names_the_extra_that_brings_it(plugins: Path) -> None:
    (plugins / "plug_heavy.py").write_text("raise ModuleNotFoundError('no pyarrow', name='pyarrow.parquet')")
    # Our own metadata as pip would have written it.
    own = plugins / "edgewise-9.0.dist-info"
    own.mkdir()
    requires = "".join(f"Requires-Dist: {line}\n" for line in REQUIRES)
    (own / "METADATA").write_text(f"Metadata-Version: 2.1\nName: edgewise\nVersion: 9.0\n{requires}")
    done = python("-m", "edgewise", "heavy", path=plugins)
    assert done.returncode == 2
    assert done.stderr == (
        "Error: The command 'heavy' needs packages that are not installed. "
        'Run: pip install "edgewise[batch]"\n'
    )


@pytest.mark.parametrize(
    ("module", "found"),
    [("pyarrow.parquet", ["batch"]), ("sklearn", ["train"]), ("torch", ["train"]), ("click", []), ("", [])],
)
def test_extras_are_read_from_the_metadata(
    monkeypatch: pytest.MonkeyPatch, module: str, found: list[str]
) -> None:
    monkeypatch.setattr(extras, "requires", lambda name: REQUIRES)
    assert extras.brought_by(module) == found


def test_an_unknown_command_is_a_usage_error(edgewise: Run) -> None:
    done = edgewise("analyse")
    assert done.exit_code == 2
    assert "No such command" in done.stderr


class SomeError(EdgewiseError):
    pass


@pytest.mark.parametrize(
    ("error", "code", "shown"),
    [
        (SomeError("It broke. Mend it."), 2, "Error: It broke. Mend it.\n"),
        (OSError(28, "No space left on device", "/x/y"), 2, "Error: /x/y: No space left on device\n"),
        (PermissionError(13, "Permission denied"), 2, "Error: Permission denied\n"),
        (KeyboardInterrupt("Stopped; run again."), 130, "\nStopped; run again.\n"),
        (KeyboardInterrupt(), 130, "\nStopped.\n"),
    ],
)
def test_what_can_be_expected_to_go_wrong_is_one_line(
    edgewise: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, shown: str
) -> None:
    @click.command()
    def breaking() -> None:
        raise error

    monkeypatch.setitem(main.commands, "breaking", breaking)
    done = edgewise("breaking")
    assert (done.exit_code, done.stderr) == (code, shown)


def test_a_bug_of_ours_is_not_hidden(edgewise: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def breaking() -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(main.commands, "breaking", breaking)
    assert isinstance(edgewise("breaking").exception, ZeroDivisionError)


def test_what_the_terminal_cannot_show_is_escaped(tiny: Path) -> None:
    environment = os.environ | {"PYTHONIOENCODING": "latin-1"}
    command = [sys.executable, "-m", "edgewise", "analyze", "--model", str(tiny), "é🙂 good", "b"]
    done = subprocess.run(command, capture_output=True, env=environment, timeout=60)
    assert done.returncode == 0, done.stderr
    assert b"\xe9\\U0001f642 good" in done.stdout
    done = subprocess.run([*command, "--json", "--explain"], capture_output=True, env=environment, timeout=60)
    assert [json.loads(line)["model"] for line in done.stdout.splitlines()] == ["tiny@0.1.0"] * 2
