"""How long one text takes on one thread, by its length in tokens, and where the time goes.

The total is measured through `Analyzer.analyze`, all tasks; the stages one by one on the same texts. What
they leave of the total is calibration, thresholds and making the result.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from common import TEXTS, parser, percentile, report

from edgewise import Analyzer
from edgewise.bundle import Bundle, resolve
from edgewise.engine.encoder import Encoder
from edgewise.engine.judge import Judge
from edgewise.engine.models import Models
from edgewise.engine.settings import Settings
from edgewise.text import normalize

_TEXTS = 50


def main() -> None:
    """Measure and report."""
    options = parser(__doc__ or "")
    options.add_argument(
        "--tokens", type=int, nargs="+", default=[8, 32, 128], help="lengths, special tokens included"
    )
    options.add_argument("--runs", type=int, default=2000, help="measured calls of each kind")
    options.add_argument("--language", help="only texts of this language, and the model that answers for it")
    given = options.parse_args()
    analyzer = Analyzer(given.model, threads=1)
    analyzer.warm_up()
    settings = Settings(backend="auto", threads=1, max_chars=100_000, max_windows=64)
    models = Models(analyzer.bundle, settings, None)
    manifest = analyzer.bundle.manifest
    judge = models.encoder(manifest.routes.model_for(given.language))
    # Models without a tokenizer get texts as long as others count them.
    counting = judge if isinstance(judge, Encoder) else _usual(settings)
    told = [analyzer.analyze(text, tasks=["language"]).language.label for text in TEXTS]
    pool = [text for text, language in zip(TEXTS, told, strict=True) if given.language in (None, language)]
    rows, figures = [], {}
    for tokens in given.tokens:
        texts = texts_of(counting, tokens, pool)
        measured = _measure(analyzer, models, judge, texts, given.runs)
        figures[str(tokens)] = measured
        shares = [
            f"{measured['stages_us'][stage] / measured['p50_us']:.0%}" for stage in measured["stages_us"]
        ]
        rows.append(
            [str(tokens), f"{measured['p50_us'] / 1000:.3f}", f"{measured['p99_us'] / 1000:.3f}", *shares]
        )
    stages = list(next(iter(figures.values()))["stages_us"])
    title = f"One text, all tasks, one thread: {manifest.name} {manifest.version}, {given.runs} calls each"
    report(title, ["tokens", "p50 ms", "p99 ms", *stages], rows, {"latency": figures}, given.json)


def _usual(settings: Settings) -> Judge:
    models = Models(Bundle.open(resolve(None)), settings, None)
    return models.encoder(Bundle.open(resolve(None)).manifest.routes.default)


def texts_of(encoder: Judge, tokens: int, pool: Sequence[str] = TEXTS) -> list[str]:
    """Make texts that are read as exactly so many tokens, from the words of the sample texts.

    Raises:
        SystemExit: The tokenizer makes it impossible.
    """
    chance = random.Random(tokens)
    made: list[str] = []
    for _ in range(2_000):
        words: list[str] = []
        count = 0
        while count < tokens:
            words += chance.choice(pool).split()[: chance.choice([1, 2, 8])]
            read = encoder.tokenizer.read(normalize(" ".join(words)).text)
            count = sum(map(len, read.rows))
        if count == tokens:
            made.append(" ".join(words))
            if len(made) == _TEXTS:
                return made
    raise SystemExit(f"No texts of exactly {tokens} tokens could be made; is that more than one window?")


def _measure(
    analyzer: Analyzer, models: Models, judge: Judge, texts: Sequence[str], runs: int
) -> dict[str, Any]:
    """Return microseconds: of the whole and of each stage."""
    whole = _microseconds(analyzer.analyze, texts, runs)
    detector = models.detector()
    normal = [normalize(text).text for text in texts]
    read = [judge.tokenizer.read(text).rows for text in normal]
    tasks = tuple(judge.heads)
    ran = [
        (judge.logits(rows, tasks, 64), rows, text, detector.tell([whole])[0].label)
        for rows, text, whole in zip(read, normal, texts, strict=True)
    ]
    stages = {
        "language": _middle(lambda text: detector.tell([text]), texts, runs),
        "normalise": _middle(normalize, texts, runs),
        "tokenise": _middle(judge.tokenizer.read, normal, runs),
        "model": _middle(lambda rows: judge.logits(rows, tasks, 64), read, runs),
        "n-grams": _middle(lambda known: judge.settle(*known), ran, runs),
    }
    middle = percentile(whole, 0.5)
    stages["rest"] = max(0.0, middle - sum(stages.values()))
    return {"p50_us": middle, "p99_us": percentile(whole, 0.99), "stages_us": stages}


def _middle(function: Callable[[Any], Any], inputs: Sequence[Any], runs: int) -> float:
    return percentile(_microseconds(function, inputs, runs), 0.5)


def _microseconds(function: Callable[[Any], Any], inputs: Sequence[Any], runs: int) -> list[float]:
    """Time single calls, after a round that does not count."""
    for each in inputs:
        function(each)
    found = []
    for number in range(runs):
        each = inputs[number % len(inputs)]
        started = time.perf_counter_ns()
        function(each)
        found.append((time.perf_counter_ns() - started) / 1000)
    return found


if __name__ == "__main__":
    main()
