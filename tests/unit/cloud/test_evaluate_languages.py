"""The language task: strict, lenient, restricted, cut."""

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("pyarrow")

from edgewise_cloud.evaluate.languages import LanguageTexts, first_words, language_lists, score_languages

TEXTS = {
    "dobar dan svima": ("hr", {"hr": 0.2, "bs": 0.7, "en": 0.1}),
    "good day to all": ("en", {"en": 0.9, "hr": 0.05, "bs": 0.05}),
    "hello there you": ("en", {"en": 0.3, "bs": 0.4, "hr": 0.3}),
    "saluton al vi": ("eo", {"en": 0.6, "hr": 0.2, "bs": 0.2}),
}
CUT = {" ".join(text.split()[:2]): (lang, scores) for text, (lang, scores) in TEXTS.items()}


def measure(fake, texts=TEXTS):
    made = []

    def make(languages):
        analyzer = fake({text: {"language": scores} for text, (_, scores) in (texts | CUT).items()})
        analyzer.languages = languages
        made.append(languages)
        return analyzer

    gold = LanguageTexts(list(texts), [lang for lang, _ in texts.values()], "test")
    scored = score_languages(gold, make)
    return made, scored


def test_close_languages_count_as_one_only_in_the_lenient_figure(fake) -> None:
    _, scored = measure(fake)
    whole = next(r for r in scored.records if r.dataset == "language/langid" and r.language == "all")
    assert whole.rows == 3, "Esperanto is no target"
    assert whole.values["accuracy"] == pytest.approx(1 / 3)
    assert whole.values["accuracy_close_as_one"] == pytest.approx(2 / 3)
    assert whole.values["unsure_rate"] == pytest.approx(1 / 3)


def test_the_largest_languages_are_measured_free_and_restricted(fake) -> None:
    made, scored = measure(fake)
    by_name = {r.dataset: r for r in scored.records if r.language == "all"}
    free = by_name["language/langid:22 largest"]
    restricted = by_name["language/langid:22 largest, no other allowed"]
    assert made == [None, ("en",)], "of the largest languages the model knows English only"
    assert (free.rows, free.values["accuracy"]) == (2, 0.5)
    assert (restricted.rows, restricted.values["accuracy"]) == (2, 1.0)
    assert restricted.labels == ("en",)
    assert by_name["language/langid:first two words"].rows == 3
    assert by_name["language/langid:22 largest, first two words"].rows == 2


def test_each_language_says_what_it_is_taken_for(fake) -> None:
    _, scored = measure(fake)
    each = {r.language: r for r in scored.records if r.language != "all"}
    assert each["hr"].values["accuracy"] == 0
    assert each["hr"].note == "taken for bs 100.0 %"
    assert each["en"].values["f1"] == pytest.approx(2 * 1 / (2 + 1))


def test_texts_in_no_target_language_cannot_be_measured(fake) -> None:
    _, scored = measure(fake, {"saluton al vi": TEXTS["saluton al vi"]})
    assert scored is None


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("  one  two three", "one two"),
        ("one", "one"),
        ("", ""),
        ("私は学生です", "私は学生"),
        ("สวัสดีครับ", "สวัส"),
    ],
)
def test_a_text_is_cut_to_its_first_two_words(text: str, short: str) -> None:
    assert first_words(text) == short


def test_the_lists_are_those_of_the_issue() -> None:
    lists = language_lists()
    assert len(lists.targets) == len(set(lists.targets)) >= 60
    assert len(lists.largest) == 22
    assert set(lists.largest) <= set(lists.targets)
    assert {frozenset(group) for group in lists.groups} == {
        frozenset({"hr", "bs", "sr"}), frozenset({"id", "ms"}), frozenset({"da", "nb"}),
    }  # fmt: skip
    assert lists.lenient("bs") == lists.lenient("sr") != lists.lenient("en") == "en"
