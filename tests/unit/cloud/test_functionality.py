"""Functionalities: from gates about suites to records, to the table, and to the model card."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("scipy")
pytest.importorskip("pyarrow")
pytest.importorskip("onnx", reason="the tiny model is built with onnx")

from click.testing import CliRunner, Result
from tests.support.made_predictions import model, part
from tests.support.tiny_bundle import make_tiny_bundle

from edgewise.bundle import Bundle
from edgewise.cli.app import main
from edgewise.cli.inventory import means
from edgewise_cloud.card import model_card
from edgewise_cloud.commands.evaluate import evaluate
from edgewise_cloud.evaluate.functionality import functionalities, verdict
from edgewise_cloud.evaluate.records import Record, manifest_metrics
from edgewise_cloud.evaluate.report import Report
from edgewise_cloud.evaluate.table import show
from edgewise_cloud.gates import Gate, Gates, evaluate_gates, load_gates, load_suite, suite_gates, suite_names
from edgewise_cloud.gates.functionality import records_of, suite_of
from edgewise_cloud.train.bundle import note_metrics, read_metrics

NEUTRAL = ("names", "kind=neutral")


def made_records() -> list[Record]:
    """Records of four gates: one about a set, one kept, one failing, one without enough rows."""
    tags = [("names", "kind=neutral", f"term={t}", "template=1") for t in "abcd"]
    toxic = part(
        "toxicity",
        [""] * 4,
        ["", "", "", "toxicity"],
        scores=[[p, *[0.0] * 6] for p in (0.1, 0.2, 0.3, 0.9)],
        slices=tags,
        dataset="slices/names",
    )
    gates = Gates(
        "own",
        (
            Gate("toxicity", "accuracy", dataset="toxicity/x", min_rows=1),
            Gate("toxicity", "false_positive_rate", slice=NEUTRAL, at_most=0.3, min_rows=1),
            Gate("toxicity", "twin_gap", slice=NEUTRAL, at_most=0.1, min_rows=1, over="languages"),
            Gate("toxicity", "accuracy", slice=("names", "kind=insult"), at_least=0.9),
        ),
        resamples=20,
    )
    return records_of(evaluate_gates(model(toxic), None, gates))


def test_a_gate_about_a_suite_becomes_a_record_and_others_do_not() -> None:
    rate, gap = made_records()
    assert (rate.dataset, rate.split, rate.language, rate.rows) == (
        "slices/names:kind=neutral", "suite", "all", 4,
    )  # fmt: skip
    assert rate.is_suite
    assert rate.values["false_positive_rate"] == 0.25
    assert rate.values["at_most"] == 0.3
    assert rate.values["low"] <= 0.25 <= rate.values["high"]
    assert gap.values["twin_gap"] == pytest.approx(0.8)
    assert gap.note == "mean of languages"


def test_the_worst_languages_are_named_beside_their_mean() -> None:
    wrong = {"de": 3, "fr": 0, "it": 1, "pt": 2, "ru": 4}
    lang = [code for code in wrong for _ in range(4)]
    guess = ["toxicity" if i < bad else "" for bad in wrong.values() for i in range(4)]
    made = part("toxicity", [""] * 20, guess, lang=lang, slices=[NEUTRAL] * 20, dataset="slices/names")
    gate = Gate("toxicity", "false_positive_rate", slice=NEUTRAL, over="languages", min_rows=1)
    report = evaluate_gates(model(made), None, Gates("own", (gate,), resamples=20))
    assert report.to_dict()["results"][0]["by_language"] == {
        "de": 0.75, "fr": 0.0, "it": 0.25, "pt": 0.5, "ru": 1.0,
    }  # fmt: skip
    (record,) = records_of(report)
    assert record.note == "mean of languages (worst: ru 1.00, de 0.75, pt 0.50)"
    good = evaluate_gates(model(made), None, Gates("own", (replace(gate, metric="accuracy"),), resamples=20))
    assert "(worst: ru 0.00, de 0.25, pt 0.50)" in records_of(good)[0].note


def test_promises_are_kept_or_not() -> None:
    rate, gap = functionalities(made_records())
    assert (rate.suite, rate.part, rate.words, rate.promise, rate.kept) == (
        "names", "kind=neutral", "called toxic", "<= 0.3", True,
    )  # fmt: skip
    assert (gap.kept, gap.where) == (False, "mean of languages")
    assert verdict([rate, gap]) == "1 of 2 promises are kept."
    shown = Record("emotion", "slices/emoji", "suite", "en", 9, {"accuracy": 0.5})
    (free,) = functionalities([shown])
    assert (free.kept, free.promise, free.interval, free.part) == (None, "", None, "")
    assert functionalities([Record("emotion", "emotion/x", "test", "en", 9, {"accuracy": 0.5})]) == []


def test_the_table_tells_what_fails() -> None:
    text = show(Report("made 1", "test", None, 0, made_records(), {}))
    assert "1 of 2 promises are kept." in text
    (failing,) = [line for line in text.splitlines() if line.endswith("FAILS")]
    assert failing.split()[:3] == ["names", "toxicity", "kind=neutral"]
    assert "== toxicity ==" not in text, "suites are no data set"


def test_the_card_tells_it_and_no_mean_counts_it(tmp_path: Path) -> None:
    folder = make_tiny_bundle(tmp_path / "tiny")
    real = Record("toxicity", "toxicity/de_x", "test", "de", 500, {"macro_f1": 0.8, "ece": 0.07})
    suite = Record("toxicity", "slices/own", "suite", "de", 50, {"macro_f1": 0.1, "at_least": 0.5})
    note_metrics(folder, manifest_metrics([real, suite, *made_records()]))
    manifest = Bundle.open(folder).manifest
    card = model_card(manifest)
    assert "1 of 3 promises are kept." in card
    assert "known to fail: names (toxicity, neutral), own (toxicity)." in card
    assert "| neutral | toxicity | all together | 4 | called toxic | 0.250 |" in card
    assert "| **fails** |" in card
    assert "The same sentence with names from many cultures" in card
    assert "| slices/" not in card, "the table of data sets leaves suites out"
    assert "calibration error) in de" in card
    assert "macro F1 is below" not in card
    assert means(manifest) == {"toxicity": pytest.approx(0.8)}


def test_a_card_without_suites_says_so(tmp_path: Path) -> None:
    assert "No functionality was measured." in model_card(
        Bundle.open(make_tiny_bundle(tmp_path / "tiny")).manifest
    )


def test_what_a_student_promises_covers_every_suite_and_every_kind() -> None:
    gates = suite_gates(load_gates("student")).gates
    assert {suite_of(gate) for gate in gates} == set(suite_names())
    assert all(gate.at_least is not None or gate.at_most is not None for gate in gates)
    asked = {(suite_of(gate), gate.task, tag) for gate in gates for tag in gate.slice}
    whole = {(suite_of(gate), gate.task) for gate in gates if len(gate.slice) == 1}
    missing = {
        (suite, row.task, tag)
        for suite in suite_names()
        for row in load_suite(suite)
        for tag in row.tags
        if tag.startswith("kind=")
        if (suite, row.task, tag) not in asked and (suite, row.task) not in whole
    }
    assert missing == {("sarcasm", "sentiment", "kind=plain")}


def test_a_list_of_languages_is_one_gate_each() -> None:
    gates = [gate for gate in load_gates("student").gates if gate.metric == "ece" and not gate.slice]
    assert {("toxicity", "hi"), ("sentiment", "fr"), ("emotion", "ko")} <= {
        (g.task, g.language) for g in gates
    }
    assert {gate.at_most for gate in gates} == {0.05}


def test_suites_are_narrowed_to_tasks_and_languages() -> None:
    gates = suite_gates(load_gates("student"), tasks=("sentiment",), languages=("de",)).gates
    assert {gate.task for gate in gates} == {"sentiment"}
    assert {gate.language for gate in gates} == {"*"}


def run(*arguments: object) -> Result:
    main.add_command(evaluate)
    return CliRunner().invoke(main, ["evaluate", *map(str, arguments)])


def measured(path: Path) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["metrics"]
    return [entry for entry in entries if entry["split"] == "suite"]


def test_evaluate_measures_suites_and_the_card_takes_them(tmp_path: Path, data: Path) -> None:
    folder, figures = make_tiny_bundle(tmp_path / "tiny"), tmp_path / "figures.json"
    result = run("--model", folder, "--data", data, "--tasks", "sentiment", "--json", figures)
    assert result.exit_code == 0, result.output
    assert "== functionalities ==" in result.stdout
    found = measured(figures)
    assert {entry["task"] for entry in found} == {"sentiment"}
    assert {"slices/negation", "slices/dialect", "slices/sarcasm:kind=sincere"} <= {
        e["dataset"] for e in found
    }
    assert all("at_least" in entry and "low" in entry for entry in found)
    note_metrics(folder, read_metrics(figures))
    Bundle.open(folder).verify()
    assert "### negation" in (folder / "MODEL_CARD.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (["--no-suites"], False),
        (["--datasets", "en_sst"], False),
        (["--datasets", "en_sst", "--suites"], True),
        (["--languages", "en"], True),
    ],
)
def test_suites_can_be_asked_for_or_left_out(
    tmp_path: Path, data: Path, arguments: list[str], asked: bool
) -> None:
    folder, figures = make_tiny_bundle(tmp_path / "tiny"), tmp_path / "figures.json"
    options = ["--model", folder, "--data", data, "--tasks", "sentiment", "--json", figures]
    result = run(*options, *arguments)
    assert result.exit_code == 0, result.output
    assert bool(measured(figures)) == asked
