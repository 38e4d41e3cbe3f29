"""Ctrl-C while a model is being converted: the program ends at once, says so, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.support.tiny_bundle import WORDS, make_tiny_bundle

pytest.importorskip("onnxscript", reason="models are converted with the extra 'convert'")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="this system has no such signals")


def start(folder: Path, *more: str) -> subprocess.Popen[str]:
    rng = np.random.default_rng(3)
    lines = [" ".join(rng.choice(list(WORDS), rng.integers(2, 8))) for _ in range(3000)]
    (folder / "dev.csv").write_text("\n".join(["text", *lines]), encoding="utf-8")
    make_tiny_bundle(folder / "tiny")
    command = [
        sys.executable,
        "-m",
        "edgewise",
        "convert",
        str(folder / "tiny"),
        "--out",
        str(folder / "out"),
    ]
    command += ["--dev", str(folder / "dev.csv"), "--texts", "2000", *more]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that were started in the background of a shell inherit that Ctrl-C is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def left(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_ctrl_c_between_forms_leaves_nothing(tmp_path: Path) -> None:
    process = start(tmp_path, "--precision", "fp32,fp16,int8,int8-static")
    assert process.stderr is not None
    first = process.stderr.readline()
    assert first.startswith("encoder: onnxruntime"), first
    process.send_signal(signal.SIGINT)
    said, complaint = process.communicate(timeout=60)
    assert process.returncode in (1, 130), complaint
    assert not said and "Traceback" not in complaint
    assert left(tmp_path) == ["dev.csv", "tiny"]


STOPPED_WHILE_WRITING = """
import os, signal, sys
import edgewise_converters.write as write
pack = write.pack
def interrupted(folder, *given, **more):
    made = pack(folder, *given, **more)
    os.kill(os.getpid(), signal.SIGINT)
    return made
write.pack = interrupted
from edgewise.cli import main
sys.argv[0] = "edgewise"
main()
"""


def test_ctrl_c_while_files_are_written_leaves_nothing(tmp_path: Path) -> None:
    make_tiny_bundle(tmp_path / "tiny")
    arguments = ["convert", str(tmp_path / "tiny"), "--precision", "fp32", "--out", str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, "-c", STOPPED_WHILE_WRITING, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert done.returncode in (1, 130), done.stderr
    assert "passed" in done.stderr and "Traceback" not in done.stderr
    assert left(tmp_path) == ["tiny"]
