"""The bundle contract, pinned: what format version 1 means must not change for bundles already out."""

import json
from pathlib import Path

from edgewise.bundle import (
    ArtifactSpec,
    FileRef,
    Golden,
    Manifest,
    ModelSpec,
    Routes,
    TaskSpec,
    Threshold,
    TokenizerSpec,
    read_manifest,
)

FOLDER = Path(__file__).parents[2] / "fixtures" / "golden_bundle"
RAW = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
TOKENIZER = FileRef("tokenizer.json", 2, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")

LANGUAGE = ModelSpec(
    name="language",
    kind="ngram-linear",
    tokenizer=None,
    tasks={
        "language": TaskSpec(
            labels=("en", "de", "und"),
            activation="softmax",
            temperature=1.25,
            temperature_by_language={},
            thresholds={"default": Threshold(0.5, None, None, {})},
            pooling="mean",
            unsure_margin=0.1,
        )
    },
    config={"buckets": 65536},
    artifacts=(
        ArtifactSpec(
            "numpy",
            "int8",
            FileRef("language.bin", 8, "91f2fb8e4dc15e95dbcc3bfcd8f0b1d6f7a5a7a4f0c2cf1dfb0a2b7b9df9d0aa"),
        ),
    ),
    golden=(Golden("", {"language": "und"}),),
)

MULTILINGUAL = ModelSpec(
    name="multilingual",
    kind="encoder",
    tokenizer=TokenizerSpec(TOKENIZER, max_tokens=128, stride=32, pad_id=0),
    tasks={
        "sentiment": TaskSpec(
            labels=("negative", "neutral", "positive"),
            activation="softmax",
            temperature=1.5,
            temperature_by_language={"de": 1.1},
            thresholds={"default": Threshold(0.4)},
            pooling="mean",
            unsure_margin=0.1,
        ),
        "toxicity": TaskSpec(
            labels=("toxicity", "insult"),
            activation="sigmoid",
            temperature=1.0,
            temperature_by_language={},
            thresholds={
                "toxicity": Threshold(0.5, 0.8, 0.7, {"de": Threshold(0.4, 0.75, None)}),
                "default": Threshold(0.6),
            },
            pooling="max",
            unsure_margin=0.05,
        ),
    },
    config={},
    artifacts=(
        ArtifactSpec("onnxruntime", "int8-weights", FileRef("multilingual.onnx", 1000, f"{1:064d}")),
        ArtifactSpec("openvino", "fp16", FileRef("openvino/multilingual.xml", 1001, f"{2:064d}")),
    ),
    golden=(Golden("gut!", {"sentiment": {"positive": 0.9}, "toxicity": "non-toxic"}),),
)

ENGLISH = ModelSpec(
    name="english",
    kind="encoder",
    tokenizer=TokenizerSpec(TOKENIZER, max_tokens=64, stride=0, pad_id=1),
    tasks={"emotion": TaskSpec(labels=("joy", "anger"), activation="softmax")},
    config={},
    artifacts=(ArtifactSpec("onnxruntime", "fp32", FileRef("english.onnx", 1002, f"{3:064d}")),),
    golden=(),
)

EXPECTED = Manifest(
    name="golden",
    version="1.2.3-rc.1",
    format_version=1,
    min_sdk_version="0.1.0",
    licence="Apache-2.0",
    created="2026-11-23",
    description="Every field of format version 1, pinned.",
    routes=Routes("language", "multilingual", {"en": "english", "zh-Hant": "multilingual"}),
    models={"language": LANGUAGE, "multilingual": MULTILINGUAL, "english": ENGLISH},
    metrics=(
        {
            "task": "sentiment",
            "dataset": "en_sst",
            "split": "test",
            "language": "en",
            "rows": 1821,
            "accuracy": 0.875,
            "macro_f1": 0.87,
        },
    ),
    provenance=RAW["provenance"],
    signature=None,
    raw=RAW,
)


def test_every_field_means_what_it_meant() -> None:
    assert read_manifest(FOLDER) == EXPECTED


def test_fields_of_later_writers_are_kept_in_raw() -> None:
    assert read_manifest(FOLDER).raw == RAW
    assert read_manifest(FOLDER).raw["a_field_of_a_later_writer"] == {"kept": ["in", "raw"]}


def test_the_files_of_a_bundle_are_those_of_its_models() -> None:
    assert {ref.file for ref in read_manifest(FOLDER).files} == {
        "language.bin",
        "tokenizer.json",
        "multilingual.onnx",
        "openvino/multilingual.xml",
        "english.onnx",
    }


def test_routes_lead_to_the_model_of_a_language_or_to_the_default() -> None:
    routes = read_manifest(FOLDER).routes
    assert routes.model_for("en") == "english"
    assert routes.model_for("de") == routes.model_for("und") == routes.model_for(None) == "multilingual"


def test_thresholds_prefer_the_label_and_then_the_language() -> None:
    toxicity = read_manifest(FOLDER).models["multilingual"].tasks["toxicity"]
    assert toxicity.threshold_for("toxicity", "de") == 0.4
    assert toxicity.threshold_for("toxicity", "en") == toxicity.threshold_for("toxicity", None) == 0.5
    assert toxicity.threshold_for("insult", "de") == 0.6


def test_without_thresholds_a_sigmoid_label_needs_half_and_a_softmax_winner_stands() -> None:
    assert TaskSpec(("a",), "sigmoid").threshold_for("a", "en") == 0.5
    assert TaskSpec(("a",), "softmax").threshold_for("a", "en") == 0.0


def test_temperatures_of_languages_that_differ() -> None:
    sentiment = read_manifest(FOLDER).models["multilingual"].tasks["sentiment"]
    assert [sentiment.temperature_for(language) for language in ("de", "en", None)] == [1.1, 1.5, 1.5]
