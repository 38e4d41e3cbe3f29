"""Predictions: written and read again, joined, asked of models; what is broken is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("sklearn")

import pyarrow as pa
import pyarrow.parquet as pq
from tests.support.made_predictions import model, part

from edgewise.labels import LABELS
from edgewise_cloud.catalogue import ALL_LICENCES, load_catalogue
from edgewise_cloud.evaluate.gold import gold_sets
from edgewise_cloud.predictions import (
    BrokenPredictionsError,
    GoldRows,
    ModelAnswerError,
    PredictionLabelError,
    Predictions,
    PredictionsMissingError,
    TaskPredictions,
    join_predictions,
    predict_bundle,
    predict_with,
    read_predictions,
    write_predictions,
)

KEY = b"edgewise.predictions"


def two_tasks() -> Predictions:
    return model(
        part(
            "sentiment",
            ["positive", "negative", "neutral"],
            ["positive", "neutral", "neutral"],
            known=[["negative", "positive"], ["negative", "positive"], list(LABELS["sentiment"])],
            slices=[("negation", "pair=1"), ("negation", "pair=1"), ()],
            texts=["gut 👍", "", "x\ny"],
            lang=["de", "de", "en"],
        ),
        part("toxicity", ["toxicity|insult", ""], ["toxicity", "insult"], dataset=["a", "b"]),
    )


def same(one: TaskPredictions, two: TaskPredictions) -> bool:
    return all(
        np.array_equal(getattr(one, f.name), getattr(two, f.name)) for f in fields(TaskPredictions)[2:]
    ) and (one.task, one.labels) == (two.task, two.labels)


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = two_tasks()
    path = tmp_path / "new" / "p.parquet"
    write_predictions(path, made)
    read = read_predictions(path)
    assert read.model == made.model
    assert list(read.tasks) == ["sentiment", "toxicity"]
    assert all(same(read.tasks[task], made.tasks[task]) for task in made.tasks)
    assert len(read) == 5
    assert [entry.name for entry in path.parent.iterdir()] == ["p.parquet"]


def test_the_file_has_the_columns_that_the_page_tells(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    write_predictions(path, two_tasks())
    table = pq.read_table(path)
    strings = pa.list_(pa.string())
    assert {name: table.schema.field(name).type for name in table.column_names} == {
        **dict.fromkeys(("task", "dataset", "split", "lang", "text"), pa.string()),
        **dict.fromkeys(("gold", "known", "answer", "slice"), strings),
        "scores": pa.list_(pa.float32()),
    }
    assert table.column("known").to_pylist()[:3] == [["negative", "positive"]] * 2 + [None]
    assert table.column("answer").to_pylist()[3:] == [["toxicity"], ["insult"]]
    about = json.loads(table.schema.metadata[KEY])
    assert about["labels"] == {task: list(LABELS[task]) for task in ("sentiment", "toxicity")}


def changed(tmp_path: Path, change: Callable[[Any], Any]) -> Path:
    path = tmp_path / "p.parquet"
    write_predictions(path, two_tasks())
    pq.write_table(change(pq.read_table(path)), path)
    return path


def put(name: str, values: list[Any], kind: Any) -> Callable[[Any], Any]:
    return lambda table: table.set_column(
        table.column_names.index(name), name, pa.array(values + table.column(name).to_pylist()[1:], kind)
    )


def about(**values: Any) -> Callable[[Any], Any]:
    def change(table: Any) -> Any:
        raw = json.loads(table.schema.metadata[KEY]) | values
        return table.replace_schema_metadata({KEY: json.dumps(raw).encode()})

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda t: t.drop_columns(["gold"]), "no column 'gold'"),
        (lambda t: t.replace_schema_metadata({}), "metadata lacks"),
        (lambda t: t.replace_schema_metadata({KEY: b"{"}), "known form"),
        (about(format=9), "format 9"),
        (about(labels={"sentiment": [1]}), "known form"),
        (about(labels={"sentiment": list(LABELS["sentiment"])}), "'toxicity', whose labels"),
        (about(labels={"mood": ["a"]}), "whose labels it does not tell"),
        (put("scores", [[0.5]], pa.list_(pa.float32())), "not as many scores"),
        (put("scores", [[2.0, 0.0, 0.0]], pa.list_(pa.float32())), "not 0 and 1"),
        (put("scores", [[float("nan"), 0.0, 0.0]], pa.list_(pa.float32())), "scores lie between"),
        (put("text", [None], pa.string()), "rows without a value"),
        (put("gold", [["neutral"]], pa.list_(pa.string())), "not among its known"),
        (lambda t: t.slice(0, 0), "no rows"),
        (
            lambda t: t.set_column(4, "text", pa.array([1] * len(t))),
            "column 'text' is of type int64",
        ),
    ],
)
def test_a_broken_file_says_what_is_wrong(tmp_path: Path, change: Callable[[Any], Any], reason: str) -> None:
    path = changed(tmp_path, change)
    with pytest.raises(BrokenPredictionsError, match=reason) as caught:
        read_predictions(path)
    assert str(path) in str(caught.value)


def test_a_label_that_the_task_lacks_is_named(tmp_path: Path) -> None:
    path = changed(tmp_path, put("answer", [["happy"]], pa.list_(pa.string())))
    with pytest.raises(PredictionLabelError, match=r"'happy'.*'negative'"):
        read_predictions(path)


def test_no_file_and_no_parquet(tmp_path: Path) -> None:
    with pytest.raises(PredictionsMissingError, match=r"nowhere\.parquet does not exist"):
        read_predictions(tmp_path / "nowhere.parquet")
    (tmp_path / "text.parquet").write_text("text")
    with pytest.raises(BrokenPredictionsError):
        read_predictions(tmp_path / "text.parquet")


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "p.parquet"
    write_predictions(path, two_tasks())
    before = path.read_bytes()

    def full(table: Any, where: Path, **_: Any) -> None:
        Path(where).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(OSError, match="No space"):
        write_predictions(path, two_tasks())
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["p.parquet"]


def test_arrays_of_other_shapes_are_refused() -> None:
    own = two_tasks().tasks["sentiment"]
    with pytest.raises(BrokenPredictionsError, match="gold has the shape"):
        replace(own, gold=own.gold[:, :2])
    with pytest.raises(BrokenPredictionsError, match="stands there twice"):
        replace(own, labels=("negative", "negative", "positive"))


def test_tags_are_found() -> None:
    own = two_tasks().tasks["sentiment"]
    assert own.tagged(["negation", "pair=1"]).tolist() == [True, True, False]
    assert own.tagged(["pair=2"]).tolist() == [False] * 3
    assert own.tag("pair").tolist() == ["1", "1", ""]


def test_parts_with_other_labels_are_united() -> None:
    one = part("sentiment", ["positive"], ["positive"])
    two = one.with_labels(["positive", "negative"])
    both = join_predictions("m", [two, one]).tasks["sentiment"]
    assert both.labels == ("positive", "negative", "neutral")
    assert both.gold.tolist() == [[True, False, False]] * 2
    assert both.known[:, 2].tolist() == [False, True]
    with pytest.raises(BrokenPredictionsError, match="there are none"):
        join_predictions("m", [])


def rows_of(data: Path, name: str, split: str) -> GoldRows:
    dataset = load_catalogue(data).dataset(name, licences=ALL_LICENCES)
    (found,) = gold_sets([dataset], split)
    return GoldRows.of(found)


def test_gold_keeps_what_a_set_annotates(data: Path) -> None:
    emotion = rows_of(data, "emotion/brighter_world", "train")
    assert emotion.gold.sum(axis=1).tolist() == [2, 1]
    english = dict(zip(emotion.labels, emotion.known[0].tolist(), strict=True))
    assert (english["disgust"], english["love"], english["neutral"]) == (False, False, True)
    toxic = rows_of(data, "toxicity/de_germeval2018", "train")
    assert toxic.gold[:, 0].tolist() == [True, True, False]
    assert toxic.known[0].tolist() == [True, False, False, True, False, False, False]


def test_any_function_can_be_asked(data: Path) -> None:
    rows = rows_of(data, "sentiment/en_sst", "test")

    def ask(texts: Any) -> dict[str, np.ndarray]:
        return {
            "sentiment": np.array([[0.1, 0.2, 0.7] if "fine" in text else [0.8, 0.1, 0.1] for text in texts])
        }

    made = predict_with(ask, [rows], model="words 1").tasks["sentiment"]
    assert [made.labels[i] for i in made.answer.argmax(axis=1)] == [
        "positive",
        "negative",
        "negative",
        "positive",
    ]
    assert made.gold.argmax(axis=1).tolist() == [2, 0, 1, 0]


def test_thresholds_decide_on_attributes(data: Path) -> None:
    rows = rows_of(data, "toxicity/de_germeval2018", "train")
    scores = np.tile([0.4, 0.6, 0, 0.6, 0, 0, 0], (3, 1))
    made = predict_with(
        lambda _: {"toxicity": scores}, [rows], model="m", thresholds={"toxicity": 0.3, "insult": 0.7}
    ).tasks["toxicity"]
    assert made.answer[0].tolist() == [True, True, False, False, False, False, False]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [({}, "missing from the answer"), ({"sentiment": np.zeros((4, 2))}, "the shape is")],
)
def test_an_answer_of_another_form_is_refused(data: Path, answer: dict[str, Any], reason: str) -> None:
    with pytest.raises(ModelAnswerError, match=reason):
        predict_with(lambda _: answer, [rows_of(data, "sentiment/en_sst", "test")], model="m")


def test_languages_need_labels() -> None:
    rows = GoldRows.of_languages(["ja", "oui"], ["de", "fr"], "language/x", "test")
    scores = np.array([[0.9, 0.1], [0.2, 0.8]])
    with pytest.raises(ModelAnswerError, match="labels were not told"):
        predict_with(lambda _: {"language": scores}, [rows], model="m")
    made = predict_with(
        lambda _: {"language": scores}, [rows], model="m", labels={"language": ("de", "nl")}
    ).tasks["language"]
    assert made.labels == ("de", "fr", "nl")
    assert made.answer.tolist() == [[True, False, False], [False, False, True]]
    assert made.known.all()


def test_a_bundle_is_asked_as_an_app_asks_it(fake: Any, data: Path) -> None:
    rows = rows_of(data, "toxicity/de_germeval2018", "train")
    scores = {"du Depp": 0.9, "Scheisse": 0.5, "Hallo": 0.1}
    analyzer = fake({text: {"toxicity": {"toxicity": p, "insult": p / 2}} for text, p in scores.items()})
    made = predict_bundle(analyzer, [rows], model="fake 1").tasks["toxicity"]
    assert made.labels == LABELS["toxicity"]
    assert made.answer[:, 0].tolist() == [True, True, False]
    assert made.scores[:, made.labels.index("insult")] == pytest.approx([0.45, 0.25, 0.05])
    assert analyzer.asked == [("toxicity",)]
