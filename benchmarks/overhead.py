"""What the SDK adds to the bare model: `analyze()` minus the run of its session, on the same texts.

Both are timed in turns, text by text, on one thread, so that a passing load hits both alike. The bare run is
the session's own, with arrays that are ready; everything else counts as overhead: language, normalisation,
tokens, calibration, thresholds, the result.
"""

from __future__ import annotations

import time
from statistics import median
from typing import Any

import numpy as np
from common import parser, percentile, report
from latency import texts_of

from edgewise import Analyzer
from edgewise.engine.models import Models
from edgewise.engine.settings import Settings
from edgewise.text import normalize


def main() -> None:
    """Measure and report."""
    options = parser(__doc__ or "")
    options.add_argument(
        "--tokens", type=int, nargs="+", default=[8, 32, 128], help="special tokens included"
    )
    options.add_argument("--runs", type=int, default=1500, help="measured pairs of calls at each length")
    options.add_argument("--backend", default="auto")
    given = options.parse_args()
    analyzer = Analyzer(given.model, threads=1, backend=given.backend)
    analyzer.warm_up()
    # The same text goes to the same model: one language, and its route's encoder.
    models = Models(analyzer.bundle, Settings(given.backend, 1, 100_000, 64), None)
    rows, figures = [], {}
    for tokens in given.tokens:
        found = _measure(analyzer, models, tokens, given.runs)
        figures[str(tokens)] = found
        rows.append(
            [
                str(tokens),
                f"{found['analyze_us']:.0f}",
                f"{found['bare_us']:.0f}",
                f"{found['overhead_us']:.0f}",
                f"{found['overhead_us'] / found['bare_us']:.0%}",
                *(f"{found['stages_us'][stage]:.0f}" for stage in found["stages_us"]),
            ]
        )
    stages = list(next(iter(figures.values()))["stages_us"])
    name = analyzer.backend_report().label
    head = ["tokens", "analyze µs", "bare µs", "overhead µs", "of bare", *(f"{stage} µs" for stage in stages)]
    report(
        f"Overhead of the SDK on {name}, medians of {given.runs}",
        head,
        rows,
        {"overhead": figures},
        given.json,
    )


def _measure(analyzer: Analyzer, models: Models, tokens: int, runs: int) -> dict[str, Any]:
    texts = texts_of(models.encoder(analyzer.bundle.manifest.routes.default), tokens)
    cases = []
    for text in texts:
        language = analyzer.analyze(text).language
        ((name, tasks), *_) = models.plan(
            None if language.unsure else language.label, analyzer_tasks(analyzer)
        )
        encoder = models.encoder(name)
        normal = normalize(text).text
        ids = np.array(encoder.tokenizer.read(normal).rows[:1], dtype=np.int32)
        feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        cases.append((text, normal, encoder, feeds, tasks))
    detector = models.detector()
    whole: list[float] = []
    bare: list[float] = []
    stages: dict[str, list[float]] = {"language": [], "normalise": [], "tokenise": []}
    for number in range(runs + len(cases)):
        text, normal, encoder, feeds, _ = cases[number % len(cases)]
        timed = [
            _microseconds(analyzer.analyze, text),
            _microseconds(encoder._session.run, feeds),
            _microseconds(detector.tell, [text]),
            _microseconds(normalize, text),
            _microseconds(encoder.tokenizer.read, normal),
        ]
        if number < len(cases):
            continue  # a round that does not count
        for times, one in zip([whole, bare, *stages.values()], timed, strict=True):
            times.append(one)
    middle = {stage: median(times) for stage, times in stages.items()}
    overhead = median(one - other for one, other in zip(whole, bare, strict=True))
    middle["rest"] = overhead - sum(middle.values())
    return {
        "analyze_us": median(whole),
        "analyze_p99_us": percentile(whole, 0.99),
        "bare_us": median(bare),
        "overhead_us": overhead,
        "stages_us": middle,
    }


def analyzer_tasks(analyzer: Analyzer) -> tuple[str, ...]:
    """Return the tasks that an analyzer answers, the language included."""
    return tuple(analyzer.labels)


def _microseconds(function: Any, given: Any) -> float:
    started = time.perf_counter_ns()
    function(given)
    return (time.perf_counter_ns() - started) / 1000


if __name__ == "__main__":
    main()
