"""Real processes, really killed: the output is the same to the byte, and nothing else is left."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.support.tiny_bundle import make_tiny_bundle

ROWS = 1_200  # So many that a loaded machine is still at work when a signal comes.
WORDS = ["good", "bad", "you", "idiot", "the", "day", "wow", "unknown", "kill", "love", "is", "é🙂"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle, a table, and the answers of a run that nobody stopped."""
    folder = tmp_path_factory.mktemp("stops")
    make_tiny_bundle(folder / "tiny")
    lines = ["id,text"]
    for number in range(ROWS):
        words = " ".join(WORDS[number * step % len(WORDS)] for step in range(1, 12))
        lines.append(str(number) if number % 50 == 7 else f"{number},{words}")
    (folder / "in.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name in ("whole.csv", "whole.parquet"):
        assert finish(folder, name).returncode == 0
    return folder


def command(folder: Path, output: str, *more: str) -> list[str]:
    """A run that is slow, with many small chunks."""
    options = [
        "--explain",
        "--batch-size",
        "1",
        "--file",
        str(folder / "in.csv"),
        "--model",
        str(folder / "tiny"),
    ]
    return [sys.executable, "-m", "edgewise", "analyze", *options, "--output", str(folder / output), *more]


def finish(folder: Path, output: str, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(folder, output, *more), capture_output=True, text=True, timeout=120)


def start(folder: Path, output: str, *more: str) -> subprocess.Popen[str]:
    # Tests that were started in the background of a shell inherit that Ctrl-C is ignored.
    heeding = (
        {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)} if os.name == "posix" else {}
    )
    return subprocess.Popen(command(folder, output, *more), stderr=subprocess.PIPE, text=True, **heeding)


def wait_for_answers(folder: Path, output: str, size: int, process: subprocess.Popen[str]) -> None:
    """Wait until so many bytes of answers are written."""
    answers = folder / f"{output}.partial" / "answers.jsonl"
    give_up = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < give_up:
        with contextlib.suppress(FileNotFoundError):
            if answers.stat().st_size > size:
                return
        time.sleep(0.005)
    raise AssertionError(f"ended too early: {process.stderr.read() if process.stderr else ''}")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_killed_run_is_continued_to_the_same_bytes(folder: Path, ending: str) -> None:
    output = f"killed.{ending}"
    for size in (0, 30_000):
        process = start(folder, output)
        wait_for_answers(folder, output, size, process)
        process.kill()
        process.communicate()
        assert not (folder / output).exists()
    done = finish(folder, output, "--resume")
    assert done.returncode == 0
    assert "Continuing earlier work" in done.stderr
    assert sha256(folder / output) == sha256(folder / f"whole.{ending}")
    assert not (folder / f"{output}.partial").exists()


@pytest.mark.slow
def test_a_run_killed_at_any_moment_is_continued_to_the_same_bytes(folder: Path) -> None:
    """Kill it again and again, a little later each time, until it comes to its end."""
    output = "often.csv"
    for patience in range(40):
        process = start(folder, output)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=0.25 + 0.05 * patience)
            assert process.returncode == 0
            break
        process.kill()
        process.communicate()
        if (folder / output).exists():  # Killed on its way out, when all was done but the tidying up.
            assert finish(folder, output, "--resume").returncode == 0
            break
    assert sha256(folder / output) == sha256(folder / "whole.csv")
    assert not (folder / f"{output}.partial").exists()


def test_ctrl_c_says_how_to_go_on_and_loses_nothing(folder: Path) -> None:
    output = "interrupted.csv"
    process = start(folder, output)
    wait_for_answers(folder, output, 4_000, process)  # Some rows, not the header alone.
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "rows are done and kept" in said
    assert "Run the same command again to continue." in said
    assert "Traceback" not in said
    journal = json.loads((folder / f"{output}.partial" / "journal.json").read_text())
    assert journal["rows_done"] > 0
    done = finish(folder, output)
    assert f"{journal['rows_done']:,} of {ROWS:,} rows are done" in done.stderr
    assert sha256(folder / output) == sha256(folder / "whole.csv")


def test_other_options_do_not_mix_with_earlier_work(folder: Path) -> None:
    output = "mixed.csv"
    process = start(folder, output)
    wait_for_answers(folder, output, 0, process)
    process.kill()
    process.communicate()
    done = finish(folder, output, "--threshold", "toxicity=0.9")
    assert done.returncode == 2
    assert "made with another thresholds" in done.stderr
    done = finish(folder, output, "--threshold", "toxicity=0.9", "--no-resume")
    assert done.returncode == 0
    assert sha256(folder / output) != sha256(folder / "whole.csv")


def test_two_processes_do_not_write_one_output(folder: Path) -> None:
    output = "shared.csv"
    process = start(folder, output)
    wait_for_answers(folder, output, 0, process)
    process.send_signal(signal.SIGSTOP)
    second = finish(folder, output)
    process.send_signal(signal.SIGCONT)
    assert second.returncode == 2
    assert "Another process" in second.stderr
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert sha256(folder / output) == sha256(folder / "whole.csv")


def test_a_full_disk_is_one_line_and_can_be_continued(folder: Path) -> None:
    """A limit on the size of files stands for the full disk: the system refuses to write more."""
    resource = pytest.importorskip("resource")

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))

    output = "full.csv"
    done = subprocess.run(
        command(folder, output), capture_output=True, text=True, timeout=120, preexec_fn=little_room
    )
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "cannot be written: File too large. Make room, then run the same command again" in done.stderr
    assert not (folder / output).exists()
    assert finish(folder, output).returncode == 0
    assert sha256(folder / output) == sha256(folder / "whole.csv")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that even root cannot write to")
def test_a_folder_that_cannot_be_written_is_one_line(folder: Path) -> None:
    done = finish(folder, "/proc/out.csv")
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "cannot be written" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="no such pipes there")
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_reader_that_goes_away_is_met_with_silence(folder: Path, more: list[str]) -> None:
    texts = subprocess.Popen(
        [sys.executable, "-m", "edgewise", "analyze", "--model", str(folder / "tiny"), *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert texts.stdin is not None
    assert texts.stdout is not None
    assert texts.stderr is not None
    texts.stdin.write(b"good day\n")
    texts.stdin.flush()
    # The first answer comes before the second text is given.
    assert texts.stdout.readline()
    texts.stdout.close()
    with contextlib.suppress(BrokenPipeError):
        texts.stdin.write(b"bad day\n" * 1000)
        texts.stdin.close()
    assert texts.wait(timeout=60) == 141
    assert texts.stderr.read() == b""
    texts.stderr.close()
