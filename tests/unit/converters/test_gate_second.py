"""The gate judges what a device says: where n-gram heads answer beside an encoder, what both say."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="converting needs the extra 'convert'")
pytest.importorskip("onnx", reason="converting needs the extra 'convert'")

from tests.support.tiny_ngrams import make_bundle_with_heads

from edgewise import Analyzer
from edgewise_converters.convert import Plan, convert
from edgewise_converters.forms.catalogue import chosen_forms
from edgewise_converters.gate.judge import refer
from edgewise_converters.gate.rows import probabilities, read_rows
from edgewise_converters.sources.bundles import open_package
from edgewise_converters.texts import DevText
from edgewise_converters.write import write_bundle

TEXTS = [
    DevText(f"the {word} day {number}", "es", {"sentiment": label})
    for number in range(12)
    for word, label in (("bueno", "positive"), ("malo", "negative"), ("great", "positive"))
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle_with_heads(tmp_path_factory.mktemp("second"))


def test_what_is_compared_is_what_the_device_says(folder: Path) -> None:
    (source,) = open_package(folder).models
    assert source.second is not None
    rows = read_rows(source, TEXTS)
    reference = refer(source, rows)
    likely = probabilities(source.specs["sentiment"], reference.logits["sentiment"], list(rows.languages))
    with Analyzer(folder, languages=["es"]) as analyzer:
        for text, row in zip(rows.texts, likely, strict=True):
            answer = analyzer.analyze(text.text).sentiment
            assert answer is not None
            assert list(answer.scores.values()) == pytest.approx(row.tolist(), abs=1e-5)


def test_the_converted_bundle_keeps_its_heads(folder: Path, tmp_path: Path) -> None:
    forms = chosen_forms(["onnx"], ["int8"])
    done = convert(open_package(folder), Plan(tuple(forms)), TEXTS)
    assert not done.refused
    made = write_bundle(done, tmp_path / "made")
    with Analyzer(made, languages=["es"]) as after, Analyzer(folder, languages=["es"]) as before:
        one, other = after.analyze("the bueno day").sentiment, before.analyze("the bueno day").sentiment
        assert one is not None
        assert other is not None
        assert one.scores == pytest.approx(other.scores, abs=0.02)
