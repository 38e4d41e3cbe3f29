"""From answers to records: what is restricted, what is masked, what is counted twice."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("pyarrow")

from edgewise_cloud.catalogue import load_catalogue
from edgewise_cloud.evaluate.answers import Answers
from edgewise_cloud.evaluate.gold import Gold, choose, gold_sets, pick_datasets
from edgewise_cloud.evaluate.records import Record, language_means, manifest_metrics
from edgewise_cloud.evaluate.scoring import score_choice, score_toxicity

NAMES = {
    "sentiment": ("negative", "neutral", "positive"),
    "emotion": ("anger", "disgust", "fear", "joy", "love", "sadness", "surprise", "neutral"),
    "toxicity": ("toxicity", "identity_attack", "insult", "profanity"),
}


def gold(root: Path, task: str, name: str, split: str = "train") -> Gold:
    catalogue = load_catalogue(root)
    (found,) = gold_sets(pick_datasets(catalogue, task, split, [name]), split)
    return found


def answers(task: str, scores: list[list[float]], labels: list[str] | None = None) -> Answers:
    names = NAMES[task]
    rows = np.array(scores, dtype=np.float32)
    given = labels or [names[i] for i in rows.argmax(axis=1)]
    return Answers(names, given, rows, np.array([max(row) < 0.5 for row in scores]))


def test_a_binary_set_is_scored_with_its_two_labels_and_without_that_help(data: Path) -> None:
    ja = gold(data, "sentiment", "ja_reviews", "test")
    (record,) = score_choice(ja, answers("sentiment", [[0.4, 0.5, 0.1]])).records
    assert record.values["accuracy"] == 1
    assert record.values["accuracy_unrestricted"] == 0
    assert record.labels == ("negative", "positive")
    assert record.values["ece"] == pytest.approx(1 - 0.8), "the probability is that among the labels allowed"


def test_a_set_with_all_labels_is_not_restricted_and_its_binary_view_is(data: Path) -> None:
    sst = gold(data, "sentiment", "en_sst", "test")
    scores = [[0.1, 0.5, 0.4], [0.6, 0.3, 0.1], [0.1, 0.8, 0.1], [0.2, 0.1, 0.7]]
    whole, binary = score_choice(sst, answers("sentiment", scores)).records
    assert (whole.dataset, whole.rows, whole.labels) == ("sentiment/en_sst", 4, ())
    assert whole.values["accuracy"] == 0.5
    assert "accuracy_unrestricted" not in whole.values
    assert (binary.dataset, binary.rows) == ("sentiment/en_sst:binary", 3)
    assert binary.values["accuracy"] == pytest.approx(2 / 3)
    assert binary.values["accuracy_unrestricted"] == pytest.approx(1 / 3)
    assert binary.is_view
    assert not whole.is_view


def test_rows_with_several_emotions_are_left_out_and_languages_have_labels_of_their_own(data: Path) -> None:
    brighter = gold(data, "emotion", "brighter_world")
    scores = [[0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.3, 0.0, 0.0, 0.0, 0.7]]
    (record,) = score_choice(brighter, answers("emotion", scores)).records
    assert (record.language, record.rows) == ("es", 1)
    assert "neutral" not in record.labels
    assert record.values["accuracy"] == 1, "neutral is no label of the Spanish part"


def test_toxicity_is_judged_by_what_the_product_said_not_by_one_half(data: Path) -> None:
    german = gold(data, "toxicity", "de_germeval2018")
    scores = [[0.45, 0.1, 0.9, 0.1], [0.45, 0.1, 0.2, 0.9], [0.1, 0.1, 0.1, 0.1]]
    said = answers("toxicity", scores, ["toxic", "toxic", "non-toxic"])
    (record,) = score_toxicity(german, said).records
    assert record.values["accuracy"] == 1
    assert record.values["auc"] == 1
    assert record.values["toxic_share"] == pytest.approx(2 / 3)
    assert "offensive" in record.note


def test_attributes_are_measured_only_where_the_set_marks_them(data: Path) -> None:
    german = gold(data, "toxicity", "de_germeval2018")
    # The profane row scores high as an insult. That it is none is not known, so it must not count.
    scores = [[0.9, 0.1, 0.5, 0.1], [0.9, 0.1, 0.9, 0.9], [0.1, 0.1, 0.1, 0.1]]
    (record,) = score_toxicity(german, answers("toxicity", scores, ["toxic", "toxic", "non-toxic"])).records
    assert record.values["auc_insult"] == 1
    assert record.values["auc_profanity"] == 1
    assert "auc_identity_attack" not in record.values, "nobody was attacked in these rows"
    assert "auc_threat" not in record.values


def test_hate_only_negatives_do_not_count_as_non_toxic(data: Path) -> None:
    hate = gold(data, "toxicity", "en_dynahate_dghs")
    said = answers("toxicity", [[0.9, 0.9, 0, 0], [0.9, 0.1, 0, 0]], ["toxic", "toxic"])
    scored = score_toxicity(hate, said)
    (record,) = scored.records
    assert record.values["accuracy"] == 1
    assert record.values["auc_identity_attack"] == 1
    assert "macro_f1" not in record.values
    assert len(scored.judged.gold) == 1


def test_a_balanced_sample_is_also_weighted_to_its_published_share(make_data: Callable[..., Path]) -> None:
    rows: list[dict[str, Any]] = [
        {"text": f"t{i}", "label": label, "labels": [], "split": "test", "native_label": ""}
        for i, label in enumerate(["toxic", "toxic", "non-toxic", "non-toxic"])
    ]
    root = make_data({"toxicity/en_jigsaw_wiki_test_balanced.parquet": ("unstated", "main", rows)})
    jigsaw = gold(root, "toxicity", "en_jigsaw_wiki_test_balanced", "test")
    said = answers("toxicity", [[0.9, 0, 0, 0]] * 3 + [[0.1, 0, 0, 0]], ["toxic"] * 3 + ["non-toxic"])
    values = score_toxicity(jigsaw, said).records[0].values
    assert values["accuracy"] == 0.75
    share = 6090 / 63978
    assert values["accuracy_at_published_prevalence"] == pytest.approx(share + (1 - share) / 2)
    assert values["weighted_f1_at_published_prevalence"] < 0.75
    # Told how rare toxic texts are there, a threshold of one half is one of .905, and nothing reaches it.
    assert values["accuracy_at_published_prevalence_told"] == pytest.approx(1 - share)


def test_a_limit_takes_the_same_rows_every_time() -> None:
    assert choose(3, None, 0, "x").tolist() == [0, 1, 2]
    first = choose(1000, 20, 7, "x")
    assert first.tolist() == choose(1000, 20, 7, "x").tolist()
    assert first.tolist() == sorted(set(first.tolist()))
    assert first.tolist() != choose(1000, 20, 8, "x").tolist()
    assert first.tolist() != choose(1000, 20, 7, "y").tolist()


def test_languages_and_a_limit_are_applied_to_a_set(data: Path) -> None:
    datasets = pick_datasets(load_catalogue(data), "emotion", "train", ["brighter_world"])
    (spanish,) = gold_sets(datasets, "train", languages=["es"])
    assert spanish.examples.texts == ["nada"]
    assert list(gold_sets(datasets, "train", languages=["xx"])) == []


def test_by_default_main_sets_of_every_licence_are_measured_and_others_by_name(data: Path) -> None:
    catalogue = load_catalogue(data)
    names = [dataset.name for dataset in pick_datasets(catalogue, "sentiment", "test", [])]
    assert names == ["sentiment/en_sst", "sentiment/ja_reviews", "sentiment/vi_vsfc"]
    assert "toxicity/en_dynahate_dghs" not in [
        d.name for d in pick_datasets(catalogue, "toxicity", "train", [])
    ]


def record(task: str, dataset: str, language: str, **values: float) -> Record:
    return Record(task, dataset, "test", language, 10, values)


def test_each_language_counts_once_in_the_mean() -> None:
    records = [
        record("sentiment", "a", "en", macro_f1=0.2),
        record("sentiment", "b", "en", macro_f1=0.4),
        record("sentiment", "b:binary", "en", macro_f1=0.9),
        record("sentiment", "c", "all", macro_f1=1.0),
        record("sentiment", "c", "de", macro_f1=0.6),
        record("sentiment", "d", "fr", macro_f1=0.6, accuracy=0.5),
        record("sentiment", "one label", "it", accuracy=1.0),
        record("language", "langid", "de", accuracy=0.5),
    ]
    (means,) = language_means(records, ["macro_f1", "accuracy"])
    assert means == {
        "task": "sentiment",
        "languages": 3,
        "macro_f1": 0.5,
        "macro_f1_without_en": 0.6,
        "accuracy": 0.5,
        "accuracy_without_en": 0.5,
    }


def test_a_manifest_gets_flat_sorted_records() -> None:
    listed = manifest_metrics(
        [
            record("toxicity", "x", "de", auc=0.5),
            record("sentiment", "y", "de", accuracy=1 / 3),
            record("sentiment", "y", "all"),
        ]
    )
    assert [(entry["task"], entry["language"]) for entry in listed] == [
        ("sentiment", "all"), ("sentiment", "de"), ("toxicity", "de"),
    ]  # fmt: skip
    assert listed[1]["accuracy"] == 0.3333
    assert set(listed[0]) == {"task", "dataset", "split", "language", "rows"}


def test_the_products_own_answer_stands_where_the_set_has_it(data: Path) -> None:
    # Nothing to judge: all labels are equally likely, and the product says neutral.
    sst = gold(data, "sentiment", "en_sst", "test")
    said = answers("sentiment", [[1 / 3, 1 / 3, 1 / 3]] * 4, ["neutral"] * 4)
    whole, binary = score_choice(sst, said).records
    assert whole.values["accuracy"] == 0.25
    assert binary.values["accuracy_unrestricted"] == 0
