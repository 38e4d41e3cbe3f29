"""Models that break their promises, and bundles that were damaged: typed errors, never made-up answers."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support import scripted_backend
from tests.support.scripted_backend import Script, by_first_token, scripted
from tests.support.tiny_language import TinyLanguage, make_speaking_bundle

from edgewise import Analyzer, BundleError
from edgewise.errors import BackendLoadError, BackendRunError, FileHashError, FileMissingError

Feeds = Mapping[str, NDArray[Any]]
Outputs = dict[str, NDArray[Any]]


@pytest.fixture(autouse=True)
def tiny_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgewise.language.LanguageModel", TinyLanguage, raising=False)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    return scripted_backend.use(monkeypatch)


@pytest.fixture
def analyzer(tmp_path: Path, script: Script) -> Analyzer:
    return Analyzer(make_speaking_bundle(tmp_path / "scripted", scripted))


def changed(change: Callable[[NDArray[Any]], NDArray[Any]]) -> Callable[[Feeds], Outputs]:
    def run(feeds: Feeds) -> Outputs:
        outputs = by_first_token(feeds)
        return {**outputs, "toxicity": change(outputs["toxicity"])}

    return run


BROKEN = {
    "no rows": changed(lambda logits: logits[:0]),
    "a row too many": changed(lambda logits: np.concatenate([logits, logits[:1]])),
    "a column short": changed(lambda logits: logits[:, :-1]),
    "flat": changed(lambda logits: logits.ravel()),
    "NaN": changed(lambda logits: logits * np.float32("nan")),
    "infinite": changed(lambda logits: logits + np.float32("inf")),
    "one NaN": changed(lambda logits: np.where(np.arange(logits.shape[1]) == 3, np.float32("nan"), logits)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_outputs_that_break_the_contract_are_an_error(analyzer: Analyzer, script: Script, name: str) -> None:
    script.run = BROKEN[name]
    with pytest.raises(BackendRunError, match="toxicity"):
        analyzer.analyze("good")
    with pytest.raises(BackendRunError, match="toxicity"):
        analyzer.analyze_batch(["good", "good", "bad day"])


def test_a_model_recovers_when_its_fault_is_gone(analyzer: Analyzer, script: Script) -> None:
    script.run = BROKEN["NaN"]
    with pytest.raises(BackendRunError):
        analyzer.analyze("good")
    script.run = by_first_token
    assert analyzer.analyze("good").toxicity is not None


def test_an_output_nobody_asked_for_may_be_broken(analyzer: Analyzer, script: Script) -> None:
    script.run = BROKEN["NaN"]
    assert analyzer.analyze("good", tasks=["sentiment"]).sentiment is not None


def test_a_model_without_a_promised_output_is_not_loaded(analyzer: Analyzer, script: Script) -> None:
    script.outputs = ("sentiment", "emotion")
    with pytest.raises(BackendLoadError, match="toxicity"):
        analyzer.warm_up()


def test_extreme_logits_still_give_probabilities(analyzer: Analyzer, script: Script) -> None:
    script.run = changed(lambda logits: np.where(logits > 0, np.float32(3e38), np.float32(-3e38)))
    found = analyzer.analyze("good").toxicity
    assert found is not None
    assert all(0.0 <= score <= 1.0 for score in found.scores.values())


@pytest.mark.parametrize("file", ["tiny.onnx", "tokenizer.json", "language.bin"])
def test_a_damaged_file_is_refused_at_first_use(tmp_path: Path, file: str) -> None:
    folder = make_speaking_bundle(tmp_path / "damaged")
    data = bytearray((folder / file).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / file).write_bytes(bytes(data))
    with pytest.raises(FileHashError, match=file):
        Analyzer(folder).analyze("good")


@pytest.mark.parametrize("file", ["tiny.onnx", "tokenizer.json", "language.bin"])
def test_a_missing_file_is_refused_at_first_use(tmp_path: Path, file: str) -> None:
    folder = make_speaking_bundle(tmp_path / "incomplete")
    (folder / file).unlink()
    analyzer = Analyzer(folder)
    with pytest.raises(FileMissingError, match=file):
        analyzer.analyze("good")
    with pytest.raises(BundleError):
        analyzer.analyze_batch(["good"], on_error="return")


def test_a_language_model_with_other_languages_is_refused(tmp_path: Path) -> None:
    def edit(spec: dict[str, Any]) -> None:
        spec["models"]["language"]["tasks"]["language"]["labels"] = ["en", "xx", "und"]

    with pytest.raises(BackendLoadError, match="languages"):
        Analyzer(make_speaking_bundle(tmp_path / "other", edit)).analyze("good")


def test_an_encoder_cannot_stand_in_for_the_language_model(tmp_path: Path) -> None:
    def edit(spec: dict[str, Any]) -> None:
        encoder = spec["models"]["encoder"]
        encoder["tasks"]["language"] = spec["models"].pop("language")["tasks"]["language"]
        spec["routes"]["language"] = "encoder"

    with pytest.raises(BackendLoadError, match="encoder"):
        Analyzer(make_speaking_bundle(tmp_path / "odd", edit)).analyze("good")


def test_a_bundle_without_an_encoder_tells_the_language_only(tmp_path: Path) -> None:
    def edit(spec: dict[str, Any]) -> None:
        del spec["models"]["encoder"]
        spec["routes"]["default"] = "language"

    analyzer = Analyzer(make_speaking_bundle(tmp_path / "small", edit))
    assert list(analyzer.labels) == ["language"]
    found = analyzer.analyze("das ist gut", explain=True)
    assert found.language.label == "de" and found.toxicity is None
    with pytest.raises(ValueError, match="sentiment"):
        analyzer.analyze("gut", tasks=["sentiment"])
    assert analyzer.backend_report().chosen == "numpy", "the language model needs no other"
