"""What one text gets."""

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from tests.support.tiny_bundle import BIAS, WORDS

import edgewise
from edgewise import (
    Analysis,
    Analyzer,
    ThresholdError,
    UnknownLabelError,
    UnknownLanguageError,
    UnknownTaskError,
)
from edgewise.bundle import Threshold, read_manifest
from edgewise.engine.thresholds import at_share, for_share
from edgewise.results import hash_text


def logit(label: str, *words: str) -> float:
    return BIAS.get(label, 0.0) + sum(WORDS[word].get(label, 0.0) for word in words) / len(words)


def softmax(task: str, *words: str) -> dict[str, float]:
    weights = {label: math.exp(logit(label, *words)) for label in edgewise.LABELS[task]}
    return {label: weight / sum(weights.values()) for label, weight in weights.items()}


def sigmoid(label: str, *words: str) -> float:
    return 1 / (1 + math.exp(-logit(label, *words)))


def test_all_four_answers_are_those_worked_out_by_hand(analyzer: Analyzer) -> None:
    found = analyzer.analyze("You are great")
    words = ("you", "are", "great")
    assert found.language.label == "en"
    assert found.language.score == pytest.approx(1.0)
    assert found.sentiment is not None and found.toxicity is not None and found.emotion is not None
    assert found.sentiment.label == "positive"
    assert found.sentiment.scores == pytest.approx(softmax("sentiment", *words), abs=1e-6)
    assert found.sentiment.score == found.sentiment.scores["positive"]
    assert found.emotion.scores == pytest.approx(softmax("emotion", *words), abs=1e-6)
    assert found.toxicity.label == "non-toxic"
    assert found.toxicity.score == pytest.approx(sigmoid("toxicity", *words), abs=1e-6)
    assert found.toxicity.labels == ()
    assert not found.unsure


def test_toxicity_names_every_attribute_at_or_above_its_threshold(analyzer: Analyzer) -> None:
    found = analyzer.analyze("idiot").toxicity
    assert found is not None
    assert found.label == "toxic"
    assert found.labels == ("toxicity", "insult")
    assert found.score == found.scores["toxicity"]
    assert found.threshold == 0.5


def test_the_result_says_who_answered_and_for_what(analyzer: Analyzer) -> None:
    found = analyzer.analyze("good day")
    assert isinstance(found, Analysis)
    assert found.model == "tiny@0.1.0"
    assert found.backend == "onnxruntime"
    assert found.text_hash == hash_text("good day")
    assert found.latency_ms > 0
    assert found.spans == ()
    assert not found.truncated


def test_only_the_tasks_asked_for_are_answered(speaking: Path) -> None:
    analyzer = Analyzer(speaking, tasks=["emotion"])
    found = analyzer.analyze("great")
    assert (found.sentiment, found.toxicity) == (None, None)
    assert found.emotion is not None and found.language is not None
    other = analyzer.analyze("great", tasks=["toxicity", "sentiment"])
    assert other.emotion is None and other.toxicity is not None and other.sentiment is not None
    assert (
        Analyzer(speaking, tasks="emotion").analyze("great").to_dict()["emotion"]
        == found.to_dict()["emotion"]
    )


def test_language_alone_runs_no_backend(speaking: Path) -> None:
    found = Analyzer(speaking, tasks=["language"], backend="no-such-backend").analyze("das ist gut")
    assert found.language.label == "de"
    assert found.backend == "numpy"
    assert (found.sentiment, found.toxicity, found.emotion) == (None, None, None)


def test_an_answer_nobody_asked_for_makes_nothing_unsure(analyzer: Analyzer) -> None:
    text = "wow great great"  # no word the language model knows enough of to tell
    assert analyzer.analyze("wow wow wow", tasks=["toxicity"]).language.unsure
    assert not analyzer.analyze("wow wow wow", tasks=["toxicity"]).unsure
    assert analyzer.analyze("wow wow wow").unsure
    assert not analyzer.analyze(text, tasks=["sentiment"]).unsure


def test_a_threshold_of_a_task_makes_its_answer_unsure(analyzer: Analyzer) -> None:
    sure = analyzer.analyze("you are good").sentiment
    unsure = analyzer.analyze("you are good", thresholds={"sentiment": 0.99}).sentiment
    assert sure is not None and unsure is not None
    assert not sure.unsure and unsure.unsure
    assert unsure.threshold == 0.99
    assert unsure.scores == sure.scores and unsure.label == sure.label


def test_thresholds_of_toxicity(analyzer: Analyzer) -> None:
    def toxicity(**thresholds: object) -> edgewise.Prediction:
        found = analyzer.analyze("idiot", thresholds={"toxicity": thresholds.get("all", thresholds)}).toxicity
        assert found is not None
        return found

    assert toxicity(all=1.0).label == "non-toxic"
    assert toxicity(all=1.0).labels == ("insult",)
    assert toxicity(insult=1.0).label == "toxic"
    assert toxicity(insult=1.0).labels == ("toxicity",)
    assert "threat" in toxicity(threat=0.0).labels


def test_a_toxicity_score_near_its_threshold_is_unsure(analyzer: Analyzer) -> None:
    score = analyzer.analyze("idiot").to_dict()["toxicity"]["score"]
    for threshold, unsure in ((score - 0.05, True), (score - 0.2, False)):
        found = analyzer.analyze("idiot", thresholds={"toxicity": threshold}).toxicity
        assert found is not None and found.unsure is unsure


@pytest.mark.parametrize(
    ("thresholds", "error"),
    [
        ({"mood": 0.5}, UnknownTaskError),
        ({"toxicity": {"rude": 0.5}}, UnknownLabelError),
        ({"toxicity": 1.5}, ThresholdError),
        ({"toxicity": -0.1}, ThresholdError),
        ({"toxicity": {"insult": float("nan")}}, ThresholdError),
        ({"sentiment": "high"}, ThresholdError),
        ({"sentiment": True}, ThresholdError),
        ({"sentiment": None}, ThresholdError),
        ([("sentiment", 0.5)], ValueError),
    ],
)
def test_thresholds_that_make_no_sense_are_refused(
    analyzer: Analyzer, thresholds: dict, error: type[Exception]
) -> None:
    with pytest.raises(error):
        analyzer.analyze("good", thresholds=thresholds)
    with pytest.raises(error):
        analyzer.analyze_batch(["good"], thresholds=thresholds)


def test_unknown_tasks_and_languages_are_refused_at_once(speaking: Path, analyzer: Analyzer) -> None:
    with pytest.raises(UnknownTaskError, match=r"'mood'.*'sentiment'"):
        Analyzer(speaking, tasks=["mood"])
    with pytest.raises(UnknownTaskError):
        analyzer.analyze("good", tasks=["mood"])
    with pytest.raises(UnknownLanguageError, match=r"'xx'.*'de'"):
        Analyzer(speaking, languages=["de", "xx"])


@pytest.mark.parametrize(
    "settings",
    [
        {"threads": 0},
        {"threads": 1.5},
        {"max_chars": 0},
        {"max_windows": -1},
        {"max_windows": True},
        {"toxic_share": 0.0},
        {"toxic_share": 1},
        {"toxic_share": "5 %"},
        {"toxic_share": float("nan")},
        {"toxic_share": 10**400},
        {"toxic_share": Fraction(10**30 - 1, 10**30)},
        {"languages": []},
        {"languages": [1]},
        {"tasks": 7},
    ],
)
def test_settings_that_make_no_sense_are_refused(speaking: Path, settings: dict) -> None:
    with pytest.raises(ValueError, match=r"Give|Use"):
        Analyzer(speaking, **settings)


def test_thresholds_of_toxicity_follow_the_share_of_toxic_texts(speaking: Path, analyzer: Analyzer) -> None:
    usual = analyzer.analyze("you idiot")
    with Analyzer(speaking, toxic_share=0.02) as rare, Analyzer(speaking, toxic_share=0.5) as even:
        told = rare.analyze("you idiot")
        assert even.analyze("you idiot").toxicity == usual.toxicity
    assert told.toxicity.scores == usual.toxicity.scores
    assert told.toxicity.threshold == pytest.approx(at_share(usual.toxicity.threshold, 0.02))
    assert told.toxicity.threshold > usual.toxicity.threshold
    assert told.sentiment == usual.sentiment
    assert told.toxicity.unsure == usual.toxicity.unsure, "the band of what is unsure moves along"
    with Analyzer(speaking, toxic_share=0.02) as rare:
        assert rare.analyze("you idiot", thresholds={"toxicity": 0.2}).toxicity.threshold == 0.2


def test_every_threshold_of_toxicity_moves_and_no_other(speaking: Path) -> None:
    manifest = read_manifest(speaking)
    before = manifest.models[manifest.routes.default]
    own = Threshold(0.4, 0.8, 0.7, {"de": Threshold(0.3, 0.9, 0.6)})
    tasks = {**before.tasks, "toxicity": replace(before.tasks["toxicity"], thresholds={"insult": own})}
    after = for_share(replace(before, tasks=tasks), 0.1).tasks
    assert after["sentiment"] == before.tasks["sentiment"]
    moved = after["toxicity"].thresholds
    assert moved["insult"].value == pytest.approx(at_share(0.4, 0.1))
    assert moved["insult"].at("de").value == pytest.approx(at_share(0.3, 0.1))
    assert moved["insult"].precision is None, "it was measured elsewhere"
    assert moved["default"].value == pytest.approx(0.9), "one half, which a task without thresholds has"


def test_labels_are_those_that_are_answered(speaking: Path, analyzer: Analyzer) -> None:
    assert analyzer.labels["language"] == ("en", "de", "fr", "und")
    assert analyzer.labels["sentiment"] == edgewise.LABELS["sentiment"]
    narrow = Analyzer(speaking, tasks=["toxicity"], languages=["de", "en"])
    assert dict(narrow.labels) == {"language": ("de", "en"), "toxicity": edgewise.LABELS["toxicity"]}


def test_a_bundle_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(edgewise.BundleNotFoundError):
        Analyzer(tmp_path / "none")
    with pytest.raises(edgewise.BundleNotFoundError):
        Analyzer("no-such-bundle")


def test_models_load_when_first_needed(packed: Callable[..., Path]) -> None:
    folder = packed()
    analyzer = Analyzer(folder)
    (folder / "tiny.onnx").write_bytes(b"changed after the analyzer was made")
    with pytest.raises(edgewise.BundleError):
        analyzer.analyze("good")


def test_a_failed_load_is_tried_again(packed: Callable[..., Path]) -> None:
    folder = packed()
    model = (folder / "tiny.onnx").read_bytes()
    (folder / "tiny.onnx").unlink()
    analyzer = Analyzer(folder)
    with pytest.raises(edgewise.BundleError):
        analyzer.warm_up()
    (folder / "tiny.onnx").write_bytes(model)
    assert analyzer.analyze("good").to_dict()["sentiment"]["label"] == "positive"


def test_warm_up_needs_no_file_afterwards(packed: Callable[..., Path]) -> None:
    folder = packed()
    analyzer = Analyzer(folder)
    analyzer.warm_up()
    for file in folder.iterdir():
        file.unlink()
    assert analyzer.analyze("good").to_dict()["sentiment"]["label"] == "positive"


def test_the_backend_is_reported(speaking: Path) -> None:
    assert Analyzer(speaking).backend_report().chosen == "onnxruntime"
    with pytest.raises(edgewise.BackendError):
        Analyzer(speaking, backend="no-such-backend").backend_report()


def test_printing_an_analyzer_says_what_it_is(speaking: Path) -> None:
    analyzer = Analyzer(speaking, tasks=["toxicity"])
    assert repr(analyzer) == "<Analyzer tiny@0.1.0: language, toxicity>"
    analyzer.close()
    assert "closed" in repr(analyzer)
    assert analyzer.bundle.manifest.name == "tiny"
