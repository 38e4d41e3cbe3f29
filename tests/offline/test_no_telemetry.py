"""No part of an analysis phones home: no file appears that we did not write, no thread, no socket."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.tiny_bundle import make_tiny_bundle

ANALYSE = """
import json, os, sys
from edgewise import Analyzer

with Analyzer(sys.argv[1]) as analyzer:
    label = analyzer.analyze("great").sentiment.label
    analyzer.analyze_batch(["good", "bad"] * 100)

def opened(descriptor):
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return ""

here = os.path.isdir("/proc/self/task")
print(json.dumps({
    "label": label,
    "threads": len(os.listdir("/proc/self/task")) if here else 1,
    "opened": [opened(descriptor) for descriptor in os.listdir("/proc/self/fd")] if here else [],
    "switch": os.environ.get("ORT_DISABLE_TELEMETRY"),
}))
"""

FORK = """
import os, signal, sys
from edgewise import Analyzer

analyzer = Analyzer(sys.argv[1])
analyzer.analyze("good")
child = os.fork()
if child == 0:
    signal.alarm(20)  # ends a child that hangs
    analyzer.analyze("bad")
    sys.exit(7)  # by way of everything that libraries do at the end of a process
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_bundle(tmp_path_factory.mktemp("offline") / "tiny")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def run(code: str, tiny: Path, home: Path) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "SYSTEMROOT") if name in os.environ}
    own = {"HOME": str(home), "USERPROFILE": str(home), "LOCALAPPDATA": str(home / "local")}
    own |= {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("CACHE", "CONFIG", "DATA", "STATE")}
    # numpy's own helper threads, which are no concern here.
    own |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, "-B", "-c", code, str(tiny)]
    return subprocess.run(command, env=kept | own, cwd=home, capture_output=True, text=True, timeout=60)


def test_an_analysis_leaves_no_file_no_thread_and_no_socket(tiny: Path, home: Path) -> None:
    done = run(ANALYSE, tiny, home)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["label"] == "positive"
    assert list(home.rglob("*")) == []
    assert found["threads"] == 1
    assert not [name for name in found["opened"] if name.startswith("socket:") or "onnxruntime" in name]
    assert found["switch"] is None


def test_the_command_line_leaves_no_file(tiny: Path, home: Path) -> None:
    code = "import sys; from edgewise.cli import main; main(['analyze', '--model', sys.argv[1], 'great'])"
    done = run(code, tiny, home)
    assert done.returncode == 0, done.stderr
    assert "positive" in done.stdout
    assert list(home.rglob("*")) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_child_can_end_by_exit(tiny: Path, home: Path) -> None:
    assert run(FORK, tiny, home).returncode == 7


def test_doctor_says_so(tiny: Path, home: Path) -> None:
    code = "import sys; from edgewise.cli import main; main(['doctor', '--json', '--model', sys.argv[1]])"
    done = run(code, tiny, home)
    assert set(json.loads(done.stdout)["privacy"].values()) == {"off"}
    assert list(home.rglob("*")) == []
