"""What a stranger gets from `pip install edgewise`: the wheel in a clean environment, without a network."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
MEGABYTE = 1_000_000
QUICK_START = "You absolute legend, this made my day!"
LABELS = {
    "sentiment": {"negative", "neutral", "positive"},
    "toxicity": {"toxic", "non-toxic"},
    "emotion": {"anger", "disgust", "fear", "joy", "love", "sadness", "surprise", "neutral"},
}

# Runs before anything else in each Python process that has its folder on PYTHONPATH.
NO_SOCKETS = """
import socket

def refuse(*args, **kwargs):
    raise RuntimeError("sockets are closed in this test")

class Closed(socket.socket):
    __init__ = refuse

socket.socket = socket.SocketType = Closed
socket.create_connection = socket.getaddrinfo = socket.gethostbyname = refuse
"""


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def package_folders() -> list[Path]:
    return [ROOT / folder for folder in project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]]


def run(command: list[str], **options) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=600, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


def pip(*arguments: str, python: Path | None = None) -> None:
    which = ["--python", str(python)] if python else []
    run([sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *which, *arguments])


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def device(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A clean environment, without pip, that holds the wheel and what it requires; no extras."""
    folder = tmp_path_factory.mktemp("device")
    run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
    pip("install", str(wheel), python=folder / "bin" / "python")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def closed(tmp_path: Path) -> tuple[list[str], dict[str, str]]:
    """A command prefix and an environment in which no socket opens.

    Python's own sockets are refused everywhere; where the system lets us, the process also gets a network
    namespace of its own, which has no network, so that native libraries are held to it too.
    """
    (tmp_path / "sitecustomize.py").write_text(NO_SOCKETS, encoding="utf-8")
    (tmp_path / "home").mkdir()
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "SYSTEMROOT") if name in os.environ}
    environment = kept | {"PATH": os.defpath, "HOME": str(tmp_path / "home"), "PYTHONPATH": str(tmp_path)}
    unshare = shutil.which("unshare")
    prefix = [unshare, "--map-root-user", "--net"] if unshare else []
    if prefix and subprocess.run([*prefix, "true"], capture_output=True).returncode != 0:
        prefix = []
    return prefix, environment


def site_packages(device: Path) -> Path:
    (folder,) = device.glob("lib/python3*/site-packages")
    return folder


def test_the_wheel_holds_our_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    version = project()["project"]["version"]
    expected = {folder.name for folder in package_folders()} | {f"edgewise-{version}.dist-info"}
    assert {name.split("/")[0] for name in names} == expected


def test_the_wheel_leaves_no_file_of_a_package_out(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    for folder in package_folders():
        assert f"{folder.name}/py.typed" in packed
        sources = {path.relative_to(folder.parent) for path in folder.rglob("*") if path.is_file()}
        wanted = {
            path for path in sources if not any(part.startswith((".", "__pycache__")) for part in path.parts)
        }
        assert not {path.as_posix() for path in wanted} - packed


def test_the_wheel_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size <= 30 * MEGABYTE


def test_a_device_needs_five_distributions(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = archive.read(metadata).decode().splitlines()
    required = [line.split(": ", 1)[1] for line in lines if line.startswith("Requires-Dist: ")]
    names = {re.split(r"[^\w-]", line)[0] for line in required if "extra ==" not in line}
    assert names == {"click", "numpy", "onnxruntime", "platformdirs", "tokenizers"}


def test_the_device_install_has_no_training_framework(device: Path) -> None:
    installed = {path.name.split("-")[0].lower() for path in site_packages(device).iterdir()}
    assert {"edgewise", "edgewise_runtimes", "numpy", "onnxruntime", "tokenizers"} <= installed
    assert not installed & {
        "torch",
        "transformers",
        "pandas",
        "pyarrow",
        "sklearn",
        "scipy",
        "onnx",
        "fastapi",
    }


def test_every_module_of_a_device_can_be_imported_there(device: Path, tmp_path: Path) -> None:
    """No module needs what only an extra brings."""
    code = (
        "import importlib, pkgutil, edgewise, edgewise_runtimes\n"
        "for root in (edgewise, edgewise_runtimes):\n"
        "    for module in pkgutil.walk_packages(root.__path__, root.__name__ + '.'):\n"
        "        if not module.name.endswith('__main__'):\n"
        "            importlib.import_module(module.name)\n"
    )
    run([str(device / "bin" / "python"), "-I", "-c", code], cwd=tmp_path)


def test_the_device_install_fits_on_disk(device: Path) -> None:
    files = [path.lstat() for path in site_packages(device).rglob("*") if not path.is_dir()]
    on_disk = sum(max(file.st_size, file.st_blocks * 512) for file in files)
    assert on_disk <= 260 * MEGABYTE


def test_the_closed_environment_is_closed(device: Path, closed: tuple[list[str], dict[str, str]]) -> None:
    prefix, environment = closed
    code = "import socket; socket.create_connection(('127.0.0.1', 9))"
    for attempt in (code, "import socket; socket.socket()"):
        command = [*prefix, str(device / "bin" / "python"), "-c", attempt]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert "sockets are closed in this test" in done.stderr


def test_the_command_of_the_readme_answers_offline(
    device: Path, closed: tuple[list[str], dict[str, str]], tmp_path: Path
) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f'pip install . && edgewise analyze "{QUICK_START}"' in readme
    prefix, environment = closed
    command = [*prefix, str(device / "bin" / "edgewise"), "analyze", QUICK_START]
    answer = run(command, env=environment, cwd=tmp_path)
    for word in ("en", "positive", "non-toxic"):
        assert re.search(rf"(?<![\w-]){word}(?![\w-])", answer.stdout)
    assert LABELS["emotion"] & set(re.findall(r"[a-z]+", answer.stdout))
    assert answer.stderr == ""


def test_the_four_lines_of_the_readme_answer_offline(
    device: Path, closed: tuple[list[str], dict[str, str]], tmp_path: Path
) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    report = "import json; print(json.dumps(result.to_dict()))"
    prefix, environment = closed
    command = [*prefix, str(device / "bin" / "python"), "-c", lines + report]
    shown, _, last = run(command, env=environment, cwd=tmp_path).stdout.strip().rpartition("\n")
    result = json.loads(last)
    assert shown
    assert result["language"]["label"] == "en"
    assert result["sentiment"]["label"] == "positive"
    assert result["toxicity"]["label"] == "non-toxic"
    assert result["emotion"]["label"] in LABELS["emotion"]
    assert not result["truncated"]
