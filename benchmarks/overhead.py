"""What the SDK adds to the models: `analyze()` minus the run of its session, on the same texts.

Timed inside `analyze` itself, on one thread, so that both have the same caches and the same passing load. Of
what is not the session's run, the share of the language model, the tokenizer and the n-grams beside the
encoder is shown apart: they are models, too. The rest is the SDK: normalisation, arrays, calibration,
thresholds, the result. Measured twice, with the language told by the language model and with the language
fixed (`Analyzer(languages=["en"])`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

from common import parser, percentile, report
from latency import texts_of

from edgewise import Analyzer
from edgewise.engine.encoder import Encoder
from edgewise.engine.engine import Engine
from edgewise.engine.models import Models
from edgewise.engine.settings import Settings

_PARTS = ("run", "language", "tokens", "ngrams")


def main() -> None:
    """Measure and report."""
    options = parser(__doc__ or "")
    options.add_argument(
        "--tokens", type=int, nargs="+", default=[8, 32, 128], help="special tokens included"
    )
    options.add_argument("--runs", type=int, default=1500, help="measured calls at each length")
    options.add_argument("--backend", default="auto")
    options.add_argument("--language", default="en", help="the language to fix")
    given = options.parse_args()
    rows, figures, name = [], {}, ""
    for languages in (None, [given.language]):
        analyzer = Analyzer(given.model, threads=1, backend=given.backend, languages=languages)
        analyzer.warm_up()
        name = analyzer.backend_report().label
        models = Models(analyzer.bundle, Settings(given.backend, 1, 100_000, 64), None)
        encoder = models.encoder(analyzer.bundle.manifest.routes.model_for(given.language))
        told = "fixed" if languages else "told"
        for tokens in given.tokens:
            found = _measure(analyzer, texts_of(encoder, tokens), given.runs)
            figures[f"{tokens} tokens, language {told}"] = found
            rows.append([str(tokens), told, *(_cell(found, column) for column in _COLUMNS)])
        analyzer.close()
    head = ["tokens", "language", *_COLUMNS]
    report(
        f"Overhead of the SDK on {name}, medians of {given.runs}",
        head,
        rows,
        {"overhead": figures},
        given.json,
    )


_COLUMNS = {
    "analyze µs": "analyze_us",
    "run µs": "run_us",
    "language µs": "language_us",
    "tokens µs": "tokens_us",
    "n-grams µs": "ngrams_us",
    "SDK µs": "sdk_us",
    "SDK of run": "sdk_share",
    "all but run µs": "overhead_us",
}


def _cell(found: dict[str, float], column: str) -> str:
    value = found[_COLUMNS[column]]
    return f"{value:.0%}" if column == "SDK of run" else f"{value:.0f}"


class _Clock:
    """Adds up how long the parts of one call take."""

    def __init__(self) -> None:
        self.spent = dict.fromkeys(_PARTS, 0)

    def reset(self) -> None:
        """Begin anew."""
        self.spent.update(dict.fromkeys(_PARTS, 0))

    def around(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that does the same and is timed."""
        spent, now = self.spent, time.perf_counter_ns

        def timed(*arguments: Any) -> Any:
            started = now()
            try:
                return function(*arguments)
            finally:
                spent[part] += now() - started

        return timed


class _Stand:
    """Stands in for an object, one method of which is timed."""

    def __init__(self, of: Any, method: str, clock: _Clock, part: str) -> None:
        self._of = of
        setattr(self, method, clock.around(part, getattr(of, method)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._of, name)


def _encoders(engine: Engine) -> list[Encoder]:
    return [each for each in engine._models._encoders.values() if isinstance(each, Encoder)]


def _watched(engine: Engine) -> _Clock:
    """Put clocks around what the engine's models do."""
    clock = _Clock()
    for encoder in _encoders(engine):
        encoder._session = _Stand(encoder._session, "run", clock, "run")
        reader = encoder.tokenizer
        reader._tokenizer = _Stand(reader._tokenizer, "encode", clock, "tokens")  # type: ignore[assignment]
        if encoder._second is not None:
            encoder._second = _Stand(encoder._second, "mixed", clock, "ngrams")  # type: ignore[assignment]
    detector = engine._models.detector()
    if detector._known is not None:
        model, head = detector._known
        detector._known = _Stand(model, "probabilities", clock, "language"), head  # type: ignore[assignment]
    return clock


def _measure(analyzer: Analyzer, texts: list[str], runs: int) -> dict[str, float]:
    with analyzer._serving.host._engines.use() as engine:
        before = [
            (each, each._session, each.tokenizer._tokenizer, each._second) for each in _encoders(engine)
        ]
        known = engine._models.detector()._known
        clock = _watched(engine)
    whole: list[float] = []
    parts: dict[str, list[float]] = {part: [] for part in _PARTS}
    rest: list[float] = []
    for number in range(runs + len(texts)):
        clock.reset()
        started = time.perf_counter_ns()
        analyzer.analyze(texts[number % len(texts)])
        took = time.perf_counter_ns() - started
        if number < len(texts):
            continue  # a round that does not count
        whole.append(took / 1000)
        rest.append((took - sum(clock.spent.values())) / 1000)
        for part, times in parts.items():
            times.append(clock.spent[part] / 1000)
    with analyzer._serving.host._engines.use() as engine:
        for encoder, session, tokenizer, second in before:
            encoder._session, encoder.tokenizer._tokenizer, encoder._second = session, tokenizer, second
        engine._models.detector()._known = known
    run = median(parts["run"])
    return {
        "analyze_us": median(whole),
        "analyze_p99_us": percentile(whole, 0.99),
        **{f"{part}_us": median(times) for part, times in parts.items()},
        "sdk_us": median(rest),
        "sdk_share": median(rest) / run,
        "overhead_us": median(a - b for a, b in zip(whole, parts["run"], strict=True)),
    }


if __name__ == "__main__":
    main()
