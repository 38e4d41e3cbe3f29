"""Made lines and strays: rules read, lines rewritten, what the packaged tables say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise_cloud.train.language_made import (
    Making,
    Rewriter,
    Rules,
    Strays,
    frequent_words,
    made_lines,
    packaged_rules,
    parse_rules,
)

RAW: dict[str, Any] = {
    "languages": ["aa", "bb"],
    "makings": [{"from": "aa", "to": "bb", "share": 0.5}],
    "strays": [["aa", "bb"]],
    "words": [["one", "uno"], ["both", "both"], ["both", "ambi"], ["per hour", "hourly"], ["x", "y|z"]],
    "paradigms": [{"stems": ["walk", "talk"], "endings": [["ed", "ata"], ["s", "ar"]]}],
    "roots": [["^sk", "sj"], ["ll$", "l"], ["mid", "med"]],
    "endings": [["ness", "heit"], ["s", "r"]],
    "shortest": 5,
    "untouched": ["skip"],
}


def rules(**changes: Any) -> Rules:
    return parse_rules(RAW | changes)


@pytest.mark.parametrize(
    ("line", "rewritten", "changes"),
    [
        ("one, ONE! One?", "uno, UNO! Uno?", 3),
        ("both", "both", 0),
        ("walked talks", "walkata talkar", 2),
        ("5 per hour", "5 hourly", 1),
        ("skill", "sjil", 1),
        ("amidst", "amedst", 1),
        ("coldness boats", "coldheit boatr", 2),
        ("as ness", "as ness", 0),
        ("skip", "skip", 0),
        ("", "", 0),
        ("12 !?", "12 !?", 0),
    ],
)
def test_a_line_is_rewritten(line: str, rewritten: str, changes: int) -> None:
    assert Rewriter(rules(), "aa", "bb", 1).line(line) == (rewritten, changes)


def test_the_way_back_reads_the_same_tables() -> None:
    back = Rewriter(rules(), "bb", "aa", 1)
    assert back.line("uno walkata hourly y z")[0] == "one walked per hour x x"


def test_chance_decides_between_what_stands_for_the_same() -> None:
    line = " ".join(["x"] * 50)
    first = Rewriter(rules(), "aa", "bb", 1).line(line)[0]
    assert set(first.split()) == {"y", "z"}
    assert first == Rewriter(rules(), "aa", "bb", 1).line(line)[0]
    assert first != Rewriter(rules(), "aa", "bb", 2).line(line)[0]


@given(st.text(max_size=60))
def test_any_text_is_taken(text: str) -> None:
    assert isinstance(Rewriter(rules(), "aa", "bb", 1).line(text)[0], str)
    assert Strays([rules()]).has(text, "zz") is False


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"words": [["one"]]}, "one cell"),
        ({"endings": [["a", "b", "c"]]}, "one cell"),
        ({"makings": [{"from": "aa", "to": "zz", "share": 1}]}, "zz"),
        ({"strays": [["zz", "aa"]]}, "zz"),
    ],
)
def test_broken_rules_are_refused(changes: dict[str, Any], names: str) -> None:
    with pytest.raises(ValueError, match=names):
        rules(**changes)


def test_so_many_lines_are_made() -> None:
    lines = {"aa": [f"one {number}" for number in range(10)], "cc": ["one"]}
    made = made_lines(lines, [rules()], {"dd": ["a", "b"]}, 1)
    assert set(made) == {"bb", "dd"}
    assert made["dd"] == ["a", "b"]
    assert len(set(made["bb"])) == 5
    assert all(line.startswith("uno ") for line in made["bb"])
    assert made == made_lines(lines, [rules()], {"dd": ["a", "b"]}, 1)
    assert made_lines({"cc": ["one"]}, [rules()], {}, 1) == {}


def test_lines_are_made_of_real_ones_alone() -> None:
    both = (Making("aa", "bb", 1.0), Making("bb", "aa", 1.0))
    made = made_lines({"aa": ["one"], "bb": ["uno"]}, [replace(rules(), makings=both)], {}, 1)
    assert made == {"bb": ["uno"], "aa": ["one"]}


def test_strays_have_more_words_of_the_neighbour() -> None:
    strays = Strays([rules()])
    assert strays.has("uno walked walkata", "aa")
    assert not strays.has("uno walked", "aa")
    assert not strays.has("nothing known, both", "aa")
    assert not strays.has("one", "bb"), "only the pair that was named"


def test_packaged_rules_are_whole() -> None:
    every = packaged_rules()
    targets = {making.target for each in every for making in each.makings}
    assert targets == {"nn", "bs", "hr", "sr", "ms", "id"}
    for each in every:
        assert all(0.0 < making.share <= 1.0 for making in each.makings)
        assert all(word == word.lower() and word for row in each.words for word in row)
    assert set(frequent_words()) == {"af", "az", "be", "tl"}
    assert all(len(set(words)) == len(words) > 400 for words in frequent_words().values())


@pytest.mark.parametrize(
    ("source", "target", "line", "rewritten"),
    [
        ("nb", "nn", "Jeg vet ikke hva hun heter.", "Eg veit ikkje kva ho heiter."),
        ("nb", "nn", "Guttene kommer hjem, selvfølgelig.", "Gutane kjem heim, sjølvsagt."),
        ("sr", "bs", "Gde je čovek? Kasnije ću videti.", "Gdje je čovjek? Kasnije ću vidjeti."),
        ("hr", "bs", "Tko je bio u zrakoplovu prije tisuću godina?", None),
        ("hr", "sr", "Lijepo vrijeme i točno mjesto", "Lepo vreme i tačno mesto"),
        ("sr", "hr", "Ko zna tačno?", "Tko zna točno?"),
        ("id", "ms", "Uang itu bisa dibayar karena mobil", "Wang itu boleh dibayar kerana kereta"),
        ("ms", "id", "Wang itu kerana kereta", "Uang itu karena mobil"),
    ],
)
def test_what_the_packaged_rules_make(source: str, target: str, line: str, rewritten: str | None) -> None:
    each = next(each for each in packaged_rules() if {source, target} <= set(each.languages))
    answer = Rewriter(each, source, target, 1).line(line)[0]
    assert answer == (rewritten or "Ko je bio u avionu prije hiljadu godina?")


@pytest.mark.parametrize(
    ("language", "line", "stray"),
    [
        ("cs", "Úloha ako stvorená, v ktorej nie je nič vtipné", True),
        ("cs", "Nikdy si neměl šanci.", False),
        ("cs", "Jsem rád, že tě vidím.", False),
        ("sk", "Jsem rád, že tě vidím.", True),
        ("id", "Saya boleh bayar kerana wang", True),
        ("en", "nothing is told about English", False),
    ],
)
def test_strays_of_the_packaged_rules(language: str, line: str, stray: bool) -> None:
    assert Strays(packaged_rules()).has(line, language) is stray
