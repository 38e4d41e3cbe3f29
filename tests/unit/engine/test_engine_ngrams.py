"""N-gram heads in the engine: beside an encoder and alone."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from tests.support.tiny_bundle import make_tiny_bundle
from tests.support.tiny_ngrams import BIAS, make_bundle_with_heads, tiny_arrays

from edgewise import Analyzer
from edgewise.bundle import Bundle
from edgewise.bundle.manifest import TaskSpec
from edgewise.engine.known import likely_files
from edgewise.engine.ngram_model import NgramModel
from edgewise.engine.second import log_odds, pooled
from edgewise.errors import BackendUnavailableError, FileHashError
from edgewise.labels import LABELS
from edgewise.ngrams import NgramHeads


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle_with_heads(tmp_path_factory.mktemp("mixed"))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle_with_heads(tmp_path_factory.mktemp("alone"), None)


def positive(analyzer: Analyzer, text: str) -> float:
    answer = analyzer.analyze(text).sentiment
    assert answer is not None
    return answer.scores["positive"]


def test_log_odds_undo_a_softmax() -> None:
    for one, other in zip(log_odds([2.0, 0.0]), [2.0, -2.0], strict=True):
        assert one == pytest.approx(other)
    assert all(math.isfinite(value) for value in log_odds([1e6, -1e6, 0.0]))


def test_pooling_is_a_weighted_mean_where_both_speak() -> None:
    assert pooled([0.0, 1.0], [4.0, math.nan], 0.25) == pytest.approx([1.0, 1.0])
    assert pooled([0.0, 1.0], None, 0.25) == [0.0, 1.0]


def test_beside_an_encoder_both_are_heard(mixed: Path) -> None:
    with Analyzer(mixed, languages=["es"]) as spanish, Analyzer(mixed, languages=["de"]) as german:
        assert positive(spanish, "the bueno") > 0.8 > positive(german, "the bueno")
        assert positive(spanish, "great bueno") > positive(spanish, "great malo")
        assert positive(german, "great bueno") == pytest.approx(positive(german, "great malo"), abs=1e-6)


def test_the_encoder_is_heard_as_log_odds_where_no_heads_know_the_language(
    mixed: Path, tmp_path: Path
) -> None:
    with Analyzer(mixed, languages=["de"]) as both, Analyzer(make_tiny_bundle(tmp_path)) as encoder:
        with_heads, without = both.analyze("good"), encoder.analyze("good")
        assert with_heads.toxicity is not None
        assert without.toxicity is not None
        assert with_heads.toxicity.scores == pytest.approx(without.toxicity.scores)
        assert with_heads.sentiment is not None
        assert without.sentiment is not None
        assert with_heads.sentiment.label == without.sentiment.label == "positive"


def test_a_text_is_answered_alone_as_in_a_batch(mixed: Path, alone: Path) -> None:
    texts = ["bueno", "malo " * 90, "idiota fiesta", "", "great day", "7", "bueno malo " * 300]
    for folder in (mixed, alone):
        with Analyzer(folder, languages=["es"]) as analyzer:
            batch = analyzer.analyze_batch(texts)
            for text, together in zip(texts, batch, strict=True):
                single = analyzer.analyze(text)
                assert single.sentiment == together.sentiment
                assert single.toxicity == together.toxicity
                assert single.emotion == together.emotion


def test_each_window_of_a_long_text_is_heard(mixed: Path, alone: Path) -> None:
    for folder in (mixed, alone):
        with Analyzer(folder, languages=["es"]) as analyzer:
            calm = analyzer.analyze("the cosa " * 200)
            hidden = analyzer.analyze("the cosa " * 190 + "idiota " + "the cosa " * 10)
            assert calm.toxicity is not None
            assert hidden.toxicity is not None
            assert not hidden.truncated
            assert hidden.toxicity.score > calm.toxicity.score + 0.2


def test_words_of_the_heads_are_explained(mixed: Path, alone: Path) -> None:
    for folder in (mixed, alone):
        with Analyzer(folder, languages=["es"]) as analyzer:
            spans = analyzer.analyze("the day bueno", explain=True).spans
            best = max((span for span in spans if span.task == "sentiment"), key=lambda span: span.weight)
            assert best.text == "bueno"


def test_heads_alone_ask_the_model_of_all_languages_where_their_own_says_nothing(alone: Path) -> None:
    with Analyzer(alone, languages=["es"]) as analyzer:
        emotion = analyzer.analyze("fiesta").emotion
        assert emotion is not None
        assert emotion.label == "joy"
        toxicity = analyzer.analyze("idiota").toxicity
        assert toxicity is not None
        own, everywhere = BIAS + 8.0, BIAS + 3.0
        assert toxicity.score == pytest.approx(1 / (1 + math.exp(-(0.9 * own + 0.1 * everywhere))), abs=1e-5)


def test_heads_alone_judge_an_unknown_language_by_that_model(alone: Path) -> None:
    with Analyzer(alone, languages=["sw"]) as analyzer:
        toxicity = analyzer.analyze("idiota").toxicity
        assert toxicity is not None
        assert toxicity.score == pytest.approx(1 / (1 + math.exp(-(BIAS + 3.0))), abs=1e-5)


def test_heads_alone_judge_by_that_model_where_it_knows_all_that_is_asked() -> None:
    bad, good = dict.fromkeys(("sentiment/negative", "sentiment/neutral"), -5.0), {"sentiment/positive": 5.0}
    heads = NgramHeads(*tiny_arrays({"*": {"fiesta": bad | good}}))
    model = NgramModel({"sentiment": TaskSpec(LABELS["sentiment"], "softmax")}, heads, 1)
    rows = model.tokenizer.read("fiesta").rows
    for language in (None, "sw"):
        settled = model.settle({"sentiment": [[]]}, rows, "fiesta", language)
        assert settled["sentiment"][0] == pytest.approx([BIAS - 5, BIAS - 5, BIAS + 5], abs=1e-5)


def test_heads_alone_need_no_backend(alone: Path) -> None:
    with Analyzer(alone, backend="numpy") as analyzer:
        assert analyzer.backend_report().chosen == "numpy"
    with Analyzer(alone) as analyzer:
        assert analyzer.analyze("bueno").backend == "numpy"
        assert "all that its models need" in analyzer.backend_report().how
    with Analyzer(alone, backend="onnxruntime") as analyzer, pytest.raises(BackendUnavailableError):
        analyzer.analyze("bueno")


def test_the_file_of_the_heads_is_read_ahead_and_verified(mixed: Path, alone: Path, tmp_path: Path) -> None:
    for folder in (mixed, alone):
        files = likely_files(Bundle.open(folder).manifest, ("sentiment",), ("es",), "onnxruntime")
        assert "ngrams.bin" in [file.file for file in files]
    broken = make_bundle_with_heads(tmp_path / "broken")
    data = bytearray((broken / "ngrams.bin").read_bytes())
    data[-1] ^= 1
    (broken / "ngrams.bin").write_bytes(bytes(data))
    with Analyzer(broken, languages=["es"]) as analyzer, pytest.raises(FileHashError):
        analyzer.analyze("bueno")
