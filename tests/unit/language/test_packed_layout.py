"""A small model: its file is no larger than asked, answers as its weights say, and is refused when broken."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from tests.support.training_data import LANGUAGES, make_training_data, sentences

from edgewise.errors import BackendLoadError
from edgewise.language import LanguageModel
from edgewise.language.container import read_arrays, write_arrays
from edgewise.language.features import LETTERS, letter_table
from edgewise.language.packed import MOST_LEVEL, pack_letters, pack_levels, unpack, unpack_letters
from edgewise_cloud.catalogue import load_catalogue
from edgewise_cloud.commands.train import train
from edgewise_cloud.train.language import LanguageRecipe, ModelSizeError, _config, to_bytes, train_language
from edgewise_distill.language.calibrate import Calibration
from edgewise_distill.language.counting import count
from edgewise_distill.language.shrink import LEVEL, shrink
from edgewise_distill.language.weights import Weights, default_trust, weigh

MOST = 60_000
LINES = {language: sentences(language, 200, 5) for language in ("de", "en", "es")}
PLAIN = Calibration(default_trust(), np.zeros(len(LINES)), 1.0, 0.5, 0.0)


def small_weights() -> Weights:
    counts = count(LINES)
    return shrink(weigh(counts), counts, MOST, default_trust())


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    catalogue = load_catalogue(make_training_data(folder / "data"))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        recipe = LanguageRecipe(noise_lines=400, max_bytes=MOST)
        return train_language(catalogue, folder / "work", recipe, languages=LANGUAGES)
    finally:
        torch.set_num_threads(threads)


def test_a_small_model_is_trained_and_tells_languages(trained: Path, language_file: bytes) -> None:
    data = (trained / "language.bin").read_bytes()
    assert len(data) <= MOST < len(language_file)
    part = json.loads((trained / "language.json").read_text(encoding="utf-8"))
    assert part["model"]["artifacts"][0]["precision"] == "int4"
    model = LanguageModel.from_bytes(data, part["model"]["config"])
    lines = [(line, language) for language in LANGUAGES for line in sentences(language, 20, 77)]
    answers = model.probabilities([text for text, _ in lines]).argmax(axis=1)
    right = sum(model.labels[a] == b for a, (_, b) in zip(answers, lines, strict=True))
    assert right >= 0.95 * len(lines)
    assert model.probabilities(["", "12345"])[:, -1].tolist() == [1.0, 1.0]


def test_too_few_bytes_are_told(tmp_path: Path) -> None:
    catalogue = load_catalogue(make_training_data(tmp_path / "data"))
    recipe = LanguageRecipe(noise_lines=100, max_bytes=14_000)
    with pytest.raises(ModelSizeError, match="--max-bytes") as caught:
        train_language(catalogue, tmp_path / "work", recipe, languages=LANGUAGES)
    assert caught.value.most == 14_000
    assert not (tmp_path / "work").exists()


def test_the_command_takes_the_size(tmp_path: Path) -> None:
    data, work = make_training_data(tmp_path / "data"), tmp_path / "work"
    given = ["language", "--data", data, "--work", work, "--languages", "de,en", "--max-bytes", MOST]
    result = CliRunner().invoke(train, [str(each) for each in given])
    assert result.exit_code == 0, result.output
    assert (work / "language.bin").stat().st_size <= MOST
    assert json.loads((work / "language.json").read_text(encoding="utf-8"))["recipe"]["max_bytes"] == MOST


def test_a_packed_file_answers_as_an_unpacked_one() -> None:
    weights, classes = small_weights(), list(LINES)
    packed = LanguageModel.from_bytes(to_bytes(weights, PLAIN, True), _config(classes, PLAIN, True))
    plain = LanguageModel.from_bytes(to_bytes(weights, PLAIN), _config(classes, PLAIN))
    texts = ["", "x", *(line for lines in LINES.values() for line in lines[:20])]
    assert np.abs(packed.scores(texts)[0] - plain.scores(texts)[0]).max() < 1e-3
    assert packed.scores(texts)[1].tolist() == plain.scores(texts)[1].tolist()
    alone = np.concatenate([packed.probabilities([text]) for text in texts])
    assert np.abs(packed.probabilities(texts) - alone).max() < 1e-6


def test_fewer_bytes_hold_fewer_features_and_weights_are_levels() -> None:
    counts = count(LINES)
    weights = weigh(counts)
    large, small = (shrink(weights, counts, most, default_trust()) for most in (60_000, 20_000))
    assert len(small.keys) < len(large.keys) <= len(weights.keys)
    assert set(small.keys.tolist()) <= set(large.keys.tolist())
    levels = large.delta / np.float32(LEVEL)
    assert np.abs(levels - np.rint(levels)).max() < 1e-5
    assert 1 <= np.rint(levels).min() <= np.rint(levels).max() <= MOST_LEVEL


def test_the_letters_come_back() -> None:
    runs = pack_letters(letter_table())
    assert runs.nbytes < 16_000
    assert np.array_equal(unpack_letters(runs), letter_table())


@given(arrays_of.arrays(np.uint8, st.integers(1, 9), elements=st.integers(0, MOST_LEVEL)))
def test_levels_come_back(levels: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    packed: dict[str, np.ndarray[Any, Any]] = {
        "letter_runs": np.array([[LETTERS - 1, 0], [1, 0]], np.uint16),
        "slots": np.zeros((1, 2), np.uint16),
        "sizes": np.array([len(levels)], np.uint8),
        "language": np.arange(len(levels), dtype=np.uint8),
        "levels": pack_levels(levels),
    }
    assert unpack(packed, len(levels))["rows"].tolist() == [levels.tolist()]


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found.pop("levels"),
        lambda found: found.pop("multipliers"),
        lambda found: found.update(layout=found["layout"] + 1),
        lambda found: found.update(letter_runs=found["letter_runs"][1:]),
        lambda found: found.update(letter_runs=found["letter_runs"].ravel()),
        lambda found: found.update(slots=found["slots"].astype(np.uint32)),
        lambda found: found.update(slots=found["slots"].ravel()),
        lambda found: found.update(slots=found["slots"][:0]),
        lambda found: found.update(slots=np.full_like(found["slots"], 65_535)),
        lambda found: found.update(sizes=found["sizes"][1:]),
        lambda found: found.update(sizes=np.stack((found["sizes"], 0 * found["sizes"]))),
        lambda found: found.update(language=found["language"][1:]),
        lambda found: found.update(language=found["language"] + np.uint8(3)),
        lambda found: found.update(levels=found["levels"][1:]),
        lambda found: found.update(levels=found["levels"].astype(np.int8)),
        lambda found: found.update(base=found["base"][:, 1:]),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change: Callable[[dict[str, Any]], object]) -> None:
    arrays = read_arrays(to_bytes(small_weights(), PLAIN, True))
    config = _config(list(LINES), PLAIN, True)
    LanguageModel.from_bytes(write_arrays(arrays), config)
    change(arrays)
    with pytest.raises(BackendLoadError):
        LanguageModel.from_bytes(write_arrays(arrays), config)
