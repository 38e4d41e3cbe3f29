"""Long texts: read in windows, pooled, never cut without saying so. A window here holds 16 tokens."""

from pathlib import Path

import pytest
from tests.support import scripted_backend
from tests.support.tiny_bundle import MAX_TOKENS

from edgewise import Analyzer


def scores(analyzer: Analyzer, text: str, task: str) -> dict[str, float]:
    found = analyzer.analyze(text).to_dict()[task]["scores"]
    assert isinstance(found, dict)
    return found


def test_a_long_text_of_one_word_gets_the_answer_of_the_word(analyzer: Analyzer) -> None:
    for task in ("sentiment", "toxicity", "emotion"):
        assert scores(analyzer, "idiot " * 500, task) == pytest.approx(
            scores(analyzer, "idiot", task), abs=1e-5
        )


def test_the_mean_is_weighted_by_tokens(packed) -> None:
    def edit(spec: dict) -> None:
        spec["models"]["encoder"]["tokenizer"]["stride"] = 0

    analyzer = Analyzer(packed(edit))
    words = ["good"] * MAX_TOKENS + ["bad"] * MAX_TOKENS + ["good"] * MAX_TOKENS
    good, bad = (scores(analyzer, word, "sentiment")["positive"] for word in ("good", "bad"))
    found = scores(analyzer, " ".join(words), "sentiment")["positive"]
    assert found == pytest.approx((2 * good + bad) / 3, abs=1e-5)


def test_one_toxic_window_makes_a_long_text_toxic(analyzer: Analyzer) -> None:
    calm = "you are good " * 40
    found = analyzer.analyze(calm + "idiot " * MAX_TOKENS + calm).toxicity
    assert found is not None
    assert found.label == "toxic"
    assert found.score == pytest.approx(scores(analyzer, "idiot", "toxicity")["toxicity"], abs=1e-3)


def test_a_softmax_task_pooled_by_maximum_still_sums_to_one(packed) -> None:
    def edit(spec: dict) -> None:
        spec["models"]["encoder"]["tasks"]["sentiment"]["pooling"] = "max"

    analyzer = Analyzer(packed(edit))
    found = scores(analyzer, "good " * 20 + "bad " * 20, "sentiment")
    assert sum(found.values()) == pytest.approx(1.0)


def test_what_is_read_in_full_is_not_truncated(analyzer: Analyzer) -> None:
    assert not analyzer.analyze("good " * 700).truncated


def test_more_windows_than_allowed_are_left_out_and_said_so(speaking: Path) -> None:
    analyzer = Analyzer(speaking, max_windows=3)
    fits = 2 * (MAX_TOKENS - 4) + MAX_TOKENS
    assert not analyzer.analyze("good " * fits).truncated
    assert analyzer.analyze("good " * (fits + 1)).truncated
    beyond = analyzer.analyze("good " * 200 + "idiot " * 200).toxicity
    assert beyond is not None and beyond.label == "non-toxic"


def test_more_characters_than_allowed_are_left_out_and_said_so(speaking: Path) -> None:
    analyzer = Analyzer(speaking, max_chars=9)
    assert not analyzer.analyze("good good").truncated
    found = analyzer.analyze("good good idiot")
    assert found.truncated
    assert found.to_dict()["sentiment"] == analyzer.analyze("good good").to_dict()["sentiment"]
    assert found.text_hash != analyzer.analyze("good good").text_hash


def test_in_a_batch_each_text_knows_whether_it_was_cut(speaking: Path) -> None:
    analyzer = Analyzer(speaking, max_windows=2)
    found = analyzer.analyze_batch(["good", "good " * 200, "", "bad " * 20])
    assert [item.truncated for item in found] == [False, True, False, False]


def test_no_run_is_padded_and_none_is_larger_than_asked(packed, monkeypatch: pytest.MonkeyPatch) -> None:
    script = scripted_backend.use(monkeypatch)
    analyzer = Analyzer(packed(scripted_backend.scripted))
    texts = ["good " * length for length in (1, 2, 3, 3, 3, 2, 40)] * 3
    analyzer.analyze_batch(texts, batch_size=4)
    assert max(rows for rows, _ in script.shapes) == 4
    assert sum(rows for rows, length in script.shapes if length == 3) == 9
    assert sum(rows for rows, length in script.shapes if length == 2) == 6
    assert {length for _, length in script.shapes} == {1, 2, 3, MAX_TOKENS}


def test_a_text_without_tokens_runs_no_model(packed, monkeypatch: pytest.MonkeyPatch) -> None:
    script = scripted_backend.use(monkeypatch)
    analyzer = Analyzer(packed(scripted_backend.scripted))
    analyzer.analyze_batch(["", "  ", "😍", "xyz"])
    assert script.shapes == []
    analyzer.analyze("good")
    assert script.shapes == [(1, 1)]


def test_threads_and_verified_bytes_reach_the_backend(packed, monkeypatch: pytest.MonkeyPatch) -> None:
    script = scripted_backend.use(monkeypatch)
    folder = packed(scripted_backend.scripted)
    with Analyzer(folder, threads=3) as analyzer:
        found = analyzer.analyze("good")
        analyzer.analyze_batch(["bad", "great"])
    assert found.backend == "scripted"
    assert script.threads == [3]
    assert [artifact.data for artifact in script.loaded] == [(folder / "tiny.onnx").read_bytes()]
    assert script.closed == 1
