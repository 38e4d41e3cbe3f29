"""The root of trust that is pinned in the wheel at its build."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.support.update_repository import Made, make_repository

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """The sources without what makes a wheel large."""
    place = tmp_path / "sources"
    left_out = shutil.ignore_patterns("models", "__pycache__", "checkpoints")
    for folder in ("sdk", "runtimes", "converters", "distill", "cloud_training", "serving"):
        shutil.copytree(ROOT / folder, place / folder, ignore=left_out)
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, place)
    return place


def build(sources: Path, root: Path | None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "EDGEWISE_ROOT"}
    if root is not None:
        environment["EDGEWISE_ROOT"] = str(root)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(sources / "out")]
    return subprocess.run(
        command, cwd=sources, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def pinned(sources: Path) -> list[str]:
    (wheel,) = (sources / "out").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(sources / "installed")
        return [name for name in archive.namelist() if name.endswith("root.json")]


def pull(sources: Path, made: Made, *words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "edgewise", "models", "pull", "tiny", "--from", made.folder]
    environment = {**os.environ, "PYTHONPATH": str(sources / "installed")}
    return subprocess.run(
        [*map(str, command), "--store", str(sources / "store"), *map(str, words)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_root_named_at_the_build_is_trusted_and_another_one_is_not(sources: Path, tmp_path: Path) -> None:
    for name in ("ours", "theirs"):
        (tmp_path / name).mkdir()
    ours, theirs = make_repository(tmp_path / "ours"), make_repository(tmp_path / "theirs")
    for made in (ours, theirs):
        made.publish("1.0.0")
    done = build(sources, ours.folder / "metadata" / "1.root.json")
    assert done.returncode == 0, done.stderr
    assert pinned(sources) == ["edgewise/updates/root.json"]
    refused = pull(sources, theirs)
    assert refused.returncode == 2
    assert "signed metadata are refused" in refused.stderr
    taken = pull(sources, ours)
    assert (taken.returncode, taken.stderr) == (0, "")
    assert "tiny@1.0.0 is in use now" in taken.stdout
    root = theirs.folder / "metadata" / "1.root.json"  # an organisation's own comes before the wheel's
    assert pull(sources, theirs, "--trust", root, "--store", tmp_path / "own").returncode == 0


def test_without_a_root_the_wheel_has_none_and_what_is_none_stops_the_build(
    sources: Path, tmp_path: Path
) -> None:
    assert build(sources, None).returncode == 0
    assert pinned(sources) == []
    (tmp_path / "targets.json").write_text('{"signed": {"_type": "targets"}}')
    for path, reason in (
        (tmp_path / "targets.json", "no root.json"),
        (tmp_path / "nobody", "cannot be read"),
    ):
        refused = build(sources, path)
        assert refused.returncode != 0
        assert reason in refused.stderr + refused.stdout
