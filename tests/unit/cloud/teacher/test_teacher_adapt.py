"""`edgewise teacher adapt`: a teacher learns a customer's own labels and keeps the rest."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import Result
from tests.support.teachers import same_weights, weights_of
from tests.support.training_data import sentences

from edgewise_cloud.catalogue import Catalogue
from edgewise_cloud.prepare.store import load_examples
from edgewise_cloud.teacher.adapt import adapt_teacher
from edgewise_cloud.teacher.own_rows import OwnFile
from edgewise_cloud.teacher.saved import Teacher

Run = Callable[..., Result]
FAST = (
    "--set", "training.rate=0.002", "--set", "training.head_rate=0.02", "--set", "training.epochs=6",
    "--set", "training.tokens_per_batch=400",
)  # fmt: skip


def own_file(path: Path, rows: int = 240, names: tuple[str, str] = ("text", "label"), seed: int = 40) -> Path:
    """Write texts in which two words mean the opposite of what a teacher thinks."""
    rng = np.random.default_rng(seed)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow([*names, "code"])
        for place, text in enumerate(sentences("en", rows, seed)):
            label = ("negative", "positive")[place % 2]
            word = ("refund", "delivered")[place % 2]
            writer.writerow([f"{text} {word} {rng.integers(10**6)}", label, "en"])
    return path


@pytest.fixture(scope="module")
def adapted(english: Path, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The work folder of a teacher that was adapted by the command."""
    work = tmp_path_factory.mktemp("adapted")
    path = own_file(work / "mine.csv", 900)
    result = run(
        "adapt",
        english / "teacher",
        "--file",
        path,
        "--task",
        "sentiment",
        "--work",
        work,
        "--language",
        "en",
        *FAST,
    )
    assert result.exit_code == 0, result.output
    assert f"Saved {work / 'teacher'}" in result.stdout
    return work


def test_it_learns_the_rows_and_says_by_how_much(adapted: Path) -> None:
    facts = json.loads((adapted / "teacher/teacher.json").read_text())
    told = facts["adapted"]
    assert told["after"]["loss"] < told["before"]["loss"]
    assert told["after"]["macro_f1"] > 0.8 > told["before"]["macro_f1"]
    assert told["calibrated"]
    assert told["from"] == "tiny"
    assert facts["name"] == "tiny-adapted"
    teacher = Teacher.load(adapted / "teacher")
    said = teacher.probabilities(["the house refund 7", "the house delivered 7"])["sentiment"]
    assert [teacher.labels["sentiment"][place] for place in said.argmax(axis=1)] == ["negative", "positive"]


def test_its_other_tasks_stay_nearly_what_they_were(adapted: Path, english: Path) -> None:
    texts = load_examples(adapted / "dev.parquet").texts
    old, new = Teacher.load(english / "teacher"), Teacher.load(adapted / "teacher")
    before, after = old.probabilities(texts), new.probabilities(texts)
    for task in ("toxicity", "emotion"):
        assert np.abs(before[task] - after[task]).mean() < 0.08
        assert new.tasks[task] == old.tasks[task]
    assert np.abs(before["sentiment"] - after["sentiment"]).mean() > 0.15


def test_the_old_teacher_stays_and_dev_rows_are_not_trained_on(adapted: Path, english: Path) -> None:
    assert not same_weights(adapted / "teacher", english / "teacher")
    train, dev = (load_examples(adapted / f"{name}.parquet") for name in ("train", "dev"))
    assert not set(train.texts) & set(dev.texts)
    assert len(dev) == pytest.approx(900 / 8, abs=2)


def test_a_stopped_run_goes_on_to_the_same_weights(
    adapted: Path, english: Path, run: Run, tmp_path: Path
) -> None:
    step, taken = torch.optim.AdamW.step, 0

    def dying(*given: object, **named: object) -> object:
        nonlocal taken
        taken += 1
        if taken > 20:
            raise KeyboardInterrupt
        return step(*given, **named)

    command = (
        "adapt", english / "teacher", "--file", adapted / "mine.csv", "--task", "sentiment",
        "--work", tmp_path, "--language", "en", *FAST, "--set", "training.checkpoint_every=7",
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.AdamW, "step", dying)
        assert run(*command).exit_code == 130
    assert run(*command).exit_code == 0
    assert weights_of(tmp_path / "teacher").keys() == weights_of(adapted / "teacher").keys()
    assert same_weights(tmp_path / "teacher", adapted / "teacher")


@pytest.mark.parametrize("task", ["toxicity", "emotion"])
def test_every_labelled_task_can_be_adapted(task: str, english: Path, run: Run, tmp_path: Path) -> None:
    labels = {"toxicity": ("1", "no"), "emotion": ("joy", "anger")}[task]
    path, parts = tmp_path / "mine.jsonl", ["dev", *["train"] * 4]
    lines = [
        {
            "body": f"{text} {number}",
            "mark": labels[number % 2],
            "lang": "en",
            "part": parts[number % 5],
        }
        for number, text in enumerate(sentences("en", 60, 8))
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    result = run(
        "adapt", english / "teacher", "--file", path, "--task", task, "--work", tmp_path / "w",
        "--text", "body", "--label", "mark", "--language-column", "lang", "--split-column", "part",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "12 dev rows" in result.stdout
    assert "the old ones" in result.stdout
    assert set(load_examples(tmp_path / "w/dev.parquet").langs) == {"en"}
    old, new = Teacher.load(english / "teacher"), Teacher.load(tmp_path / "w/teacher")
    assert new.tasks == old.tasks


def test_rows_of_a_test_split_are_dropped_when_the_data_is_there(
    english: Path, mini: Path, catalogue: Catalogue, run: Run, tmp_path: Path
) -> None:
    leaked = catalogue.dataset("sentiment/en_sst").examples("test").texts[:5]
    path = own_file(tmp_path / "mine.csv", 100)
    with path.open("a", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([text.upper(), "positive", "en"] for text in leaked)
    for number, more in enumerate(((), ("--data", mini))):
        work = tmp_path / str(number)
        result = run(
            "adapt", english / "teacher", "--file", path, "--task", "sentiment", "--work", work, *more,
            "--set", "training.epochs=1",
        )  # fmt: skip
        assert result.exit_code == 0, result.output
        texts = {
            text.casefold()
            for name in ("train", "dev")
            for text in load_examples(work / f"{name}.parquet").texts
        }
        assert bool(texts & {text.casefold() for text in leaked}) == (number == 0)


@pytest.mark.parametrize(
    ("content", "more", "message"),
    [
        ("text,label\nfine,positive\nawful,negative\n", (), "leaves 2 rows to train on and 0"),
        ("text,label\nfine,wonderful\n", (), "'wonderful'"),
        ("body,label\nfine,positive\n", (), "no column 'text'"),
        ("", (), "mine.csv"),
        ("text,label\n", (), "leaves 0 rows"),
        ("text,label\n,positive\nfine,\n", (), "leaves 0 rows"),
        ("text,label\n" + "".join(f"the house {i},positive\n" for i in range(90)), (), "one class"),
        (None, ("--set", "encoder=x"), "can't be changed"),
        (None, ("--set", "training.rate=x"), "training.rate"),
        (None, ("--label", "mark"), "no column 'mark'"),
        (None, ("--data", "/no/where"), "catalogue.json does not exist"),
    ],
)
def test_what_cannot_be_adapted_is_one_line(
    content: str | None, more: tuple[str, ...], message: str, english: Path, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "mine.csv"
    if content is None:
        own_file(path, 40)
    else:
        path.write_text(content, encoding="utf-8")
    work = tmp_path / "w"
    result = run("adapt", english / "teacher", "--file", path, "--task", "sentiment", "--work", work, *more)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert not (work / "run.json").exists()


def test_another_file_in_the_same_folder_is_refused(
    adapted: Path, english: Path, run: Run, tmp_path: Path
) -> None:
    path = own_file(tmp_path / "mine.csv", 40)
    result = run(
        "adapt",
        english / "teacher",
        "--file",
        path,
        "--task",
        "sentiment",
        "--work",
        adapted,
        "--language",
        "en",
        *FAST,
    )
    assert result.exit_code == 2
    assert "own.sha256" in result.stderr


def test_a_task_that_the_teacher_lacks_is_named(english: Path, tmp_path: Path) -> None:
    from edgewise_cloud.teacher.errors import AdaptTaskError

    with pytest.raises(AdaptTaskError, match="language"):
        adapt_teacher(english / "teacher", OwnFile(own_file(tmp_path / "m.csv"), "language"), tmp_path / "w")
