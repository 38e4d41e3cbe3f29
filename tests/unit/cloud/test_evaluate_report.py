"""A whole evaluation with made-up answers: the report, its table, its plots."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("pyarrow")

from edgewise_cloud.catalogue import UnknownDataLabelError, load_catalogue
from edgewise_cloud.evaluate import Selection, UserFile, evaluate_catalogue, evaluate_file
from edgewise_cloud.evaluate.errors import LabelColumnError, NothingToEvaluateError, NoUsableRowError
from edgewise_cloud.evaluate.metrics import expected_calibration_error
from edgewise_cloud.evaluate.report import Confusion, confusion, reliability
from edgewise_cloud.evaluate.table import show

POSITIVE = {"negative": 0.1, "neutral": 0.2, "positive": 0.7}
NEGATIVE = {"negative": 0.8, "neutral": 0.1, "positive": 0.1}
SCORES = {
    "a fine film!": {"sentiment": POSITIVE},
    "an awful film": {"sentiment": NEGATIVE},
    "a film": {"sentiment": POSITIVE},
    "not a fine film": {"sentiment": POSITIVE},
    "悪い": {"sentiment": NEGATIVE},
    "hay": {"sentiment": POSITIVE},
    "": {"sentiment": NEGATIVE},
    "bonjour": {"language": {"fr": 0.9, "es": 0.1}},
    "hola": {"language": {"fr": 0.6, "es": 0.4}},
    "ciao": {"language": {"fr": 0.6, "es": 0.4}},
}


@pytest.fixture
def report(data: Path, fake):
    analyzer = fake(SCORES)

    def make(*, tasks, languages):
        analyzer.languages = languages
        return analyzer

    told: list[str] = []
    selection = Selection(tasks=("language", "sentiment"))
    found = evaluate_catalogue(load_catalogue(data), selection, make, "fake 1.0.0", told.append)
    assert told == [
        "language/langid: 2 texts",
        "sentiment/en_sst (1 of 3): 4 texts",
        "sentiment/ja_reviews (2 of 3): 1 texts",
        "sentiment/vi_vsfc (3 of 3): 1 texts",
    ]
    assert set(analyzer.asked) == {("language",), ("sentiment",)}, "each task is asked for alone"
    return found


def test_every_task_set_and_language_has_a_record(report) -> None:
    keys = {(r.task, r.dataset, r.language) for r in report.records}
    assert {
        ("sentiment", "sentiment/en_sst", "en"),
        ("sentiment", "sentiment/en_sst:binary", "en"),
        ("sentiment", "sentiment/vi_vsfc", "vi"),
        ("language", "language/langid", "all"),
        ("language", "language/langid", "fr"),
    } <= keys


def test_the_json_form_can_be_read_back_and_has_no_nan(report) -> None:
    text = json.dumps(report.to_dict(), allow_nan=False)
    again = json.loads(text)
    (sst,) = [m for m in again["metrics"] if m["dataset"] == "sentiment/en_sst"]
    assert (sst["rows"], sst["accuracy"]) == (4, 0.5)
    table = again["confusion"]["sentiment"]
    assert table["labels"] == ["negative", "neutral", "positive"]
    assert np.array(table["counts"]).tolist() == [[2, 0, 1], [0, 0, 1], [0, 0, 2]]
    assert [entry["task"] for entry in again["means"]] == ["sentiment"]
    curve = again["selective"]["sentiment"]
    assert (curve["rows"], curve["accuracy"][-1]) == (6, pytest.approx(4 / 6, abs=1e-4))
    assert again["above_calibration_limit"] == {}, "no set here has 100 rows"


def test_the_table_says_what_was_restricted_and_which_language_is_hard(report) -> None:
    text = show(report)
    lines = text.splitlines()
    assert lines[0] == "Model fake 1.0.0, split test, all rows"
    place = next(i for i, line in enumerate(lines) if line.startswith("sentiment/ja_reviews"))
    assert lines[place + 1].strip() == "only negative, positive"
    assert "100.0 %" in lines[place]
    assert any(line.startswith("es") and "taken for fr 100.0 %" in line for line in lines)
    assert text.index("== language ==") < text.index("== sentiment ==")


def test_the_table_tells_what_leaving_out_unsure_answers_gives(report) -> None:
    (line,) = [line for line in show(report).splitlines() if line.startswith("All rows: 66.7 % right")]
    assert "those not called unsure (100.0 %): 66.7 % right" in line


def test_no_line_of_the_table_ends_in_blanks(report) -> None:
    assert all(line == line.rstrip() for line in show(report).splitlines())


def test_reliability_agrees_with_the_calibration_error(report) -> None:
    parts = report.judged["sentiment"]
    curve = reliability(parts)
    claimed = np.concatenate([part.confidence for part in parts])
    correct = np.concatenate([part.correct for part in parts])
    from_curve = np.nansum(np.abs(curve.true - curve.claimed) * curve.rows) / curve.rows.sum()
    assert from_curve == pytest.approx(expected_calibration_error(claimed, correct))
    assert curve.rows.sum() == len(claimed)


def test_confusions_of_languages_with_different_answers_are_put_together(report) -> None:
    (part,) = report.judged["language"]
    both = confusion([part, part])
    assert both.counts.sum() == 4
    assert both.counts[both.labels.index("es"), both.labels.index("fr")] == 2


def test_nothing_to_evaluate_is_an_error(data: Path, fake) -> None:
    selection = Selection(tasks=("sentiment",), languages=("xx",))
    with pytest.raises(NothingToEvaluateError, match="xx"):
        evaluate_catalogue(load_catalogue(data), selection, lambda **_: fake({}), "fake")


def test_plots_are_pictures_and_show_only_the_hardest_of_many_labels(report, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from edgewise_cloud.evaluate.plots import hardest, write_plots

    written = write_plots(report, tmp_path / "new" / "plots")
    assert {path.name for path in written} == {
        "confusion-language.png",
        "confusion-sentiment.png",
        "reliability-language.png",
        "reliability-sentiment.png",
        "selective-language.png",
        "selective-sentiment.png",
    }
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written)
    counts = np.diag([10] * 40)
    counts[3, 30] = 9
    counts[5] = 0
    counts[6, 5] = 1
    small = hardest(Confusion(tuple(f"l{i}" for i in range(40)), counts), 2)
    assert small.labels == ("l3", "l30")
    assert small.counts.tolist() == [[10, 9], [0, 10]]
    assert "l5" not in hardest(Confusion(tuple(f"l{i}" for i in range(40)), counts), 3).labels, (
        "it has no rows"
    )


def own(path: Path, content: str, fake, task: str = "sentiment", **columns):
    path.write_text(content, encoding="utf-8")
    return evaluate_file(UserFile(path, task, **columns), lambda **_: fake(SCORES), "fake 1.0.0")


def test_a_file_of_ones_own_is_scored_like_a_set(tmp_path: Path, fake) -> None:
    rows = ["a fine film!,Positive,en", "an awful film,negative,en", "hay,negative,vi", ",positive,en", "x,,"]
    content = "\n".join(["comment,verdict,code", *rows, ""])
    found = own(tmp_path / "mine.csv", content, fake, text="comment", label="verdict", language="code")
    by_language = {record.language: record for record in found.records}
    assert by_language["en"].rows == 3, "an empty comment is a text, an empty verdict is no label"
    assert by_language["en"].values["accuracy"] == pytest.approx(2 / 3)
    assert by_language["all"].rows == 4


def test_rows_without_a_label_are_left_out(tmp_path: Path, fake) -> None:
    found = own(tmp_path / "mine.csv", "text,label\nhay,positive\na film,\nan awful film,negative\n", fake)
    (record,) = found.records
    assert (record.language, record.rows, record.split) == ("und", 2, "-")
    assert record.labels == ("negative", "positive"), "the file never says neutral"


def test_jsonl_with_numbers_for_toxicity(tmp_path: Path, fake) -> None:
    scores = {"a": {"toxicity": {"toxicity": 0.9}}, "b": {"toxicity": {"toxicity": 0.1}}}
    path = tmp_path / "mine.jsonl"
    path.write_text('{"text": "a", "label": 1}\n{"text": "b", "label": false}\n', encoding="utf-8")
    found = evaluate_file(UserFile(path, "toxicity"), lambda **_: fake(scores), "fake")
    assert found.records[0].values["auc"] == 1
    assert found.records[0].values["accuracy"] == 1


def test_faults_of_the_file_are_told(tmp_path: Path, fake) -> None:
    path = tmp_path / "mine.csv"
    with pytest.raises(UnknownDataLabelError, match="splendid"):
        own(path, "text,label\nhay,splendid\n", fake)
    with pytest.raises(LabelColumnError, match="'label'") as caught:
        own(path, "text,verdict\nhay,positive\n", fake)
    assert str(caught.value)[0] != '"'
    with pytest.raises(NoUsableRowError, match="1 rows"):
        own(path, "text,label\nhay,\n", fake)
    with pytest.raises(NothingToEvaluateError):
        own(path, "text,label\nhay,eo\n", fake, task="language")
