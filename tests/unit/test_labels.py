"""Tasks and labels are those that the documentation and other services name."""

import tomllib
from pathlib import Path

import pytest

import edgewise
from edgewise import labels
from edgewise.bundle.versions import version_key


def test_tasks_and_labels() -> None:
    assert labels.TASKS == ("language", "sentiment", "toxicity", "emotion")
    assert labels.LABELS["sentiment"] == ("negative", "neutral", "positive")
    assert labels.LABELS["toxicity"] == (
        *("toxicity", "severe_toxicity", "identity_attack", "insult"),
        *("profanity", "threat", "sexually_explicit"),
    )
    assert sorted(labels.LABELS["emotion"]) == sorted(
        ["anger", "disgust", "fear", "joy", "love", "sadness", "surprise", "neutral"]
    )
    assert labels.UNDETERMINED == "und"
    assert labels.TOXICITY in labels.LABELS["toxicity"]


def test_labels_cannot_be_changed_by_accident() -> None:
    with pytest.raises(TypeError):
        labels.LABELS["sentiment"] = ("good", "bad")  # type: ignore[index]


def test_the_sdk_says_the_version_of_its_distribution() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert edgewise.__version__ == project["project"]["version"]


@pytest.mark.parametrize(
    "text", ["", "1", "1.0", "01.0.0", "1.0.0+build", "v1.0.0", "1.0.0-", "1.0.0\n", "١.0.0"]
)
def test_what_is_no_semantic_version_has_no_key(text: str) -> None:
    with pytest.raises(ValueError, match="semantic version"):
        version_key(text)


def test_semantic_versions_sort_as_semver_says() -> None:
    ordered = (
        "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0"
    )
    assert sorted(reversed(ordered.split()), key=version_key) == ordered.split()
    assert version_key("0.10.0") > version_key("0.9.9")
