"""The language: told, restricted, fixed; and what hangs on it: routes, temperatures, thresholds."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgewise import Analyzer, Prediction

Pack = Callable[..., Path]


def sentiment(analyzer: Analyzer, text: str) -> Prediction:
    found = analyzer.analyze(text).sentiment
    assert found is not None
    return found


def test_the_language_has_a_probability_for_every_label(analyzer: Analyzer) -> None:
    found = analyzer.analyze("das ist gut good").language
    assert found.label == "de"
    assert found.scores == pytest.approx({"en": 0.25, "de": 0.75, "fr": 0.0, "und": 0.0})
    assert found.threshold == 0.6
    assert not found.unsure


def test_too_close_to_call_is_unsure(analyzer: Analyzer) -> None:
    found = analyzer.analyze("gut good").language
    assert found.score == pytest.approx(0.5)
    assert found.unsure


def test_undetermined_is_always_unsure(analyzer: Analyzer) -> None:
    found = analyzer.analyze("12 34").language
    assert (found.label, found.score, found.unsure) == ("und", 1.0, True)


def test_a_call_can_set_the_threshold_of_the_language(analyzer: Analyzer) -> None:
    assert not analyzer.analyze("gut good", thresholds={"language": 0.4}).language.unsure
    assert analyzer.analyze("das ist gut good", thresholds={"language": {"de": 0.9}}).language.unsure


def test_detection_is_restricted_to_the_languages_given(speaking: Path) -> None:
    found = Analyzer(speaking, languages=["en", "fr"]).analyze("das ist gut good").language
    assert found.label == "en"
    assert found.scores["de"] == 0.0


def test_a_single_language_is_a_fact(speaking: Path) -> None:
    for languages in (["de"], "de", ("de", "de")):
        analyzer = Analyzer(speaking, languages=languages)
        for text in ("you are good", "", "12"):
            found = analyzer.analyze(text).language
            assert (found.label, found.score, found.unsure) == ("de", 1.0, False)
            assert found.scores == {"de": 1.0}


def test_the_text_is_read_for_its_language_as_it_was_typed(speaking: Path) -> None:
    """Normalisation would repair the word, and the language model learnt from text that nobody repaired."""
    assert Analyzer(speaking).analyze("g\u200bood").language.label == "und"


def test_a_bundle_without_a_language_model(packed: Pack) -> None:
    folder = packed(lambda spec: spec["routes"].update(language=None))
    found = Analyzer(folder).analyze("good")
    assert (found.language.label, found.language.unsure) == ("und", True)
    assert found.sentiment is not None and found.sentiment.label == "positive"
    assert Analyzer(folder, languages=["de"]).analyze("good").language.label == "de"
    with pytest.raises(ValueError, match="language"):
        Analyzer(folder, languages=["de", "en"])
    assert Analyzer(folder, tasks=["language"]).analyze("good").backend == "none"


def test_temperature_and_thresholds_of_the_language_are_used(packed: Pack) -> None:
    def edit(spec: dict[str, Any]) -> None:
        tasks = spec["models"]["encoder"]["tasks"]
        tasks["sentiment"]["temperature_by_language"] = {"de": 4.0}
        tasks["sentiment"]["thresholds"]["default"]["by_language"] = {"de": {"value": 0.95}}
        tasks["toxicity"]["thresholds"]["insult"]["by_language"] = {"de": {"value": 1.0}}

    analyzer = Analyzer(packed(edit))
    english, german = sentiment(analyzer, "good this"), sentiment(analyzer, "gut das ist")
    fixed = sentiment(Analyzer(analyzer.bundle.folder, languages=["de"]), "good this")
    assert fixed.scores["positive"] < english.scores["positive"]
    assert english.threshold == 0.4 and german.threshold == fixed.threshold == 0.95
    insult = Analyzer(analyzer.bundle.folder, languages=["de"]).analyze("idiot").toxicity
    assert insult is not None and insult.labels == ("toxicity",)


def test_an_unsure_language_gets_the_general_calibration(packed: Pack) -> None:
    def edit(spec: dict[str, Any]) -> None:
        task = spec["models"]["encoder"]["tasks"]["sentiment"]
        task["thresholds"]["default"]["by_language"] = {"de": {"value": 0.95}, "en": {"value": 0.9}}

    analyzer = Analyzer(packed(edit))
    assert sentiment(analyzer, "gut").threshold == 0.95
    assert sentiment(analyzer, "good").threshold == 0.9
    assert sentiment(analyzer, "gut good").threshold == 0.4


def german_model(spec: dict[str, Any]) -> None:
    """A model for German that takes everything the other way round, and does no emotion."""
    model = copy.deepcopy(spec["models"]["encoder"])
    model["tasks"]["sentiment"]["labels"].reverse()
    model["golden"] = []
    del model["tasks"]["emotion"]
    spec["models"]["german"] = model
    spec["routes"]["by_language"] = {"de": "german"}


def test_a_language_can_have_a_model_of_its_own(packed: Pack) -> None:
    analyzer = Analyzer(packed(german_model))
    assert sentiment(analyzer, "good").label == "positive"
    assert sentiment(analyzer, "gut").label == "negative"
    texts = ["good", "gut", "bad", "schlecht", "gut", "good"]
    found = [item.sentiment.label for item in analyzer.analyze_batch(texts) if item.sentiment]
    assert found == ["positive", "negative", "negative", "positive", "negative", "positive"]


def test_a_task_that_the_language_s_model_lacks_is_done_by_the_default_model(packed: Pack) -> None:
    found = Analyzer(packed(german_model)).analyze("gut", explain=True)
    assert found.emotion is not None and found.emotion.label == "joy"
    assert {span.task for span in found.spans} == {"sentiment", "emotion"}


def test_warm_up_loads_the_models_of_every_language(packed: Pack) -> None:
    folder = packed(german_model)
    analyzer = Analyzer(folder)
    analyzer.warm_up()
    (folder / "tiny.onnx").unlink()
    assert sentiment(analyzer, "gut").label == "negative"
