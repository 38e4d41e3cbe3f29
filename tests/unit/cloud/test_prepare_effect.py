"""What a change of the data did: two evaluations beside each other."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("sklearn")

from edgewise.labels import LABELS
from edgewise_cloud.predictions import TaskPredictions, join_predictions, write_predictions
from edgewise_cloud.predictions.arrays import objects
from edgewise_cloud.prepare.effect import effect
from edgewise_cloud.prepare.errors import EffectFileError, NothingToCompareError


def report(path: Path, **figures: float) -> Path:
    row: dict[str, Any] = {
        "task": "emotion",
        "dataset": "emotion/x",
        "split": "test",
        "language": "en",
        "rows": 9,
    }
    other = {**row, "language": "de"}
    path.write_text(
        json.dumps({"metrics": [{**row, **figures}, {**other, "accuracy": 0.5}]}), encoding="utf-8"
    )
    return path


def predictions(
    path: Path, right: np.ndarray, *, dataset: str = "sentiment/x", only: slice = slice(None)
) -> Path:
    """Write answers to 400 texts; where one is not right, the next label is given."""
    n, labels = right.size, LABELS["sentiment"]
    truth = np.arange(n) % 3
    gold = np.eye(3, dtype=bool)[truth]
    answer = np.eye(3, dtype=bool)[np.where(right, truth, (truth + 1) % 3)]
    part = TaskPredictions(
        "sentiment",
        labels,
        objects([dataset] * n, n),
        objects(["test"] * n, n),
        objects(["en"] * n, n),
        objects([f"text {i}" for i in range(n)], n),
        objects([()] * n, n),
        gold,
        np.ones((n, 3), bool),
        answer,
        np.where(answer, 0.8, 0.1).astype(np.float32),
    )
    write_predictions(path, join_predictions(path.stem, [part.take(np.arange(n)[only])]))
    return path


def test_reports_give_plain_differences(tmp_path: Path) -> None:
    before = report(tmp_path / "a.json", accuracy=0.5, macro_f1=0.25, ece=0.9)
    after = report(tmp_path / "b.json", accuracy=0.75, macro_f1=0.5, auc=0.9)
    found = effect(before, after)
    told = [(row.language, row.figure, row.change, row.low) for row in found.differences]
    assert told == [
        ("de", "accuracy", 0.0, None),
        ("en", "accuracy", 0.25, None),
        ("en", "macro_f1", 0.25, None),
    ]
    assert found.to_dict()["differences"][1]["change"] == 0.25
    assert "0.5000 -> 0.7500  +0.2500" in str(found)


def test_predictions_give_intervals(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    right = rng.random(400) < 0.7
    better = right | (rng.random(400) < 0.5)
    found = effect(predictions(tmp_path / "a.parquet", right), predictions(tmp_path / "b.parquet", better))
    accuracy, macro = found.differences
    assert (accuracy.figure, macro.figure) == ("accuracy", "macro_f1")
    assert accuracy.before == pytest.approx(right.mean())
    assert accuracy.after == pytest.approx(better.mean())
    assert accuracy.low is not None
    assert accuracy.high is not None
    assert 0 < accuracy.low < accuracy.change < accuracy.high
    spread = np.sqrt((better & ~right).mean() * (1 - (better & ~right).mean()) / 400)
    assert accuracy.high - accuracy.low == pytest.approx(2 * 1.96 * spread, rel=0.15)
    assert f"[{accuracy.low:+.4f}, {accuracy.high:+.4f}]" in str(found)
    from sklearn.metrics import f1_score

    truth = np.arange(400) % 3
    assert macro.before == pytest.approx(
        f1_score(truth, np.where(right, truth, (truth + 1) % 3), average="macro")
    )


def test_the_same_answers_differ_by_nothing(tmp_path: Path) -> None:
    path = predictions(tmp_path / "a.parquet", np.arange(60) % 4 > 0)
    assert [(row.change, row.low, row.high) for row in effect(path, path).differences] == [(0, 0, 0)] * 2


def test_only_texts_that_both_answered_count(tmp_path: Path) -> None:
    right = np.arange(60) % 4 > 0
    whole = predictions(tmp_path / "a.parquet", right)
    part = predictions(tmp_path / "b.parquet", right, only=slice(10, 40))
    assert {row.rows for row in effect(whole, part).differences} == {30}


def test_files_that_cannot_be_compared_are_told(tmp_path: Path) -> None:
    before = report(tmp_path / "a.json", accuracy=0.5)
    own = predictions(tmp_path / "a.parquet", np.ones(9, bool))
    with pytest.raises(EffectFileError, match="one file is a report"):
        effect(before, own)
    with pytest.raises(EffectFileError, match="nowhere"):
        effect(before, tmp_path / "nowhere.json")
    (tmp_path / "no.json").write_text("[]", encoding="utf-8")
    with pytest.raises(EffectFileError, match=r"no report of"):
        effect(before, tmp_path / "no.json")
    (tmp_path / "empty.json").write_text('{"metrics": []}', encoding="utf-8")
    with pytest.raises(NothingToCompareError):
        effect(before, tmp_path / "empty.json")
    other = predictions(tmp_path / "b.parquet", np.ones(9, bool), dataset="sentiment/y")
    with pytest.raises(NothingToCompareError):
        effect(own, other)
