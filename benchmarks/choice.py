"""How long does `backend="auto"` take to decide, and is what it chose the best?

Each decision is made in a new process with an empty cache folder, then again in new processes that find the
choice remembered. Timed is the decision itself, and `Analyzer.backend_report()` of a new analyzer, which
reads files for the first answer meanwhile. Then every candidate is measured for longer, in turns, on the
texts of the trial, and each choice is compared with the best. Needs a bundle with artifacts for two backends
at least, see `edgewise convert`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from common import parser, percentile, report

from edgewise.bundle import Bundle, resolve
from edgewise.engine.backend import Backend
from edgewise.engine.settings import Settings
from edgewise_runtimes.selection import trials
from edgewise_runtimes.selection.candidate import OBJECTIVES

_ASK = """
import json, sys, time
from edgewise import Analyzer
from edgewise.engine import engine, tokens  # what a first answer needs anyway is not part of deciding
from edgewise.engine.backend import Backend
from edgewise.engine.settings import Settings
model, threads, objective, alone = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4] == "alone"
analyzer = Analyzer(model, threads=threads, objective=objective)
settings = Settings("auto", threads, 100_000, 64, objective=objective)
ask = Backend(analyzer.bundle, settings).choice if alone else analyzer.backend_report
begun = time.perf_counter()
report = ask()
took = time.perf_counter() - begun
found = {"seconds": took, "label": report.label, "how": report.how, "measured": dict(report.measured)}
json.dump(found, sys.stdout)
"""


def main() -> int:
    """Measure and report."""
    options = parser(__doc__ or "")
    options.add_argument("--runs", type=int, default=10, help="first decisions; each is then recalled")
    options.add_argument("--rounds", type=int, default=60, help="rounds of the long measurement")
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--objective", choices=OBJECTIVES, default="latency")
    given = options.parse_args()
    folder = resolve(given.model)
    first: list[dict[str, Any]] = []
    again: list[dict[str, Any]] = []
    beside: list[dict[str, Any]] = []
    ask = [str(folder), str(given.threads), given.objective]
    with tempfile.TemporaryDirectory() as compiled:
        for number in range(given.runs + 1):
            with tempfile.TemporaryDirectory() as cache:
                found = [_ask([*ask, how], cache, compiled) for how in ("report", "alone", "report")]
            if number:  # the first round compiles modules
                for kept, each in zip((first, again, beside), found, strict=True):
                    kept.append(each)
    if not first[0]["measured"]:
        print(f"{folder} has nothing to decide between here: {first[0]['label']}, {first[0]['how']}")
        return 1
    best = _measured(folder, given.threads, given.objective, given.rounds)
    least = min(best.values())
    behind = [best[each["label"]] / least - 1 for each in first]
    rows = [
        [name, *(f"{1000 * value:.0f}" for value in _spread(found))]
        for name, found in (
            ("first, report of a new analyzer", first),
            ("remembered, the decision", again),
            ("remembered, report of a new analyzer", beside),
        )
    ]
    figures = {
        "first_s": [each["seconds"] for each in first],
        "remembered_s": [each["seconds"] for each in again],
        "remembered_report_s": [each["seconds"] for each in beside],
        "chosen": dict(Counter(each["label"] for each in first)),
        "measured": best,
        "behind_the_best": behind,
        "within_5_percent": sum(each <= 0.05 for each in behind) / len(behind),
    }
    head = ["", "least ms", "p50 ms", "p90 ms", "most ms"]
    report(f"Deciding between {', '.join(best)}", head, rows, {"choice": figures}, given.json)
    for label, value in sorted(best.items(), key=lambda pair: pair[1]):
        print(f"{label}: {value:.4f}, chosen {figures['chosen'].get(label, 0)} of {len(first)} times")
    print(
        f"chosen within 5 % of the best: {figures['within_5_percent']:.0%}, "
        f"at most {max(behind):.1%} behind it"
    )
    return 0


def _ask(arguments: list[str], cache: str, compiled: str) -> dict[str, Any]:
    environment = {
        **os.environ,
        "XDG_CACHE_HOME": cache,
        "LOCALAPPDATA": cache,
        "PYTHONPYCACHEPREFIX": compiled,
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package is compiled already
    done = subprocess.run(
        [sys.executable, "-c", _ASK, *arguments], capture_output=True, text=True, check=True, env=environment
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _measured(folder: Path, threads: int, objective: str, rounds: int) -> Mapping[str, float]:
    """Measure every candidate as a decision does, with more rounds."""
    backend = Backend(Bundle.open(folder), Settings("auto", threads, 100_000, 64))
    offer = backend._offer()
    task = trials.Task(offer.rows(), threads, objective)
    trials.ROUNDS = trials.MOST_ROUNDS = rounds
    found = trials.run_trials({each: lambda each=each: offer.read(each) for each in offer.candidates}, task)
    for each, why in found.failed.items():
        print(f"{each}: {why}", file=sys.stderr)
    return {str(each): value for each, value in found.measured.items()}


def _spread(found: list[dict[str, Any]]) -> list[float]:
    times = [each["seconds"] for each in found]
    return [min(times), median(times), percentile(times, 0.9), max(times)]


if __name__ == "__main__":
    sys.exit(main())
