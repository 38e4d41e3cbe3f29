"""`edgewise evaluate` from end to end, with a real if tiny model."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

pytest.importorskip("sklearn")
pytest.importorskip("pyarrow")
pytest.importorskip("onnx", reason="the tiny model is built with onnx")

from tests.support.tiny_bundle import make_tiny_bundle

from edgewise.cli.app import main
from edgewise_cloud.commands.evaluate import evaluate


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_bundle(tmp_path_factory.mktemp("models") / "tiny")


def run(*arguments: object) -> Result:
    """Run the command inside the group that turns errors into lines, as on the command line."""
    main.add_command(evaluate)
    return CliRunner().invoke(main, ["evaluate", *map(str, arguments)])


def test_a_data_folder_is_measured_and_written(model: Path, data: Path, tmp_path: Path) -> None:
    figures, plots = tmp_path / "out" / "figures.json", tmp_path / "plots"
    result = run(
        "--model", model, "--data", data, "--tasks", "sentiment,emotion", "--json", figures, "--plots", plots
    )
    assert result.exit_code == 0, result.output
    assert "Model tiny 0.1.0, split test, all rows" in result.stdout
    assert "sentiment/en_sst (1 of 3)" in result.stderr
    found = json.loads(figures.read_text(encoding="utf-8"))
    assert found["model"] == "tiny 0.1.0"
    assert {metric["task"] for metric in found["metrics"]} == {"sentiment", "emotion"}
    assert sorted(path.name for path in plots.iterdir()) == [
        "confusion-emotion.png",
        "confusion-sentiment.png",
        "reliability-emotion.png",
        "reliability-sentiment.png",
        "selective-emotion.png",
        "selective-sentiment.png",
    ]


def test_the_tiny_model_gets_its_own_words_right(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(
        "text,label\ngreat great,positive\nawful awful,negative\nthe day,neutral\n", encoding="utf-8"
    )
    result = run("--model", model, "--file", path, "--task", "sentiment")
    assert result.exit_code == 0, result.output
    row = next(line for line in result.stdout.splitlines() if line.startswith("mine.csv"))
    assert row.split()[:5] == ["mine.csv", "und", "3", "100.0", "%"]


def test_the_data_folder_may_come_from_the_environment(
    model: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEWISE_DATA", str(data))
    result = run("--model", model, "--datasets", "en_sst", "--tasks", "sentiment", "--limit", "2")
    assert result.exit_code == 0, result.output
    assert "at most 2 rows a set, seed 0" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "nowhere"], "catalogue.json"),
        (["--file", "nowhere.csv", "--task", "sentiment"], "nowhere.csv"),
        (["--file", "mine.csv"], "--task"),
        (["--tasks", "mood"], "mood"),
        (["--task", "emotion"], "--tasks"),
    ],
)
def test_what_goes_wrong_is_one_line(model: Path, arguments: list[str], message: str) -> None:
    result = run("--model", model, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_an_unknown_data_set_is_answered_with_near_names(model: Path, data: Path) -> None:
    result = run("--model", model, "--data", data, "--datasets", "en_sts", "--tasks", "sentiment")
    assert result.exit_code == 2
    assert "en_sst" in result.stderr


def test_plots_without_matplotlib_name_the_extra(
    model: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "matplotlib" else found(name)
    )
    result = run("--model", model, "--data", data, "--plots", tmp_path / "plots")
    assert result.exit_code == 2
    assert "edgewise[cloud]" in result.stderr


def test_the_command_module_is_light_and_names_what_is_missing() -> None:
    code = (
        "import sys, edgewise_cloud.commands.evaluate;"
        "heavy = {'sklearn', 'pyarrow', 'matplotlib', 'torch', 'onnxruntime'} & set(sys.modules);"
        "sys.exit(f'imports {heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    missing = "import sys; sys.modules['sklearn'] = None\nimport edgewise_cloud.commands.evaluate"
    told = subprocess.run([sys.executable, "-c", missing], capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert "ModuleNotFoundError: No module named 'sklearn'" in told.stderr
