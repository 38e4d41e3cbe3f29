"""Dev texts: files of several kinds, and a sample that no language fills."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet
from tests.support.training_data import FORBIDDEN, TOLD, make_training_data

from edgewise_converters.errors import DevTextsError
from edgewise_converters.texts import DevText, read_texts, sample


def test_a_csv_with_labels_of_all_kinds(tmp_path: Path) -> None:
    path = tmp_path / "dev.csv"
    lines = [
        "text,lang,sentiment,toxicity:toxicity,toxicity:insult",
        '"good, very",en,positive,0,',
        "böse,de,0,1,nan",
        "x,,,,",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert read_texts(path) == [
        DevText("good, very", "en", {"toxicity": {"toxicity": 0.0}, "sentiment": "positive"}),
        DevText("böse", "de", {"toxicity": {"toxicity": 1.0}, "sentiment": "negative"}),
        DevText("x", "und", {}),
    ]


def test_the_parquet_file_of_a_training_run(tmp_path: Path) -> None:
    nan = float("nan")
    table = pa.table(
        {
            "text": ["a", "b"],
            "lang": pa.array(["en", "fr"]).dictionary_encode(),
            "dataset": ["sentiment/x", "emotion/y"],
            "weight": [1.0, 0.5],
            "sentiment": [2, -1],
            "sentiment_allowed:neutral": [True, False],
            "emotion:joy": [nan, 1.0],
            "emotion:fear": [nan, 0.0],
        }
    )
    parquet.write_table(table, tmp_path / "dev.parquet")
    assert read_texts(tmp_path / "dev.parquet") == [
        DevText("a", "en", {"sentiment": "positive"}),
        DevText("b", "fr", {"emotion": {"joy": 1.0, "fear": 0.0}}),
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"comment\nhello\n"),
        ("b.csv", b"text\n"),
        ("c.csv", b"\xff\xfe\x00"),
        ("d.parquet", b"PAR1 no"),
    ],
)
def test_what_holds_no_texts_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DevTextsError, match=name):
        read_texts(tmp_path / name)


def test_a_folder_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DevTextsError, match="knows what is in this folder"):
        read_texts(tmp_path)


def test_the_data_folder_gives_the_labelled_texts_of_its_dev_splits(tmp_path: Path) -> None:
    """By the entry point of the training code."""
    pytest.importorskip("edgewise_cloud.dev_texts", reason="data folders are read with the extra 'cloud'")
    texts = read_texts(make_training_data(tmp_path / "data"))
    counts = Counter(task for text in texts for task in text.labels)
    assert counts["sentiment"] == 120 and counts["emotion"] == 120 and counts["toxicity"] == 160
    for text in texts:
        words = set(text.text.split())
        for task in ("sentiment", "emotion"):
            label = text.labels.get(task)
            assert label is None or words & set(TOLD[str(label)].split()), text
        assert FORBIDDEN not in words
    toxic = [text for text in texts if dict(text.labels.get("toxicity") or {}).get("toxicity") == 1.0]
    assert toxic and all(set(text.text.split()) & set(TOLD["toxic"].split()) for text in toxic)


def test_a_sample_has_as_many_of_every_language_and_task_as_there_are() -> None:
    texts = [DevText(f"en {row}", "en", {"sentiment": "positive"}) for row in range(500)]
    texts += [DevText(f"de {row}", "de", {"sentiment": "positive"}) for row in range(10)]
    texts += [DevText(f"em {row}", "en", {"emotion": "joy"}) for row in range(50)]
    chosen = sample(texts, 70)
    counts = Counter((text.language, *text.labels) for text in chosen)
    assert counts == {("en", "sentiment"): 30, ("de", "sentiment"): 10, ("en", "emotion"): 30}
    assert chosen == sample(texts, 70)
    assert len(sample(texts, 10_000)) == len(texts)
