"""`edgewise bench`: figures of every artifact that works here, and reasons for the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.tiny_bundle import make_tiny_bundle
from tests.unit.cli.conftest import Run

QUICK = ("--lengths", "4,16,4000", "--batches", "1,3", "--runs", "5", "--seconds", "0")


def two_backends(spec: dict[str, Any]) -> None:
    """One artifact that works, one for a backend that nobody has, one that is no model."""
    (good,) = spec["models"]["encoder"]["artifacts"]
    spec["models"]["encoder"]["artifacts"] = [good, {**good, "backend": "abacus"}]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_bundle(tmp_path_factory.mktemp("bench") / "tiny", two_backends)


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    """What it prints, as a plot gets it."""
    row = {
        "backend": "onnxruntime",
        "precision": "fp32",
        "p99_ms": 2.0,
        "rows_per_second": 1000.0,
        "memory_mb": None,
        "load_ms": 30.0,
        "runs": 5,
    }
    rows = [{**row, "length": n, "batch": b, "p50_ms": n / 10} for n in (8, 32) for b in (1, 16)]
    rows += [{**each, "backend": "tflite", "memory_mb": 40.0} for each in rows]
    machine = {"cpu": "abacus", "threads": 1, "load": None, "flags": []}
    return {"bundle": "tiny 0.1.0", "model": "encoder", "machine": machine, "rows": rows, "failed": []}


def test_every_length_and_batch_has_its_figures(edgewise: Run, measured: Path) -> None:
    found = json.loads(edgewise("bench", "--model", measured, "--json", *QUICK).stdout)
    rows = found["rows"]
    assert [(row["length"], row["batch"]) for row in rows] == [(4, 1), (16, 1), (4, 3), (16, 3)]
    for row in rows:
        assert (row["backend"], row["precision"], row["runs"]) == ("onnxruntime", "fp32", 5)
        assert 0 < row["p50_ms"] <= row["p99_ms"]
        assert row["rows_per_second"] == pytest.approx(1000 * row["batch"] / row["p50_ms"])
        assert row["load_ms"] > 0
        assert row["memory_mb"] is None or 10 < row["memory_mb"] < 1000
    (failed,) = found["failed"]
    assert failed["name"] == "abacus/fp32"
    assert "no installed package" in failed["reason"]


def test_people_get_a_table_and_the_reasons(edgewise: Run, measured: Path) -> None:
    done = edgewise("bench", "--model", measured, "--backend", "onnxruntime", "--backend", "tflite", *QUICK)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith("tiny 0.1.0, encoder: ")
    assert lines[2].split()[:5] == ["backend", "precision", "length", "batch", "p50"]
    assert sum(line.startswith("onnxruntime ") for line in lines) == 4
    assert "Not measured: tflite: the model has no artifact for it" in lines[-1]


def test_nothing_measured_is_exit_code_1(edgewise: Run, measured: Path) -> None:
    done = edgewise("bench", "--model", measured, "--backend", "onnxruntime:cuda", *QUICK)
    assert done.exit_code == 1
    assert "CUDAExecutionProvider" in done.stdout


@pytest.mark.parametrize(
    "wrong", [("--lengths", "0"), ("--lengths", "a"), ("--batches", ""), ("--encoder", "nobody")]
)
def test_options_that_make_no_sense_are_refused(
    edgewise: Run, measured: Path, wrong: tuple[str, str]
) -> None:
    assert edgewise("bench", "--model", measured, *wrong).exit_code == 2


def test_the_plot_shows_every_artifact(facts: dict[str, Any], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra 'cloud' is not installed")
    from edgewise_cloud.bench_plot import plot

    plot(facts, tmp_path / "bench.png")
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")
    plot(facts, tmp_path / "bench.svg")
    assert "<svg" in (tmp_path / "bench.svg").read_text(encoding="utf-8")


def test_without_the_extra_a_plot_is_refused_before_anything_is_measured(
    edgewise: Run, measured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: [])
    done = edgewise("bench", "--model", measured, "--plot", tmp_path / "bench.png", *QUICK)
    assert done.exit_code == 2
    assert 'pip install "edgewise[cloud]"' in done.stderr
    assert "Measuring" not in done.stderr
