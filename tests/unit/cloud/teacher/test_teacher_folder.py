"""Saved teachers: what comes back, what is refused, several of them together."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import Result
from safetensors.torch import load_file, save_file
from tests.support.teachers import same_weights, tiny_recipe

from edgewise_cloud.catalogue import Catalogue
from edgewise_cloud.teacher.answers import Ensemble
from edgewise_cloud.teacher.errors import (
    CheckpointWriteError,
    EnsembleError,
    TeacherError,
    TeacherFolderError,
)
from edgewise_cloud.teacher.network import TeacherNetwork, load_encoder
from edgewise_cloud.teacher.pipeline import train_teacher
from edgewise_cloud.teacher.saved import Teacher, carry_heads

TEXTS = ["what a wonderful house", "you idiot", "", "water " * 100, "dobro jutro 😂"]


@pytest.fixture
def folder(english: Path, tmp_path: Path) -> Path:
    """A copy of a saved teacher."""
    return Path(shutil.copytree(english / "teacher", tmp_path / "teacher"))


@pytest.fixture(scope="module")
def second(
    tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue, encoder: Callable[[str], Path]
) -> Path:
    """A teacher of two tasks, on another encoder."""
    work = tmp_path_factory.mktemp("second")
    recipe = tiny_recipe(encoder("roberta"), name="second", tasks=["toxicity", "emotion"])
    train_teacher(recipe.changed({"prepare.limit": 30}), catalogue, work)
    return work / "teacher"


def test_a_saved_teacher_answers_as_before(folder: Path, tmp_path: Path) -> None:
    first = Teacher.load(folder)
    first.save(tmp_path / "again")
    assert same_weights(folder, tmp_path / "again")
    second = Teacher.load(tmp_path / "again")
    for task, values in first.logits(TEXTS).items():
        assert np.array_equal(values, second.logits(TEXTS)[task])
    assert first.facts == second.facts
    assert not list(tmp_path.glob("*.part"))
    assert not list(tmp_path.glob("*.old"))


def test_probabilities_are_calibrated_logits(folder: Path) -> None:
    teacher = Teacher.load(folder)
    logits, found = teacher.logits(TEXTS), teacher.probabilities(TEXTS)
    warmth = teacher.tasks["sentiment"]["temperature"]
    wanted = torch.softmax(torch.from_numpy(logits["sentiment"]) / warmth, 1).numpy()
    assert found["sentiment"] == pytest.approx(wanted, abs=1e-5)
    assert found["emotion"].sum(axis=1) == pytest.approx(1, abs=1e-5)
    warmth = teacher.tasks["toxicity"]["temperature"]
    assert found["toxicity"] == pytest.approx(
        torch.sigmoid(torch.from_numpy(logits["toxicity"]) / warmth).numpy(), abs=1e-5
    )


def test_a_language_has_its_own_temperature(folder: Path) -> None:
    facts = json.loads((folder / "teacher.json").read_text())
    facts["tasks"]["sentiment"]["temperature_by_language"] = {"de": 100.0}
    (folder / "teacher.json").write_text(json.dumps(facts))
    teacher = Teacher.load(folder)
    flat, own = teacher.probabilities(TEXTS[:2], ["de", "en"])["sentiment"]
    assert flat == pytest.approx(1 / 3, abs=0.1)
    assert own == pytest.approx(teacher.probabilities(TEXTS[:2])["sentiment"][1], abs=1e-6)


def _facts(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    def harm(folder: Path) -> None:
        facts = json.loads((folder / "teacher.json").read_text())
        change(facts)
        (folder / "teacher.json").write_text(json.dumps(facts))

    return harm


def _heads(change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> Callable[[Path], object]:
    return lambda folder: save_file(
        change(load_file(folder / "heads.safetensors")), folder / "heads.safetensors"
    )


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: shutil.rmtree(folder),
        lambda folder: (folder / "teacher.json").unlink(),
        lambda folder: (folder / "teacher.json").write_text("{"),
        lambda folder: (folder / "teacher.json").write_text("[]"),
        lambda folder: (folder / "teacher.json").write_bytes(b"\xff\xfe"),
        lambda folder: (folder / "heads.safetensors").unlink(),
        lambda folder: (folder / "heads.safetensors").write_bytes(b"\x10"),
        lambda folder: shutil.rmtree(folder / "encoder"),
        lambda folder: (folder / "encoder/model.safetensors").write_bytes(b"\x10"),
        lambda folder: (folder / "encoder/config.json").write_text("{}"),
        lambda folder: (folder / "encoder/tokenizer.json").write_text("{}"),
        _facts(lambda facts: facts.pop("max_tokens")),
        _facts(lambda facts: facts["tasks"].pop("emotion")),
        _facts(lambda facts: facts["tasks"]["emotion"].pop("temperature")),
        _facts(lambda facts: facts["tasks"]["emotion"].update(thresholds=[3])),
        _facts(lambda facts: facts["labels"]["emotion"].pop()),
        _facts(lambda facts: facts.update(labels=7)),
        _heads(lambda heads: {name: value for name, value in heads.items() if "emotion" not in name}),
        _heads(lambda heads: {name: value[:1].clone() for name, value in heads.items()}),
    ],
)
def test_a_broken_folder_is_named(harm: Callable[[Path], object], folder: Path) -> None:
    harm(folder)
    with pytest.raises(TeacherError) as caught:
        Teacher.load(folder)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_command_names_a_broken_folder(run: Callable[..., Result], mini: Path, tmp_path: Path) -> None:
    result = run("evaluate", tmp_path / "none", "--data", mini, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "holds no teacher" in result.stderr
    assert "Traceback" not in result.output


def test_a_full_disk_leaves_the_old_folder_whole(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import safetensors.torch

    teacher = Teacher.load(folder)
    before = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def full(*given: object, **named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(safetensors.torch, "save_file", full)
    with pytest.raises(CheckpointWriteError, match="No space left"):
        teacher.save(folder)
    assert {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_an_ensemble_is_the_mean_of_its_teachers(folder: Path, second: Path) -> None:
    one, other = Teacher.load(folder), Teacher.load(second)
    both = Ensemble([one, other])
    assert both.name == "tiny+second"
    found = both.probabilities(TEXTS)
    assert found.keys() == {"sentiment", "toxicity", "emotion"}
    assert found["sentiment"] == pytest.approx(one.probabilities(TEXTS)["sentiment"])
    mean = (one.probabilities(TEXTS)["emotion"] + other.probabilities(TEXTS)["emotion"]) / 2
    assert found["emotion"] == pytest.approx(mean, abs=1e-6)
    answers = both.analyze_batch(TEXTS, tasks=("emotion", "language"))
    assert [answer.emotion.label for answer in answers if answer.emotion] == [
        both.labels["emotion"][place] for place in mean.argmax(axis=1)
    ]
    assert all(answer.language is None and answer.sentiment is None for answer in answers)


def test_thresholds_of_an_ensemble_are_means(folder: Path) -> None:
    def with_thresholds(thresholds: dict[str, Any]) -> Any:
        one = Teacher.load(folder)
        tasks = {**one.tasks, "toxicity": {**one.tasks["toxicity"], "thresholds": thresholds}}
        return Teacher(one.name, one.network, one.reader, one.labels, tasks, one.max_tokens, one.facts)

    first = {"value": 0.2, "by_language": {"de": {"value": 0.1}, "en": {"value": 0.3}}}
    second = {"value": 0.4, "by_language": {"en": {"value": 0.5}}}
    both = Ensemble(
        [
            with_thresholds({"default": {"value": 0.5}, "toxicity": first}),
            with_thresholds({"default": {"value": 0.7}, "toxicity": second, "insult": {"value": 0.1}}),
        ]
    )
    found = both.tasks["toxicity"]["thresholds"]
    assert found["default"]["value"] == pytest.approx(0.6)
    assert found["insult"]["value"] == pytest.approx(0.3)
    assert found["toxicity"]["value"] == pytest.approx(0.3)
    own = found["toxicity"]["by_language"]
    assert own["en"] == {"value": pytest.approx(0.4)}
    assert own["de"] == {"value": pytest.approx(0.25)}, "the other has one threshold for all languages"


def test_the_ensemble_is_measured_by_the_command(
    run: Callable[..., Result],
    folder: Path,
    second: Path,
    mini: Path,
    gates: Callable[[float], Path],
    tmp_path: Path,
) -> None:
    result = run(
        "evaluate", folder, second, "--data", mini, "--out", tmp_path / "out", "--languages", "en",
        "--limit", 25, "--gates", gates(0.0),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "out/report.json").read_text())
    assert report["model"] == "tiny+second"
    again = run(
        "evaluate", second, "--data", mini, "--out", tmp_path / "alone", "--limit", 25, "--gates", gates(1.0),
        "--champion", tmp_path / "out/predictions.parquet",
    )  # fmt: skip
    assert again.exit_code == 1, again.output
    verdict = json.loads((tmp_path / "alone/gates.json").read_text())
    assert verdict["champion"] == "tiny+second"
    assert {entry["task"] for entry in verdict["results"]} == {"toxicity", "emotion"}


def test_teachers_of_other_labels_do_not_fit_together(folder: Path) -> None:
    one = Teacher.load(folder)
    labels = {**one.labels, "emotion": one.labels["emotion"][::-1]}
    other = Teacher("odd", one.network, one.reader, labels, one.tasks, one.max_tokens, one.facts)
    with pytest.raises(EnsembleError, match="odd"):
        Ensemble([one, other])


def test_a_restricted_ensemble_answers_with_these_languages_only() -> None:
    class Fixed:
        name = "fixed"
        labels = {"language": ("de", "en", "sr")}  # noqa: RUF012 - it stands for a teacher
        tasks = {  # noqa: RUF012
            "language": {
                "labels": ["de", "en", "sr"],
                "activation": "softmax",
                "temperature": 1.0,
                "pooling": "mean",
                "thresholds": {"default": {"value": 0.0}},
            }
        }

        def knows(self, language: str, task: str) -> bool:
            return True

        def probabilities(self, texts: list[str], languages: list[str]) -> dict[str, Any]:
            return {"language": np.array([[0.5, 0.3, 0.2]] * len(texts), np.float32)}

    fixed: Any = Fixed()
    free = Ensemble([fixed])
    (answer,) = free.analyze_batch(["x"], tasks=("language",))
    assert answer.language is not None
    assert answer.language.label == "de"
    (answer,) = free.restricted(["en", "sr"]).analyze_batch(["x"], tasks=("language",))
    assert answer.language is not None
    assert answer.language.label == "en"
    assert answer.language.scores["en"] == pytest.approx(0.6, abs=1e-3)


def test_what_is_no_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TeacherFolderError, match="can't be read"):
        Teacher.load(tmp_path / "file")


def test_half_precision_is_half_the_size_and_says_the_same(
    folder: Path, run: Callable[..., Result], tmp_path: Path
) -> None:
    small = tmp_path / "small"
    result = run("shrink", folder, small)
    assert result.exit_code == 0, result.output
    weights = load_file(small / "encoder/model.safetensors"), load_file(small / "heads.safetensors")
    assert {value.dtype for each in weights for value in each.values() if value.is_floating_point()} == {
        torch.float16
    }
    before, after = Teacher.load(folder), Teacher.load(small)
    assert next(after.network.parameters()).dtype == torch.float32
    assert after.facts == before.facts
    for task, values in before.logits(TEXTS).items():
        assert after.logits(TEXTS)[task] == pytest.approx(values, abs=0.02)


def test_a_finished_teacher_is_an_encoder_to_go_on_from(
    folder: Path, catalogue: Catalogue, tmp_path: Path
) -> None:
    recipe = tiny_recipe(folder, name="longer", tasks=["sentiment", "emotion"])
    recipe = recipe.changed({"training.rate": 1e-12, "training.head_rate": 1e-12, "prepare.limit": 30})
    longer = Teacher.load(train_teacher(recipe, catalogue, tmp_path / "work").folder)
    former = Teacher.load(folder).logits(TEXTS)
    assert set(longer.labels) == {"sentiment", "emotion"}
    for task, values in longer.logits(TEXTS).items():
        # bf16 keeps eight bits of a number.
        assert values == pytest.approx(former[task], abs=0.02)


def test_heads_are_carried_over_from_teachers_alone(folder: Path, encoder: Callable[[str], Path]) -> None:
    teacher = Teacher.load(folder)
    network = TeacherNetwork(load_encoder(str(folder)), {"sentiment": 3, "toxicity": 5})
    before = network.heads["toxicity"].weight.clone()
    assert carry_heads(network, str(encoder("bert"))) == ()
    assert carry_heads(network, str(folder)) == ("sentiment",)
    assert torch.equal(network.heads["sentiment"].weight, teacher.network.heads["sentiment"].weight)
    assert torch.equal(network.heads["toxicity"].weight, before)
