"""What the language model answers, and that nothing but the text decides it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.training_data import LANGUAGES, sentences

from edgewise.errors import UnknownLanguageError
from edgewise.language import LanguageModel
from edgewise_cloud.train.language import _config, to_bytes
from edgewise_distill.language.calibrate import Calibration
from edgewise_distill.language.counting import count
from edgewise_distill.language.weights import default_trust, weigh

ANY_TEXT = st.text(st.characters(codec=None), max_size=60)
CLOSE = 1e-6


def best(model: LanguageModel, text: str, allowed: tuple[str, ...] | None = None) -> str:
    return model.labels[int(model.probabilities([text], allowed)[0].argmax())]


def held_out() -> list[tuple[str, str]]:
    lines = [(line, language) for language in LANGUAGES for line in sentences(language, 20, 77)]
    return [*lines, *((line, "sr") for line in sentences("sr", 20, 77, "Latn"))]


def test_languages_are_told(language_model: LanguageModel) -> None:
    lines = held_out()
    rows = language_model.probabilities([text for text, _ in lines])
    answers = [language_model.labels[place] for place in rows.argmax(axis=1)]
    assert sum(a == b for a, (_, b) in zip(answers, lines, strict=True)) >= len(lines) - 2


def test_undetermined_is_the_last_label(language_model: LanguageModel) -> None:
    assert language_model.labels == ("de", "en", "es", "ru", "sr", "und")


def test_both_scripts_of_a_language_are_one_label(language_model: LanguageModel) -> None:
    for text in ("добро јутро људи", "dobro jutro ljudi"):
        row = language_model.probabilities([text])[0]
        assert language_model.labels[int(row.argmax())] == "sr"
        assert row.max() > 0.9


@pytest.mark.parametrize(
    "text", ["", "   ", "12345", "3.14 + 2 = ?", "😂😂😂", "!!! ... ???", "\x00", "\ud800", "𝒽𝒾"]
)
def test_what_has_no_letter_is_undetermined_for_sure(language_model: LanguageModel, text: str) -> None:
    row = language_model.probabilities([text])[0]
    assert row[-1] == 1.0
    assert row[:-1].sum() == 0.0
    assert language_model.probabilities([text], ["en", "de"])[0][-1] == 1.0


@pytest.mark.parametrize(
    "text", ["asdfghjkl qwertyuiop", "zxcvbnm lkjhgf", "qwrtp sdfgh bcvnm", "дщшгн фывапр"]
)
def test_keyboard_noise_is_undetermined(language_model: LanguageModel, text: str) -> None:
    assert best(language_model, text) == "und"


def test_letters_never_seen_are_undetermined(language_model: LanguageModel) -> None:
    assert language_model.probabilities(["ქართული ენა"])[0][-1] == 1.0


@given(st.lists(ANY_TEXT, min_size=1, max_size=6))
@example(["a"])
@example(["", "a", "the house", "\ud83d", "x" * 5000])
def test_rows_are_probabilities(language_model: LanguageModel, texts: list[str]) -> None:
    rows = language_model.probabilities(texts)
    assert rows.shape == (len(texts), len(language_model.labels))
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()
    assert rows.min() >= 0.0
    assert np.abs(rows.sum(axis=1) - 1.0).max() <= 1e-5


@given(
    st.lists(st.one_of(ANY_TEXT, st.sampled_from([text for text, _ in held_out()])), min_size=2, max_size=6)
)
@example(["das haus", "", "вода и кућа", "a", "la casa"])
def test_an_answer_does_not_depend_on_its_neighbours(language_model: LanguageModel, texts: list[str]) -> None:
    together = language_model.probabilities(texts)
    alone = np.concatenate([language_model.probabilities([text]) for text in texts])
    assert np.abs(together - alone).max() <= CLOSE
    assert np.abs(together[::-1] - language_model.probabilities(texts[::-1])).max() <= CLOSE


def test_no_text_is_no_row(language_model: LanguageModel) -> None:
    assert language_model.probabilities([]).shape == (0, 6)


def test_only_allowed_languages_are_answered(language_model: LanguageModel) -> None:
    for text, _ in held_out()[::7]:
        row = language_model.probabilities([text], ["de", "es"])[0]
        assert dict(zip(language_model.labels, row, strict=True)).keys() == set(language_model.labels)
        assert row[[0, 2]].sum() == pytest.approx(1.0, abs=1e-6)
        assert best(language_model, text, ("sr",)) == "sr"


def test_allowing_every_language_changes_nothing(language_model: LanguageModel) -> None:
    texts = [text for text, _ in held_out()]
    everything = language_model.probabilities(texts, language_model.labels)
    assert np.array_equal(everything, language_model.probabilities(texts))


def test_the_order_of_the_allowed_languages_does_not_count(language_model: LanguageModel) -> None:
    first = language_model.probabilities(["la casa"], ["en", "es"])
    assert np.array_equal(first, language_model.probabilities(["la casa"], ["es", "en", "es"]))


@pytest.mark.parametrize("allowed", [["xx"], ["en", "xx"], ["EN"], [], "en", ["sr@Cyrl"]])
def test_a_language_that_is_not_known_is_refused(language_model: LanguageModel, allowed: list[str]) -> None:
    with pytest.raises(UnknownLanguageError) as caught:
        language_model.probabilities(["the house"], allowed)
    assert caught.value.known == language_model.labels


def test_more_of_a_text_makes_surer(language_model: LanguageModel) -> None:
    sure = [
        language_model.probabilities([text])[0].max() for text in ("la", "la casa", "la casa y agua con este")
    ]
    assert all(a <= b for a, b in pairwise(sure))


def test_a_huge_text_costs_no_more_than_its_beginning(language_model: LanguageModel) -> None:
    text = " ".join(sentences("es", 400, 5))
    assert len(text) > 10_000
    assert np.array_equal(language_model.probabilities([text]), language_model.probabilities([text[:2000]]))


def test_many_threads_get_the_answers_that_one_gets(language_model: LanguageModel) -> None:
    texts = [text for text, _ in held_out()]
    expected = language_model.probabilities(texts)

    def work(seed: int) -> bool:
        order = np.random.default_rng(seed).permutation(len(texts))
        for first in range(0, len(order), 7):
            rows = order[first : first + 7]
            found = language_model.probabilities([texts[row] for row in rows])
            if np.abs(found - expected[rows]).max() > CLOSE:
                return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(24)))


@pytest.fixture(scope="module")
def vietnamese() -> LanguageModel:
    """A model that knows the letter U+1EEF, as every model with Vietnamese does."""
    counts = count(
        {
            "vi": ["những người chữ nghĩa dữ dội", "sữa chữa những thứ này", "chữ viết"] * 3,
            "en": ["hello this is the world of english", "the people of the world"] * 3,
            "und": ["asdf qwer", "zxcv asdf"] * 3,
        }
    )
    plain = Calibration(default_trust(), np.zeros(3), 1.0, 0.5, 0.0)
    return LanguageModel.from_bytes(to_bytes(weigh(counts), plain), _config(counts.languages, plain))


def test_the_end_of_a_text_is_no_feature(vietnamese: LanguageModel) -> None:
    # What stands past the end of a text once had the hash of this letter.
    assert vietnamese.scores(["12345"])[1].tolist() == [0]
    assert vietnamese.probabilities(["12345"])[0][-1] == 1.0


def test_the_last_text_of_a_batch_is_read_as_the_others_are(vietnamese: LanguageModel) -> None:
    rows = vietnamese.probabilities(["the world", "the world"])
    assert np.abs(rows[0] - rows[1]).max() <= CLOSE


def test_what_lies_across_two_texts_is_no_feature(vietnamese: LanguageModel) -> None:
    texts = ["chữ", "the", "chữ"]
    one_by_one = np.concatenate([vietnamese.scores([text])[1] for text in texts])
    assert vietnamese.scores(texts)[1].tolist() == one_by_one.tolist()


def test_scores_of_many_texts_at_once_are_those_of_each(vietnamese: LanguageModel) -> None:
    sums, known = vietnamese.scores(["the world"] * 25_000)
    alone, features = vietnamese.scores(["the world"])
    assert (known == features[0]).all()
    assert np.abs(sums - alone).max() < 1e-3
