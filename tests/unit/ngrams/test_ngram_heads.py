"""Linear models of a file: what they answer, and files that are none."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.support.tiny_ngrams import BIAS, tiny_arrays, tiny_heads

from edgewise.errors import BackendLoadError
from edgewise.language.container import write_arrays
from edgewise.ngrams import NgramHeads


@pytest.fixture(scope="module")
def heads() -> NgramHeads:
    return NgramHeads.from_bytes(*tiny_heads())


def said(heads: NgramHeads, text: str, language: str = "es") -> dict[str, list[float]]:
    return heads.log_odds(heads.read(text), language)


def test_a_known_word_counts_with_its_whole_weight(heads: NgramHeads) -> None:
    assert said(heads, "bueno")["sentiment"] == pytest.approx([BIAS - 6, BIAS, BIAS + 6], abs=1e-5)
    assert said(heads, "otra cosa")["sentiment"] == pytest.approx([BIAS] * 3)


def test_several_words_share_one_length(heads: NgramHeads) -> None:
    half = math.sqrt(0.5)
    assert said(heads, "bueno y malo")["sentiment"] == pytest.approx([BIAS, BIAS, BIAS], abs=1e-5)
    assert said(heads, "bueno, idiota")["toxicity"][0] == pytest.approx(BIAS + 8 * half, abs=1e-5)


def test_a_word_said_often_counts_by_the_logarithm(heads: NgramHeads) -> None:
    often, once = 1 + math.log(3), 1.0
    length = math.hypot(often, once)
    text = "bueno bueno bueno idiota"
    assert said(heads, text)["sentiment"][2] == pytest.approx(BIAS + 6 * often / length, abs=1e-4)


def test_labels_that_nothing_was_learned_about_are_nan(heads: NgramHeads) -> None:
    toxicity = said(heads, "idiota")["toxicity"]
    assert toxicity[0] == pytest.approx(BIAS + 8, abs=1e-5)
    assert all(math.isnan(value) for value in toxicity[1:])
    assert "emotion" not in said(heads, "idiota")


def test_languages_are_known_or_not(heads: NgramHeads) -> None:
    assert heads.knows("es")
    assert not heads.knows("pt")
    assert not heads.knows(None)
    assert heads.log_odds(heads.read("bueno"), "pt") == {}
    assert heads.covers("es", ("sentiment",))
    assert not heads.covers("es", ("toxicity",)), "it knows one attribute of seven"
    assert not heads.covers("es", ("emotion",))


def test_a_language_may_have_the_model_of_another() -> None:
    data, config = tiny_heads()
    heads = NgramHeads.from_bytes(data, {**config, "same": {"gl": "es"}})
    assert said(heads, "bueno", "gl")["sentiment"] == said(heads, "bueno", "es")["sentiment"]
    assert heads.knows("gl")
    with pytest.raises(BackendLoadError, match="n-gram models"):
        NgramHeads.from_bytes(data, {**config, "same": {"gl": "pt"}})


def test_a_blank_text_gets_the_bias(heads: NgramHeads) -> None:
    assert said(heads, "  ")["sentiment"] == pytest.approx([BIAS] * 3)


def edited(edit: Callable[[dict[str, Any], dict[str, Any]], object]) -> tuple[bytes, dict[str, Any]]:
    arrays, config = tiny_arrays()
    edit(arrays, config)
    return write_arrays(arrays), config


BROKEN: dict[str, Callable[[dict[str, Any], dict[str, Any]], object]] = {
    "no keys": lambda arrays, _: arrays.pop("keys"),
    "keys of another type": lambda arrays, _: arrays.update(keys=arrays["keys"].astype(np.float32)),
    "keys that fall": lambda arrays, _: arrays.update(keys=np.zeros_like(arrays["keys"])),
    "too few keys": lambda arrays, _: arrays.update(keys=arrays["keys"][:, :-1]),
    "too few weights": lambda arrays, _: arrays.update(weights=arrays["weights"][:-1]),
    "too many weights": lambda arrays, _: arrays.update(weights=np.append(arrays["weights"], np.int8(1))),
    "one scale": lambda arrays, _: arrays.update(scale=arrays["scale"][:1]),
    "one bias": lambda arrays, _: arrays.update(bias=arrays["bias"][:1]),
    "a scale that is infinite": lambda arrays, _: arrays.update(scale=arrays["scale"] * np.float32("inf")),
    "a bias that is no number": lambda arrays, _: arrays.update(bias=arrays["bias"] * np.float32("nan")),
    "no table of letters": lambda arrays, _: arrays.update(letters=np.zeros((2, 0), np.uint16)),
    "another layout": lambda _, config: config.update(layout=2),
    "no layout": lambda _, config: config.pop("layout"),
    "no languages": lambda _, config: config.pop("languages"),
    "languages that are a list": lambda _, config: config.update(languages=[]),
    "a label that is not there": lambda _, config: config["languages"]["es"]["labels"].update(toxicity=[7]),
    "a task without a size": lambda _, config: config["sizes"].pop("toxicity"),
    "no labels": lambda _, config: config["languages"]["es"].update(labels={}),
    "features that are no number": lambda _, config: config["languages"]["es"].update(features="many"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_does_not_fit_together_is_refused_when_it_is_loaded(name: str) -> None:
    with pytest.raises(BackendLoadError, match="n-gram models"):
        NgramHeads.from_bytes(*edited(BROKEN[name]))


@pytest.mark.parametrize("size", [0, 7, 40, 500, -1])
def test_a_truncated_file_is_refused(size: int) -> None:
    data, config = tiny_heads()
    with pytest.raises(BackendLoadError, match="n-gram models"):
        NgramHeads.from_bytes(data[:size], config)
