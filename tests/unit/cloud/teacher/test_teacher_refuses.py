"""What `edgewise teacher train` refuses: one line that names the fault, exit code 2, nothing begun."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import Result
from tests.support.training_data import make_training_data, write_table

Run = Callable[..., Result]
Encoder = Callable[[str], Path]


def chosen(encoder: Path, *more: str) -> list[str]:
    """Options that change a recipe's encoder, and whatever else."""
    changes = (f"encoder={encoder}", "training.precision=no", *more)
    return [part for value in changes for part in ("--set", value)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "mood"), "There is no recipe 'mood'"),
        (("train", "bert_sentiment", "--set", "training.speed=3"), "training.speed is not a field"),
        (("train", "bert_sentiment", "--set", "training.rate=fast"), "training.rate is 'fast'"),
        (("train", "bert_sentiment", "--set", "tasks=[]"), "tasks must be some of"),
        (("train", "bert_sentiment", "--set", "rate"), "NAME=VALUE"),
        (("train", "bert_sentiment", "--set", 'sampling.most={"sentiment/x": 4}'), "sentiment/x"),
        (("train", "bert_sentiment", "--set", "prepare.neer=3"), "neer"),
        (("train", "bert_sentiment", "--set", "encoder=/no/where"), "there is no such folder"),
        (("train", "bert_sentiment", "--set", "encoder=package:no_such_package"), "is not installed"),
        (("train", "bert_sentiment", "--set", "training.precision=fp16", "ENCODER"), "no GPU"),
        (("train", "bert_sentiment", "--set", "max_tokens=99", "ENCODER"), "Lower max_tokens"),
        (("train", "bert_sentiment", "--gates", "soft", "ENCODER"), "soft"),
        (("train", "bert_sentiment", "--gates", "TOXIC", "ENCODER"), "would pass unseen"),
        (("train", "bert_sentiment", "--set", 'languages=["fi"]', "ENCODER"), "othing"),
        (("train", "bert_sentiment", "--licences", "gated", "ENCODER"), "--licences"),
        (("train", "bert_sentiment", "--licences", "secret", "ENCODER"), "secret"),
        (("train", "xlmr_language", "--set", 'languages=["en"]', "XLMR"), "two languages are needed"),
        (("train", "bert_sentiment", "--set", "alignment.teacher=/no/where", "ENCODER"), "holds no teacher"),
        (("train", "bert_sentiment", "--data", "/no/where"), "catalogue.json does not exist"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    arguments: tuple[str, ...], message: str, run: Run, mini: Path, encoder: Encoder, tmp_path: Path
) -> None:
    toxic = tmp_path / "toxic.json"
    gate = {"task": "toxicity", "metric": "accuracy", "at_least": 0.5}
    toxic.write_text(json.dumps({"format": 1, "gates": [gate]}))
    full: list[object] = []
    for part in arguments:
        if part in ("ENCODER", "XLMR"):
            full += ["--set", f"encoder={encoder('bert' if part == 'ENCODER' else 'xlmr')}"]
        else:
            full.append(toxic if part == "TOXIC" else part)
    if "--data" not in arguments:
        full += ["--data", mini]
    work = tmp_path / "work"
    result = run(*full, "--work", work, "--no-validate")
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert result.stderr.count("Error:") == 1
    assert not (work / "run.json").exists()


Change = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: [{**row, "label": "meh"} if i == 5 else row for i, row in enumerate(rows)], "'meh'"),
        (lambda rows: [{**row, "label": "positive"} for row in rows], "one class"),
        (lambda rows: [row for row in rows if row["split"] != "train"], "no rows"),
    ],
)
def test_data_that_cannot_be_learned_from_is_named(
    change: Change, message: str, run: Run, mini: Path, encoder: Encoder, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(mini, data)
    path = data / "sentiment/en_sst.parquet"
    write_table(path, change(pq.read_table(path).to_pylist()))
    result = run(
        "train", "bert_sentiment", "--data", data, "--work", tmp_path / "w", *chosen(encoder("bert"))
    )
    assert result.exit_code == 2, result.output
    assert "sentiment/en_sst" in result.stderr
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_a_corrupt_parquet_is_named(run: Run, mini: Path, encoder: Encoder, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(mini, data)
    (data / "sentiment/en_sst.parquet").write_bytes(b"PAR1 and no more")
    result = run(
        "train", "bert_sentiment", "--data", data, "--work", tmp_path / "w", *chosen(encoder("bert"))
    )
    assert result.exit_code == 2
    assert "en_sst.parquet cannot be read" in result.stderr


def test_pretraining_without_raw_text_is_told(run: Run, encoder: Encoder, tmp_path: Path) -> None:
    data = make_training_data(tmp_path / "data")
    entries = json.loads((data / "catalogue.json").read_text())
    kept = [entry for entry in entries if "rawtext" not in entry["file"]]
    (data / "catalogue.json").write_text(json.dumps(kept))
    result = run(
        "train", "bert_sentiment", "--data", data, "--work", tmp_path / "w", "--rows", 20,
        *chosen(encoder("bert"), "pretraining.texts=5"),
    )  # fmt: skip
    assert result.exit_code == 2
    assert "no raw text in en" in result.stderr


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
@pytest.mark.parametrize("harm", ["missing", "broken"])
def test_a_broken_encoder_is_named(
    name: str, harm: str, run: Run, mini: Path, encoder: Encoder, tmp_path: Path
) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(encoder("bert"), folder)
    if harm == "missing":
        (folder / name).unlink()
        if name == "tokenizer.json":
            (folder / "tokenizer_config.json").unlink()
    else:
        (folder / name).write_bytes(b'{"a": 1')
    result = run(
        "train", "bert_sentiment", "--data", mini, "--work", tmp_path / "w", "--rows", 20, *chosen(folder)
    )
    assert result.exit_code == 2, result.output
    assert "ncoder" in result.stderr
    assert str(folder) in result.stderr
    assert "Traceback" not in result.output


def test_an_encoder_that_lacks_weights_is_not_trained_from_random_ones(
    run: Run, mini: Path, encoder: Encoder, tmp_path: Path
) -> None:
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "encoder"
    shutil.copytree(encoder("bert"), folder)
    weights = load_file(folder / "model.safetensors")
    gone = next(name for name in weights if "layer.1" in name)
    save_file({name: value for name, value in weights.items() if name != gone}, folder / "model.safetensors")
    result = run(
        "train", "bert_sentiment", "--data", mini, "--work", tmp_path / "w", "--rows", 20, *chosen(folder)
    )
    assert result.exit_code == 2
    assert "lacks 1 weights" in result.stderr


def test_a_work_folder_is_given_up_when_nothing_began(
    run: Run, mini: Path, encoder: Encoder, tmp_path: Path
) -> None:
    command = ("train", "bert_sentiment", "--data", mini, "--work", tmp_path, "--rows", 20, "--no-validate")
    assert run(*command, "--set", "encoder=/no/where").exit_code == 2
    assert run(*command, *chosen(encoder("bert")), "--licences", "gated").exit_code == 2
    assert run(*command, *chosen(encoder("bert"))).exit_code == 0
