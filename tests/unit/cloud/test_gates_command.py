"""`edgewise gate`: what it prints, writes and exits with."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

pytest.importorskip("sklearn")
pytest.importorskip("scipy")
pytest.importorskip("pyarrow")

from tests.support.made_predictions import model, part

from edgewise.cli.app import main
from edgewise_cloud.commands.gate import gate
from edgewise_cloud.predictions import read_predictions, write_predictions


def run(*arguments: object) -> Result:
    """Run the command inside the group that turns errors into lines, as on the command line."""
    main.add_command(gate)
    return CliRunner().invoke(main, ["gate", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a good and a bad model and with gates."""
    gold = ["positive", "negative"] * 100
    for name, hits in (("good", 190), ("bad", 100)):
        guess = [g if i < hits else "neutral" for i, g in enumerate(gold)]
        write_predictions(
            tmp_path / f"{name}.parquet", model(part("sentiment", gold, guess), name=f"{name} 1")
        )
    write_gates(
        tmp_path,
        {"task": "sentiment", "metric": "accuracy", "at_least": 0.9, "not_worse_than_champion_by": 0.01},
    )
    return tmp_path


def write_gates(folder: Path, *gates: dict[str, Any]) -> None:
    (folder / "own.json").write_text(json.dumps({"format": 1, "resamples": 50, "gates": gates}))


def test_a_good_model_exits_with_0(folder: Path) -> None:
    result = run(
        folder / "good.parquet",
        "--champion",
        folder / "bad.parquet",
        "--gates",
        folder / "own.json",
        "--json",
        folder / "out" / "r.json",
    )
    assert result.exit_code == 0, result.output
    assert "Gates own: good 1 against bad 1" in result.stdout
    assert result.stdout.rstrip().endswith("All gates passed.")
    report = json.loads((folder / "out" / "r.json").read_text(encoding="utf-8"))
    assert report["passed"]
    assert report["results"][0]["champion"] == 0.5


def test_a_bad_model_exits_with_1_and_still_writes_the_report(folder: Path) -> None:
    result = run(folder / "bad.parquet", "--gates", folder / "own.json", "--json", folder / "r.json")
    assert result.exit_code == 1, result.output
    assert "1 of 1 gates failed." in result.stdout
    assert not json.loads((folder / "r.json").read_text(encoding="utf-8"))["passed"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Give either a file of predictions or a bundle"),
        (["good.parquet", "--model", "x"], "Give either"),
        (["good.parquet", "--save", "x.parquet"], "--save belongs to a bundle"),
        (["nobody.parquet"], "nobody.parquet does not exist"),
        (["good.parquet", "--champion", "nobody.parquet"], "nobody.parquet does not exist"),
        (["own.json"], "own.json cannot be used"),
        (["good.parquet", "--gates", "nobody"], "There is no file of gates 'nobody'"),
        (["good.parquet", "--gates", "good.parquet"], "is no file of gates"),
        (["good.parquet", "--json", "good.parquet/r.json"], "good.parquet"),
        (["good.parquet", "--gates", "own.json", "--suites"], "have none about suites"),
    ],
)
def test_bad_input_exits_with_2_and_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(folder)
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_bundle_is_asked_about_what_the_gates_name(folder: Path, data: Path) -> None:
    pytest.importorskip("onnx", reason="the tiny model is built with onnx")
    from tests.support.tiny_bundle import make_tiny_bundle

    bundle = make_tiny_bundle(folder / "tiny")
    write_gates(
        folder,
        {
            "task": "sentiment",
            "metric": "accuracy",
            "dataset": "sentiment/en_sst",
            "at_least": 0.0,
            "min_rows": 1,
        },
        {"task": "sentiment", "metric": "accuracy", "slice": "sarcasm", "at_least": 0.0},
    )
    saved = folder / "tiny.parquet"
    result = run("--model", bundle, "--data", data, "--gates", folder / "own.json", "--save", saved)
    assert result.exit_code == 0, result.output
    found = read_predictions(saved)
    assert set(found.tasks["sentiment"].datasets) == {"sentiment/en_sst", "slices/sarcasm"}
    again = run(saved, "--champion", saved, "--gates", folder / "own.json")
    assert again.exit_code == 0
    write_gates(folder, {"task": "sentiment", "metric": "accuracy"})
    everything = run("--model", bundle, "--data", data, "--gates", folder / "own.json", "--save", saved)
    assert everything.exit_code == 1, everything.output
    assert set(read_predictions(saved).tasks["sentiment"].datasets) == {
        "sentiment/en_sst",
        "sentiment/ja_reviews",
        "sentiment/vi_vsfc",
    }


def test_suites_alone_need_a_bundle_and_no_data(folder: Path) -> None:
    pytest.importorskip("onnx", reason="the tiny model is built with onnx")
    from tests.support.tiny_bundle import make_tiny_bundle

    bundle = make_tiny_bundle(folder / "tiny")
    write_gates(
        folder,
        {"task": "sentiment", "metric": "accuracy", "dataset": "sentiment/en_sst", "at_least": 1.0},
        {"task": "sentiment", "metric": "accuracy", "slice": "sarcasm", "at_least": 0.0},
        {"task": "toxicity", "metric": "twin_gap", "slice": ["names", "kind=neutral"], "at_most": 0.0},
    )
    options = ("--data", folder / "nowhere", "--gates", folder / "own.json", "--json", folder / "r.json")
    result = run(bundle, "--suites", *options)
    assert result.exit_code == 1, result.output
    report = json.loads((folder / "r.json").read_text(encoding="utf-8"))
    assert [one["slice"] for one in report["results"]] == [["sarcasm"], ["names", "kind=neutral"]]
    assert report["model"] == "tiny 0.1.0"
    assert run(bundle, *options).exit_code == 2, "with the gates about sets the data is missed"


def test_the_command_module_is_light() -> None:
    code = (
        "import sys, edgewise_cloud.commands.gate;"
        "heavy = {'sklearn', 'scipy', 'pyarrow', 'numpy', 'torch', 'onnxruntime'} & set(sys.modules);"
        "sys.exit(f'imports {heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
