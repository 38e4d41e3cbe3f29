"""The public API as type checkers see it, in their strict modes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PUBLIC_API = Path(__file__).with_name("public_api.py")


def check(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


def mypy(path: Path) -> subprocess.CompletedProcess[str]:
    return check([sys.executable, "-m", "mypy", "--strict", str(path)])


def pyright(path: Path) -> subprocess.CompletedProcess[str]:
    return check([sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson", str(path)])


@pytest.mark.slow
def test_mypy_accepts_the_typical_calls() -> None:
    done = mypy(PUBLIC_API)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_pyright_accepts_the_typical_calls() -> None:
    done = pyright(PUBLIC_API)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["summary"]["filesAnalyzed"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("checker", [mypy, pyright])
def test_a_wrong_call_is_seen(checker, tmp_path: Path) -> None:
    """Guards the two tests above: with an `Any` somewhere in the API they would accept everything."""
    wrong = tmp_path / "wrong_call.py"
    code = "from edgewise import Analyzer\nprint(Analyzer().analyze('x').sentimental)\n"
    wrong.write_text(f"# pyright: strict\n{code}", encoding="utf-8")
    done = checker(wrong)
    assert done.returncode == 1
    assert "sentimental" in done.stdout
