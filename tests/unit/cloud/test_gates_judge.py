"""Verdicts: limits, the champion, chance, what cannot be measured; and how a report looks."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("scipy")
pytest.importorskip("pyarrow")

from tests.support.made_predictions import model, part

from edgewise_cloud.gates import Gate, GateReport, Gates, evaluate_gates
from edgewise_cloud.gates.paired import mcnemar
from edgewise_cloud.predictions import Predictions


def right(hits: int, n: int = 200, name: str = "new 2", first: int = 0) -> Predictions:
    """A model that gets n texts right from the first-th on, and no others."""
    gold = ["positive", "negative"] * (n // 2)
    wrong = {"positive": "negative", "negative": "positive"}
    guess = [g if first <= i < first + hits else wrong[g] for i, g in enumerate(gold)]
    return model(part("sentiment", gold, guess), name=name)


def judged(own: Predictions, other: Predictions | None = None, **wanted: Any) -> Any:
    gate = Gate(**{"task": "sentiment", "metric": "accuracy", **wanted})
    return evaluate_gates(own, other, Gates("own", (gate,), resamples=300)).results[0]


def test_a_share_of_all_or_none_has_an_interval_that_more_rows_make_narrower() -> None:
    few, many = judged(right(100, 100)), judged(right(1000, 1000))
    assert (few.figure, few.interval[1], many.interval[1]) == (1.0, 1.0, 1.0)
    assert few.interval[0] == pytest.approx(0.9638, abs=1e-4)
    assert few.interval[0] < many.interval[0] < 1.0
    assert judged(right(100, 100), at_least=0.98, strict=True).verdict == "fail"
    assert judged(right(100, 100), metric="macro_f1").interval == (1.0, 1.0), "no share of rows"


@pytest.mark.parametrize(("limit", "verdict"), [(0.9, "pass"), (0.91, "fail")])
def test_the_figure_decides(limit: float, verdict: str) -> None:
    result = judged(right(180), at_least=limit)
    assert (result.figure, result.verdict, result.rows) == (0.9, verdict, 200)
    low, high = result.interval
    assert 0.84 < low < 0.9 < high < 0.95


def test_strict_demands_the_whole_interval() -> None:
    assert judged(right(180), at_least=0.88).verdict == "pass"
    strict = judged(right(180), at_least=0.88, strict=True)
    assert strict.verdict == "fail"
    assert "the interval lies" in strict.reasons[0]
    assert judged(right(180), at_least=0.8, strict=True).verdict == "pass"


def test_a_low_figure_may_be_what_is_wanted() -> None:
    assert judged(right(180), metric="ece", at_most=0.5).verdict == "pass"
    assert judged(right(180), metric="ece", at_most=0.1).verdict == "fail"


def test_what_cannot_be_measured_fails_where_it_is_required() -> None:
    few = judged(right(180), at_least=0.1, min_rows=201)
    assert (few.verdict, few.passed) == ("not measured", False)
    assert few.reasons == ("200 rows, and 201 are needed",)
    assert judged(right(180), at_least=0.1, min_rows=201, required=False).passed
    missing = judged(right(180), task="toxicity", at_least=0.1)
    assert "gave no answers to toxicity" in missing.reasons[0]
    one_class = model(part("sentiment", ["positive"] * 200, ["positive"] * 200))
    assert judged(one_class, metric="macro_f1", at_least=0.1).reasons == ("the rows do not allow the figure",)


def test_much_worse_than_the_champion_fails_with_mcnemars_p() -> None:
    result = judged(right(150), right(180, name="old 1"), not_worse_than_champion_by=0.01)
    assert (result.verdict, result.champion) == ("fail", 0.9)
    assert result.test == "mcnemar"
    assert result.p == result.p_holm == result.mcnemar == mcnemar(0, 30)
    assert result.difference[0] == pytest.approx(-0.15)
    assert result.difference[1] < -0.15 < result.difference[2] < 0


def test_a_little_worse_may_be_chance() -> None:
    own, other = right(176, first=20), right(180, name="old 1")
    result = judged(own, other, not_worse_than_champion_by=0.01)
    assert result.p == mcnemar(16, 20)
    assert result.verdict == "pass"
    assert "may be chance" in result.reasons[0]
    strict = judged(own, other, not_worse_than_champion_by=0.01, strict=True)
    assert strict.verdict == "fail"
    assert "not ruled out" in strict.reasons[0]


def test_the_margin_allows_what_is_surely_worse() -> None:
    result = judged(right(150), right(180), not_worse_than_champion_by=0.16)
    assert (result.verdict, result.reasons) == ("pass", ())


@pytest.mark.parametrize("metric", ["macro_f1", "auc", "ece"])
def test_figures_that_are_no_share_of_answers_are_compared_by_the_bootstrap(metric: str) -> None:
    result = judged(right(100), right(190), metric=metric, not_worse_than_champion_by=0.01)
    assert (result.test, result.verdict) == ("bootstrap", "fail")
    assert result.p < 0.01
    assert judged(right(190), right(100), metric=metric, not_worse_than_champion_by=0.01).verdict == "pass"


def test_without_a_champion_only_the_limits_count() -> None:
    assert judged(right(10), at_least=0.01, not_worse_than_champion_by=0.0).verdict == "pass"
    assert judged(right(10), not_worse_than_champion_by=0.0).verdict == "shown"


def test_a_champion_that_did_not_see_the_rows_is_no_comparison() -> None:
    other = model(part("sentiment", ["positive"] * 5, ["positive"] * 5))
    result = judged(right(200), other, not_worse_than_champion_by=0.0)
    assert (result.verdict, result.passed) == ("not measured", False)
    assert "champion did not answer" in result.reasons[0]
    assert judged(right(200), other, at_least=0.5).verdict == "pass"


def test_a_champion_on_some_rows_is_compared_on_those() -> None:
    whole = right(180).tasks["sentiment"]
    result = judged(right(200), model(whole.take(range(60, 200))), not_worse_than_champion_by=0.0)
    assert result.figure == 1.0
    assert result.champion == pytest.approx(120 / 140)
    assert "on the 140 rows" in result.reasons[0]


def test_the_mean_over_languages_counts_each_once() -> None:
    gold = ["positive", "negative"] * 60
    langs = ["en"] * 100 + ["de"] * 20
    sets = ["a"] * 50 + ["b"] * 50 + ["c"] * 20
    guess = gold[:50] + ["positive"] * 50 + ["positive"] * 20
    own = model(part("sentiment", gold, guess, lang=langs, dataset=sets))
    third = 1 / 3
    mean = judged(own, metric="macro_f1", over="languages")
    assert mean.figure == pytest.approx(((1 + third) / 2 + third) / 2)
    worst = judged(own, metric="macro_f1", over="worst", at_least=0.5)
    assert worst.figure == pytest.approx(third)
    assert worst.reasons[0] in ("the worst is b en", "the worst is c de")
    rows = judged(own)
    assert rows.figure == pytest.approx(85 / 120)


def test_holm_counts_every_comparison() -> None:
    gates = tuple(
        Gate("sentiment", "accuracy", language=code, not_worse_than_champion_by=0.0, min_rows=10)
        for code in ("de", "en", "*")
    )
    langs = ["en", "de"] * 50

    def made(hits: int, name: str) -> Predictions:
        gold = ["positive"] * 100
        guess = ["positive" if i < hits else "negative" for i in range(100)]
        return model(part("sentiment", gold, guess, lang=langs), name=name)

    report = evaluate_gates(made(80, "new"), made(94, "old"), Gates("own", gates, resamples=50))
    assert [result.p for result in report.results] == pytest.approx([mcnemar(0, 7)] * 2 + [mcnemar(0, 14)])
    assert report.results[2].p_holm == pytest.approx(3 * mcnemar(0, 14))
    assert report.results[0].p_holm == pytest.approx(2 * mcnemar(0, 7))


def test_the_same_input_gives_the_same_report() -> None:
    gates = Gates("own", (Gate("sentiment", "macro_f1", at_least=0.5),), resamples=100)
    one, two = (evaluate_gates(right(150), right(160), gates).to_dict() for _ in range(2))
    assert one == two
    other = Gates("own", gates.gates, resamples=100, seed=1)
    assert evaluate_gates(right(150), None, other).results[0].interval != tuple(one["results"][0]["interval"])


def report() -> GateReport:
    gold = [f"{'toxicity' if i % 4 == 0 else ''}" for i in range(120)]
    guess = [g if i % 10 else "" for i, g in enumerate(gold)]
    own = right(180, name="teacher 2").tasks["sentiment"]
    new = model(own, part("toxicity", gold, guess, dataset="toxicity/en_olid"), name="teacher 2")
    old = model(right(196).tasks["sentiment"], name="teacher 1")
    gates = (
        Gate("sentiment", "accuracy", at_least=0.85, not_worse_than_champion_by=0.01),
        Gate("toxicity", "macro_f1", "toxicity/en_olid", at_least=0.9, note="a remark"),
        Gate("emotion", "accuracy", at_least=0.5, required=False),
        Gate("sentiment", "macro_recall", labels=("negative", "positive")),
    )
    return evaluate_gates(new, old, Gates("own", gates, resamples=200))


TABLE = """\
Gates own: teacher 2 against teacher 1

  task  rows of  metric  rows  figure  interval  limit  champion  p (Holm)
FAIL  sentiment  all sets  accuracy  200  0.9000  {0}  >= 0.85  0.9800  <0.001 McNemar
pass  toxicity  en_olid  macro_f1  120  0.9283  {1}  >= 0.9
NOT MEASURED  emotion  all sets  accuracy  0  >= 0.5
shown  sentiment  only negative|positive  macro_recall  200  0.9000  {2}  0.9800  <0.001 bootstrap

FAIL  sentiment accuracy: 0.0800 worse than the champion's 0.9800 (p = 1.53e-05), and 0.01 is allowed
pass  toxicity macro_f1, toxicity/en_olid: a remark
NOT MEASURED  emotion accuracy: the model gave no answers to emotion

1 of 4 gates failed.
"""


def test_the_report_is_a_table_for_people() -> None:
    found = report()
    spans = [f"{r.interval[0]:.4f}-{r.interval[1]:.4f}" for r in found.results if r.interval is not None]
    wanted = [line.split() for line in TABLE.format(*spans).splitlines()]
    assert [line.split() for line in str(found).splitlines()] == wanted
    columns = [line.find("0.9") for line in str(found).splitlines()[3:5]]
    assert len(set(columns)) == 1


def test_the_report_is_json_for_programs() -> None:
    found = report()
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert (data["model"], data["champion"], data["passed"]) == ("teacher 2", "teacher 1", False)
    assert [entry["verdict"] for entry in data["results"]] == ["fail", "pass", "not measured", "shown"]
    first = data["results"][0]
    assert (first["figure"], first["champion"], first["test"]) == (0.9, 0.98, "mcnemar")
    assert first["p_holm"] == pytest.approx(mcnemar(0, 16), abs=1e-6)
    assert data["results"][2]["passed"]


def test_a_model_that_lost_nothing_passes() -> None:
    found = evaluate_gates(
        right(190), right(180), Gates("own", (Gate("sentiment", "accuracy", not_worse_than_champion_by=0.0),))
    )
    assert found.passed
    assert str(found).endswith("All gates passed.")
    assert np.isclose(found.results[0].difference[0], 0.05)
