"""From the catalogue to training rows: what may be learned from, and what is held back."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra 'train'")

from tests.support.training_data import FORBIDDEN, LEAKED, make_training_data, write_table

from edgewise.text import normalize
from edgewise_cloud.catalogue import (
    SHIPPABLE,
    Catalogue,
    CatalogueFileMissingError,
    CorruptDataError,
    Examples,
    load_catalogue,
)
from edgewise_cloud.train.rows import CARVED_MOST, carve_dev, labelled_rows, load_examples, save_examples
from edgewise_cloud.train.student_data import (
    GROUPS,
    REFERENCE,
    NothingToTrainError,
    Prepared,
    Sizes,
    drop_leaks,
    load_split,
    make_tokenizer,
    prepare,
    raw_texts,
    rows_of_epoch,
    tokenizer_texts,
)
from edgewise_cloud.train.texts import normalize_all
from edgewise_cloud.train.work_folder import WorkFileError
from edgewise_distill.student.data import LabelledTokens


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_training_data(tmp_path_factory.mktemp("training"))


@pytest.fixture(scope="module")
def catalogue(folder: Path) -> Catalogue:
    return load_catalogue(folder)


@pytest.fixture(scope="module")
def train(catalogue: Catalogue) -> Examples:
    return load_split(catalogue, "train", SHIPPABLE, None, 0)


def blank(names: list[str]) -> Examples:
    n = len(names)
    return Examples(
        [f"text {row}" for row in range(n)],
        ["en"] * n,
        list(names),
        np.ones(n, np.float32),
        np.full(n, -1, np.int64),
        np.ones((n, 3), bool),
        np.full((n, 7), np.nan, np.float32),
        np.full((n, 8), np.nan, np.float32),
    )


def equal(one: Examples, two: Examples) -> bool:
    return all(
        np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind == "f")
        and np.asarray(a).dtype == np.asarray(b).dtype
        for a, b in ((getattr(one, field.name), getattr(two, field.name)) for field in fields(Examples))
    )


def test_sets_that_must_not_ship_are_not_trained_on(catalogue: Catalogue, train: Examples) -> None:
    assert "sentiment/vi_vsfc" not in train.datasets
    assert not any(FORBIDDEN in text for text in train.texts)
    every = load_split(catalogue, "train", {*SHIPPABLE, "nc"}, None, 0)
    assert Counter(every.datasets)["sentiment/vi_vsfc"] == 60


def test_texts_are_normalised(catalogue: Catalogue) -> None:
    texts = ["  You   s.t.u.p.i.d  ", "so     gooooood", "x" * 5000]
    assert normalize_all(texts) == [normalize(text[:3000]).text for text in texts]


def test_a_limit_takes_so_many_of_each_set(catalogue: Catalogue) -> None:
    few = load_split(catalogue, "train", SHIPPABLE, 25, 3)
    assert set(Counter(few.datasets).values()) == {25}
    assert equal(few, load_split(catalogue, "train", SHIPPABLE, 25, 3))
    assert few.texts != load_split(catalogue, "train", SHIPPABLE, 25, 4).texts


def test_nothing_to_train_on_is_told(catalogue: Catalogue) -> None:
    with pytest.raises(NothingToTrainError, match=r"'train'.*gated"):
        load_split(catalogue, "train", {"gated"}, None, 0)


def test_a_training_text_of_any_test_split_is_dropped(catalogue: Catalogue, train: Examples) -> None:
    # It stands in a test split of a set that may not be trained on, in capitals.
    assert LEAKED in train.texts
    kept = drop_leaks(catalogue, train)
    assert LEAKED not in kept.texts
    held_out = {
        text
        for dataset in catalogue.labelled.values()
        if dataset.rows.get("test")
        for text in dataset.load("test").texts
    }
    expected = [text for text in train.texts if text not in held_out and text != LEAKED]
    assert kept.texts == expected
    assert len(expected) > 0.9 * len(train)


def test_sets_without_a_dev_split_are_given_one() -> None:
    train_rows = blank(["a"] * 100 + ["b"] * 200 + ["c"] * 19 + ["d"] * 20_000)
    dev_rows = blank(["a"] * 7)
    left, dev = carve_dev(train_rows, dev_rows)
    assert Counter(dev.datasets) == {"a": 7, "b": 10, "d": CARVED_MOST}
    assert Counter(left.datasets) == {"a": 100, "b": 190, "c": 19, "d": 20_000 - CARVED_MOST}
    assert sorted([*left.texts, *dev.texts[7:]]) == sorted(train_rows.texts)
    kept = set(left.texts)
    assert left.texts == [text for text in train_rows.texts if text in kept]
    again = carve_dev(train_rows, dev_rows)
    assert again[1].texts == dev.texts


def test_a_rerun_reads_the_rows_of_the_first(folder: Path, tmp_path: Path) -> None:
    data = make_training_data(tmp_path / "data")
    first = labelled_rows(load_catalogue(data), SHIPPABLE, 40, 1, tmp_path)
    for path in data.rglob("*.parquet"):
        path.unlink()
    second = labelled_rows(load_catalogue(data), SHIPPABLE, 40, 1, tmp_path)
    for one, two in zip(first, second, strict=True):
        assert len(one) > 0
        assert equal(one, two)
    assert {"sentiment/en_sst", "sentiment/hr_pauza"} <= set(first[1].datasets)


def test_prepared_rows_are_taken_instead_and_kept(folder: Path, tmp_path: Path) -> None:
    catalogue = load_catalogue(make_training_data(tmp_path / "data"))
    train, dev = labelled_rows(catalogue, SHIPPABLE, 40, 1, tmp_path)
    prepared, work = tmp_path / "prepared", tmp_path / "work"
    work.mkdir()
    save_examples(prepared / "train.parquet", train.take(range(10)))
    save_examples(prepared / "dev.parquet", dev.take(range(5)))
    found = labelled_rows(catalogue, SHIPPABLE, None, 2, work, prepared)
    assert [part.texts for part in found] == [train.texts[:10], dev.texts[:5]]
    (prepared / "train.parquet").unlink()
    again = labelled_rows(catalogue, SHIPPABLE, None, 2, work, prepared)
    assert equal(again[0], found[0])
    with pytest.raises(WorkFileError, match=r"train\.parquet"):
        labelled_rows(catalogue, SHIPPABLE, None, 2, tmp_path / "empty", prepared)


def test_rows_are_kept_as_they_are(train: Examples, tmp_path: Path) -> None:
    save_examples(tmp_path / "rows.parquet", train)
    assert equal(load_examples(tmp_path / "rows.parquet"), train)
    assert [path.name for path in tmp_path.iterdir()] == ["rows.parquet"]
    empty = train.take([])
    save_examples(tmp_path / "rows.parquet", empty)
    assert len(load_examples(tmp_path / "rows.parquet")) == 0


def test_kept_rows_that_are_broken_are_told(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    path.write_bytes(b"PAR1 no")
    with pytest.raises(WorkFileError, match=r"rows\.parquet.*Delete"):
        load_examples(path)
    write_table(path, [{"text": "a", "lang": "en"}])
    with pytest.raises(WorkFileError):
        load_examples(path)


def test_the_tokenizer_learns_from_labelled_and_raw_text(catalogue: Catalogue, train: Examples) -> None:
    raw = raw_texts(catalogue, SHIPPABLE, 20, 1)
    assert {language: len(texts) for language, texts in raw.items()} == {
        **dict.fromkeys(("en", "de", "es", "ru", "sr", "zh"), 20)
    }
    texts = tokenizer_texts(train, raw, 30, 1)
    assert len(texts) == 30 * 5 + 30 + 20 + 20 + 30 + 20  # en five times as many, de, es, ru, sr, zh
    assert texts == tokenizer_texts(train, raw, 30, 1)


def test_raw_text_is_not_needed(tmp_path: Path) -> None:
    data = make_training_data(tmp_path)
    text = (data / "catalogue.json").read_text(encoding="utf-8").replace("rawtext", "other")
    (data / "catalogue.json").write_text(text, encoding="utf-8")
    assert raw_texts(load_catalogue(data), SHIPPABLE, 20, 1) == {}


def test_raw_text_that_is_broken_is_told(tmp_path: Path) -> None:
    data = make_training_data(tmp_path)
    (data / "language/rawtext.parquet").write_bytes(b"PAR1")
    with pytest.raises(CorruptDataError):
        raw_texts(load_catalogue(data), SHIPPABLE, 20, 1)
    (data / "language/rawtext.parquet").unlink()
    with pytest.raises(CatalogueFileMissingError):
        raw_texts(load_catalogue(data), SHIPPABLE, 20, 1)


def test_a_tokenizer_is_trained_once(catalogue: Catalogue, train: Examples, tmp_path: Path) -> None:
    path, sizes = tmp_path / "tokenizer.json", Sizes(vocabulary=300, texts_per_language=50)
    first = make_tokenizer(catalogue, train, SHIPPABLE, sizes, 1, path)
    again = make_tokenizer(catalogue, train, SHIPPABLE, Sizes(vocabulary=600), 2, path)
    assert first.to_str() == again.to_str()
    assert [file.name for file in tmp_path.iterdir()] == ["tokenizer.json"]


def test_rows_keep_their_labels_as_tokens(catalogue: Catalogue, train: Examples, tmp_path: Path) -> None:
    sizes = Sizes(vocabulary=300, max_tokens=12, texts_per_language=50)
    tokenizer = make_tokenizer(catalogue, train, SHIPPABLE, sizes, 1, tmp_path / "tokenizer.json")
    prepared = prepare(train, tokenizer, sizes)
    assert prepared.groups == ("", *sorted(set(train.datasets) - REFERENCE))
    named = ["" if name in REFERENCE else name for name in train.datasets]
    assert [prepared.groups[group] for group in prepared.tokens.group] == named
    assert prepared.tokens.lengths.max() == 12
    for row in (0, 500, len(train) - 1):
        tokens = prepared.tokens.tokens[prepared.tokens.starts[row] : prepared.tokens.starts[row + 1]]
        assert tokens.tolist() == tokenizer.encode(train.texts[row]).ids[:12]
    renamed = blank(["emotion/unheard_of", "toxicity/en_olid", "toxicity/de_germeval2018"])
    dev = prepare(renamed, tokenizer, sizes, prepared.groups)
    assert dev.tokens.group.tolist() == [0, 0, prepared.groups.index("toxicity/de_germeval2018")]
    assert dev.groups == prepared.groups


def test_one_sided_sets_of_one_source_share_a_group(catalogue: Catalogue, tmp_path: Path) -> None:
    rows = blank([*GROUPS, "toxicity/en_olid"])
    sizes = Sizes(vocabulary=300)
    tokenizer = make_tokenizer(catalogue, rows, SHIPPABLE, sizes, 1, tmp_path / "tokenizer.json")
    group = prepare(rows, tokenizer, sizes).tokens.group
    assert group[0] == group[1] != group[2]


def groups_of(sizes: list[int], weights: list[float]) -> Prepared:
    names = [f"set{place}" for place, size in enumerate(sizes) for _ in range(size)]
    rows = blank(names)
    group = np.repeat(np.arange(len(sizes)), sizes)
    n = len(names)
    tokens = LabelledTokens(
        np.zeros(n, np.int32),
        np.arange(n + 1),
        group,
        np.repeat(np.array(weights, np.float32), sizes),
        rows.sentiment,
        rows.sentiment_allowed,
        rows.toxicity,
        rows.emotion,
    )
    return Prepared(rows, tokens, tuple(dict.fromkeys(names)))


def test_large_sets_are_thinned_and_little_trusted_ones_halved() -> None:
    prepared = groups_of([50, 1000, 80], [1.0, 1.0, 0.3])
    sizes = Sizes(whole=100, thinning=0.5)
    rows = rows_of_epoch(prepared, sizes, np.random.default_rng(1))
    assert Counter(prepared.tokens.group[rows].tolist()) == {0: 50, 1: 130, 2: 40}
    assert len(set(rows.tolist())) == len(rows)
    other = rows_of_epoch(prepared, sizes, np.random.default_rng(2))
    assert set(other.tolist()) != set(rows.tolist())


def test_sets_that_say_what_labels_mean_are_visited_whole_and_small_ones_twice() -> None:
    prepared = groups_of([50, 1000, 30], [1.0, 1.0, 1.0])
    names = ["sentiment/en_sst"] * 50 + ["sentiment/en_semeval2017_tweets"] * 1000 + ["other"] * 30
    prepared = replace(prepared, examples=replace(prepared.examples, datasets=names))
    rows = rows_of_epoch(prepared, Sizes(whole=100, thinning=0.5), np.random.default_rng(1))
    assert Counter(prepared.tokens.group[rows].tolist()) == {0: 100, 1: 1000, 2: 30}
