"""Of backends about as fast as the best, the one that takes less memory; of those, the profile's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.runtimes.selection.conftest import Install

from edgewise_runtimes.selection import trials
from edgewise_runtimes.selection.candidate import Candidate
from edgewise_runtimes.selection.select import Offer, Wish, best_first, select

Offering = Callable[[Sequence[str]], Offer]


def test_nearly_as_good_is_good_enough_for_what_the_profile_prefers() -> None:
    a, b, c = (Candidate(name) for name in "abc")
    assert best_first([a, b, c], {a: 1.0, b: 0.98, c: 5.0}) == [a, b, c]
    assert best_first([a, b, c], {a: 1.1, b: 0.98, c: 5.0}) == [b, a, c]
    assert best_first([a, b, c], {a: 2.0, b: 1.0}) == [b, a, c]
    assert best_first([a], {}) == [a]


def test_of_those_about_as_fast_the_one_that_takes_less_memory_is_first() -> None:
    a, b, c = (Candidate(name) for name in "abc")
    times = {a: 1.0, b: 1.04, c: 5.0}
    assert best_first([a, b, c], times, {a: 77.0, b: 57.0, c: 9.0}) == [b, a, c]
    assert best_first([b, a, c], times, {a: 57.0, b: 77.0, c: 9.0}) == [a, b, c]
    assert best_first([a, b, c], times, {a: 58.0, b: 57.0, c: 9.0}) == [a, b, c], "about as little"
    assert best_first([a, b, c], {**times, b: 1.06}, {a: 77.0, b: 57.0, c: 9.0}) == [a, b, c]
    assert best_first([a, b, c], times, {b: 57.0}) == [a, b, c], "not known of all"


@pytest.mark.parametrize(
    ("objective", "times", "chosen", "said"),
    [
        ("latency", (1.0, 1.04), "turtle", "measured 1.00 ms, about as fast, but takes 77 MB, not 57"),
        ("latency", (1.0, 1.2), "hare", "measured 1.20 ms"),
        (
            "throughput",
            (1.02, 1.0),
            "hare",
            "ms a row, about as good, but this kind of device prefers hare/fp32",
        ),
    ],
)
def test_the_report_says_when_memory_decided(
    install: Install,
    offer: Offering,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    objective: str,
    times: tuple[float, float],
    chosen: str,
    said: str,
) -> None:
    install("hare")
    install("turtle")

    def run(artifacts: Mapping[Candidate, Any], task: trials.Task) -> trials.Results:
        hare, turtle = artifacts
        measured = dict(zip((hare, turtle), times, strict=True))
        return trials.Results({}, measured, {}, {hare: 77.2, turtle: 56.9})

    monkeypatch.setattr(trials, "run_trials", run)
    for how in ("measured", "measured earlier, and remembered"):
        found = select(offer(["hare", "turtle"]), Wish(objective=objective, store=tmp_path / "store")).choice
        assert (found.chosen, found.how) == (chosen, how)
        ((_, reason),) = found.rejected
        assert reason.endswith(said)


def test_a_trial_for_speed_knows_the_memory_too(install: Install, offer: Offering) -> None:
    install("hare", load="global KEPT; KEPT = np.ones(60_000_000 // 8)")
    install("turtle")
    offered = offer(["hare", "turtle"])
    read = {each: (lambda each=each: offered.read(each)) for each in offered.candidates}
    found = trials.run_trials(read, trials.Task(offered.rows()))
    hare, turtle = offered.candidates
    assert found.memory[hare] - found.memory[turtle] > 40


def test_the_reason_is_the_step_at_which_a_candidate_drops_out(
    install: Install, offer: Offering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("hare", "turtle", "snail"):
        install(name)

    def reasons(memory: dict[str, float]) -> dict[str, str]:
        def run(artifacts: Mapping[Candidate, Any], task: trials.Task) -> trials.Results:
            held = {each: memory[each.backend] for each in artifacts if each.backend in memory}
            return trials.Results({}, dict.fromkeys(artifacts, 1.0), {}, held)

        monkeypatch.setattr(trials, "run_trials", run)
        found = select(offer(["hare", "turtle", "snail"]), Wish(store=tmp_path / str(len(memory)))).choice
        return {name.partition("/")[0]: why for name, why in found.rejected} | {"chosen": found.chosen}

    known = reasons({"hare": 61.0, "turtle": 59.0, "snail": 57.0})
    assert known["chosen"] == "turtle"
    assert "takes 61 MB, not 57" in known["hare"]
    assert "this kind of device prefers turtle" in known["snail"]
    unknown = reasons({"hare": 57.0, "turtle": 77.0})
    assert unknown["chosen"] == "hare"
    assert "this kind of device prefers hare" in unknown["turtle"]


def test_the_memory_of_one_of_several_models_does_not_count(
    install: Install, offer: Offering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("hare")
    install("turtle")

    def run(artifacts: Mapping[Candidate, Any], task: trials.Task) -> trials.Results:
        hare, turtle = artifacts
        return trials.Results({}, {hare: 1.0, turtle: 1.0}, {}, {hare: 77.0, turtle: 57.0})

    monkeypatch.setattr(trials, "run_trials", run)
    one = offer(["hare", "turtle"])
    assert select(one, Wish(store=tmp_path / "one")).choice.chosen == "turtle"
    assert select(replace(one, alone=False), Wish(store=tmp_path / "two")).choice.chosen == "hare"
