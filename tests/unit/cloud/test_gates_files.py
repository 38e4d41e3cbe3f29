"""Files of gates and of slices: what ships is sound, what is broken is named."""

from __future__ import annotations

import json
import pickle
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("pyarrow")

from edgewise.labels import LABELS, TASKS
from edgewise_cloud.catalogue.schemes import packaged_schemes
from edgewise_cloud.gates import (
    METRICS,
    GateFileError,
    GateFileMissingError,
    SliceFileError,
    UnknownSuiteError,
    load_gates,
    load_suite,
    packaged_gates,
    parse_gates,
    slice_sets,
    suite_names,
)
from edgewise_cloud.gates.errors import CountError, NothingToPredictError, ProbabilityError
from edgewise_cloud.gates.suites import read_suite
from edgewise_cloud.predictions import (
    BrokenPredictionsError,
    ModelAnswerError,
    PredictionLabelError,
    PredictionsMissingError,
)

PAGE = (Path(__file__).parents[3] / "docs" / "gates.md").read_text(encoding="utf-8")
GATE = {"task": "toxicity", "metric": "auc", "at_least": 0.9}


@pytest.mark.parametrize("name", packaged_gates())
def test_the_packaged_gates_name_sets_and_slices_that_exist(name: str) -> None:
    schemes = packaged_schemes().by_task
    tags = {
        task: Counter(
            tag for s in suite_names() for row in load_suite(s) if row.task == task for tag in row.tags
        )
        for task in TASKS
    }
    for gate in load_gates(name).gates:
        if gate.dataset != "*":
            task, stem = gate.dataset.split("/")
            assert (task, stem in schemes[task]) == (gate.task, True)
        rows = [
            row
            for suite in suite_names()
            for row in load_suite(suite)
            if row.task == gate.task and {*gate.slice} <= {*row.tags} and gate.language in ("*", row.lang)
        ]
        assert not gate.slice or len(rows) >= gate.min_rows, gate.name
        assert all(tags[gate.task][tag] for tag in gate.slice)


def test_the_english_teacher_must_reach_what_was_promised() -> None:
    wanted = {
        ("sentiment/en_sst", "accuracy"): 0.9,
        ("sentiment/en_semeval2017_tweets", "macro_recall"): 0.69,
        ("sentiment/en_imdb_short", "accuracy"): 0.925,
        ("toxicity/en_olid", "macro_f1"): 0.79,
        ("toxicity/en_jigsaw_wiki_test_balanced", "auc"): 0.96,
        ("toxicity/en_jigsaw_wiki_test_balanced", "accuracy"): 0.95,
        ("toxicity/en_jigsaw_wiki_test_balanced", "weighted_f1"): 0.95,
        ("emotion/carer_emotion_en", "accuracy"): 0.925,
        ("emotion/carer_emotion_en", "macro_f1"): 0.88,
    }
    gates = {(gate.dataset, gate.metric): gate for gate in load_gates("english_teacher").gates}
    assert {key: gates[key].at_least for key in wanted} == wanted
    assert gates["sentiment/en_sst", "accuracy"].labels == ("negative", "positive")
    assert gates["toxicity/en_jigsaw_wiki_test_balanced", "accuracy"].prevalence == (6090, 63978)


def parsed(*entries: Any, **file: Any) -> Any:
    return parse_gates({"format": 1, "gates": list(entries), **file}, Path("mine.json"))


def test_defaults_are_for_every_gate_that_says_nothing_else() -> None:
    gates = parsed(
        GATE,
        {**GATE, "language": "en", "min_rows": 5},
        defaults={"min_rows": 7, "not_worse_than_champion_by": 0.02},
    )
    assert [gate.min_rows for gate in gates.gates] == [7, 5]
    assert gates.gates[0].not_worse_than_champion_by == 0.02
    assert (gates.name, gates.resamples, gates.seed) == ("mine", 1000, 0)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({**GATE, "at_leats": 0.9}, r"gate 1, 'at_leats' is no field"),
        ({"metric": "auc"}, "task is missing"),
        ({"task": "toxicity"}, "metric is missing"),
        ({**GATE, "task": "irony"}, r"gate 1, task, 'irony' is none of"),
        ({**GATE, "metric": "bleu"}, "'bleu' is none of accuracy"),
        ({**GATE, "at_least": 90}, "90 is not a number from 0 to 1"),
        ({**GATE, "at_least": True}, "True is not a number"),
        ({**GATE, "at_most": 0.1}, r"at_least 0\.9 is above at_most 0\.1"),
        ({**GATE, "confidence": 1.0}, "is not a number from"),
        ({**GATE, "min_rows": 0}, "whole number of at least 1"),
        ({**GATE, "strict": "yes"}, "not true or false"),
        ({**GATE, "slice": []}, "is not a list of texts"),
        ({**GATE, "labels": ["toxicity"]}, "attributes instead of one label"),
        ({**GATE, "prevalence": {"positive": 1, "of": 9}}, "auc has no weighted form"),
        ({**GATE, "metric": "accuracy", "prevalence": {"positive": 9, "of": 9}}, "is not like"),
        ({**GATE, "attribute": "rude"}, "'rude' is none of toxicity"),
        ({"task": "sentiment", "metric": "score_gap"}, "score_gap is not told for sentiment"),
        ({"task": "sentiment", "metric": "accuracy", "labels": ["happy"]}, "has no label 'happy'"),
        ({"task": "emotion", "metric": "accuracy", "merge": {"love": "joys"}}, "has no label 'joys'"),
        ({"task": "emotion", "metric": "accuracy", "attribute": "insult"}, "only toxicity has attributes"),
        ("auc", "str stands instead of an object"),
    ],
)
def test_a_broken_gate_is_named(entry: Any, reason: str) -> None:
    with pytest.raises(GateFileError, match=reason) as caught:
        parsed(entry)
    assert "mine.json" in str(caught.value)


def test_a_list_of_languages_stands_for_one_gate_each() -> None:
    gates = parsed({**GATE, "language": ["de", "fr"]}, {**GATE, "language": "it"}).gates
    assert [gate.language for gate in gates] == ["de", "fr", "it"]
    for wrong, reason in (
        (["de", "de"], "another one"),
        ([], "is not a text"),
        (["de", 7], "7 is not a text"),
    ):
        with pytest.raises(GateFileError, match=reason):
            parsed({**GATE, "language": wrong})


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ([], "list stands instead of an object"),
        ({"format": 2, "gates": [GATE]}, "2 is not 1"),
        ({"gates": [GATE]}, "None is not 1"),
        ({"format": 1, "gates": []}, "there are none"),
        ({"format": 1, "gates": {}}, "is not a list"),
        ({"format": 1, "gates": [GATE, GATE]}, "gate 2, there is another one"),
        ({"format": 1, "gates": [GATE], "defaults": {"task": "x"}}, "no default can be given for 'task'"),
        ({"format": 1, "gates": [GATE], "defaults": {"min_rows": "x"}}, "min_rows: 'x' is not"),
        ({"format": 1, "gates": [GATE], "resamples": 3}, "at least 10"),
    ],
)
def test_a_broken_file_is_named(raw: Any, reason: str) -> None:
    with pytest.raises(GateFileError, match=reason):
        parse_gates(raw, Path("mine.json"))


def test_a_file_is_found_by_path_or_by_name(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    path.write_text(json.dumps({"format": 1, "gates": [GATE]}))
    assert load_gates(path).name == "own"
    path.write_text("{")
    with pytest.raises(GateFileError, match="it is not JSON"):
        load_gates(path)
    with pytest.raises(GateFileMissingError, match="'english_teacher'"):
        load_gates("nobody")


@pytest.mark.parametrize("name", suite_names())
def test_a_suite_has_each_text_once_and_no_place_left_open(name: str) -> None:
    rows = load_suite(name)
    assert len(rows) >= 60
    twice = [key for key, n in Counter((r.task, r.lang, r.text) for r in rows).items() if n > 1]
    assert twice == []
    assert all(name in row.tags and "{" not in row.text and "  " not in row.text for row in rows)


def test_pairs_have_two_members_with_opposite_answers() -> None:
    for name in ("negation", "emoji"):
        pairs: dict[str, list[tuple[str, ...]]] = {}
        for row in load_suite(name):
            for tag in row.tags:
                if tag.startswith("pair="):
                    pairs.setdefault(tag, []).append(row.gold)
        assert len(pairs) > 100
        assert all(sorted(gold) == [("negative",), ("positive",)] for gold in pairs.values())


def test_twins_in_a_dialect_have_the_answer_of_the_standard_language() -> None:
    pairs: dict[tuple[str, str], list[tuple[str, ...]]] = {}
    for row in load_suite("dialect"):
        for tag in row.tags:
            if tag.startswith("pair="):
                kind = next(own for own in row.tags if own.startswith("kind="))
                pairs.setdefault((row.task, tag), []).append((kind, *row.gold))
    assert len(pairs) > 150
    for members in pairs.values():
        assert sorted(kind for kind, *_ in members) == ["kind=dialect", "kind=standard"]
        assert members[0][1:] == members[1][1:]


def test_what_is_quoted_stands_beside_the_same_words_in_earnest() -> None:
    pairs: dict[str, dict[str, tuple[str, ...]]] = {}
    for row in load_suite("quoting"):
        pair = next((tag for tag in row.tags if tag.startswith("pair=")), "")
        if pair:
            kind = "quoted" if "kind=quoted" in row.tags else "direct"
            pairs.setdefault(pair, {})[kind] = row.gold
    assert len(pairs) > 80
    assert all(pair == {"quoted": (), "direct": ("toxicity",)} for pair in pairs.values())


def test_every_name_stands_in_every_sentence() -> None:
    for language in {row.lang for row in load_suite("names")}:
        rows = [row for row in load_suite("names") if row.lang == language]
        term = Counter(tag for row in rows for tag in row.tags if tag.startswith("term="))
        group = {tag for row in rows for tag in row.tags if tag.startswith("group=")}
        assert len(set(term.values())) == 1
        assert len(group) >= 10
        assert all((row.gold == ()) == ("kind=neutral" in row.tags) for row in rows)


def test_every_identity_stands_in_every_template() -> None:
    languages = {row.lang for row in load_suite("identity_terms")}
    assert languages >= {"en", "de", "es", "fr", "it", "pt", "ru", "tr", "ar", "hi", "id"}
    for language in languages:
        rows = [row for row in load_suite("identity_terms") if row.lang == language]
        term = Counter(tag for row in rows for tag in row.tags if tag.startswith("term="))
        assert len(term) >= 12
        assert len(set(term.values())) == 1
        neutral = [row for row in rows if "kind=neutral" in row.tags]
        assert all(row.gold == () for row in neutral)
        assert all("toxicity" in row.gold for row in rows if row not in neutral)


def test_suites_become_sets_of_texts() -> None:
    found = slice_sets(["short_text"], languages=["de"])
    assert [rows.task for rows in found] == ["language", "sentiment", "toxicity"]
    assert {lang for rows in found for lang in rows.langs} == {"de"}
    sentiment = found[1]
    assert sentiment.labels == LABELS["sentiment"]
    assert sentiment.gold[sentiment.texts == "Super!"].tolist() == [[False, False, True]]
    assert {rows.dataset for rows in slice_sets(tasks=("emotion",))} == {"slices/emoji", "slices/short_text"}
    with pytest.raises(UnknownSuiteError, match="'irony'"):
        slice_sets(["irony"])


def suite(tmp_path: Path, *sets: Any) -> Path:
    path = tmp_path / "own.json"
    path.write_text(json.dumps({"format": 1, "sets": list(sets)}))
    return path


def test_templates_take_every_combination_and_skip_forms_that_a_word_lacks(tmp_path: Path) -> None:
    entry = {
        "task": "toxicity",
        "language": "en",
        "tags": ["x"],
        "slots": {
            "who": [{"term": "a", "group": "g", "many": "As"}, {"term": "b", "group": "g"}],
            "verb": ["do", "go"],
        },
        "templates": [
            {"text": "{who.many} {verb}", "gold": ["toxicity"], "known": ["toxicity"]},
            {"text": "{verb}, {who}, {verb}!", "gold": [], "pair": "p"},
        ],
    }
    rows = read_suite(suite(tmp_path, entry))
    assert [row.text for row in rows] == [
        "As do",
        "As go",
        "do, a, do!",
        "do, b, do!",
        "go, a, go!",
        "go, b, go!",
    ]
    assert rows[0].tags == ("own", "x", "template=en.1.0", "term=a", "group=g")
    assert rows[3].tags[-1] == "pair=en.1.p.0.1"
    assert (rows[0].known, rows[2].known) == (("toxicity",), ())


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"task": "mood", "language": "en", "rows": {"a": ["x"]}}, "'mood' is none of"),
        ({"task": "sentiment", "language": "en", "rows": {"glad": ["x"]}}, "does not have"),
        ({"task": "sentiment", "language": "en", "rows": {"": ["x"]}}, "not one right label"),
        ({"task": "sentiment", "language": "en", "rows": {"positive": [" "]}}, "a text is empty"),
        (
            {"task": "toxicity", "language": "en", "known": ["insult"], "rows": {"toxicity": ["x"]}},
            "not among its known",
        ),
        ({"task": "sentiment", "language": "en", "templates": [{"text": "{a}", "gold": []}]}, "known form"),
        ({"language": "en", "rows": {"positive": ["x"]}}, "known form"),
        (7, "known form"),
    ],
)
def test_a_broken_file_of_slices_is_named(tmp_path: Path, entry: Any, reason: str) -> None:
    with pytest.raises(SliceFileError, match=reason):
        read_suite(suite(tmp_path, entry))


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 2, "sets": []}'])
def test_what_is_no_file_of_slices_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "own.json"
    path.write_text(text)
    with pytest.raises(SliceFileError, match="the beginning"):
        read_suite(path)


def test_errors_travel_between_processes() -> None:
    made: list[Exception] = [
        GateFileError("a.json", "gate 1", "wrong"),
        GateFileMissingError("a", ["default"]),
        SliceFileError("a.json", "set 1", "wrong"),
        UnknownSuiteError("a", ["emoji"]),
        CountError("texts", -1),
        ProbabilityError("p-values", [2.0]),
        NothingToPredictError("default", ["emotion"]),
        BrokenPredictionsError("a", "wrong"),
        PredictionLabelError("a", "x", ["y"]),
        PredictionsMissingError(Path("a")),
        ModelAnswerError("emotion", "a", "wrong"),
    ]
    for error in made:
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), again.__dict__) == (type(error), str(error), error.__dict__)
        assert str(error)[-1] in '."'


def test_the_page_names_every_figure_field_file_and_suite() -> None:
    from dataclasses import fields

    from edgewise_cloud.gates import Gate

    names = {field.name for field in fields(Gate)} | set(METRICS) | set(suite_names()) | set(packaged_gates())
    assert {name for name in names if f"`{name}`" not in PAGE} == set()


def test_every_option_on_the_page_exists() -> None:
    from edgewise_cloud.commands.gate import gate

    known = {option for parameter in gate.params for option in parameter.opts}
    lines = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
    assert len(lines) >= 3
    assert {word for line in lines for word in line.split() if word.startswith("--")} <= known
