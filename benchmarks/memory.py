"""Resident memory of a process that analyses one comment after the other, as an app does all day.

Short and long texts, two dozen languages, single calls, batches and explanations, mixed by a fixed seed.
Memory that grows with every text shows as a slope over the last half.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from common import TEXTS, parser, report

from edgewise import Analyzer

_MEGABYTE = 1_000_000


def main() -> None:
    """Measure and report."""
    options = parser(__doc__ or "")
    options.add_argument("--count", type=int, default=100_000, help="analyses")
    options.add_argument("--backend", default="auto", help="the backend to run on")
    options.add_argument("--samples", type=int, default=200, help="times at which memory is read")
    given = options.parse_args()
    chance = random.Random(2)
    before = resident()
    analyzer = Analyzer(given.model, backend=given.backend)
    analyzer.warm_up()
    loaded = resident()
    done, every, found = 0, max(1, given.count // given.samples), [(0, loaded)]
    while done < given.count:
        done += _some(analyzer, chance)
        if done - found[-1][0] >= every:
            found.append((done, resident()))
    half = [(count, size) for count, size in found if count >= done // 2]
    slope = slope_of(half) * 10_000
    sizes = [size for _, size in found]
    figures = {
        "analyses": done,
        "backend": analyzer.backend_report().label,
        "before_loading": before,
        "loaded": loaded,
        "end": sizes[-1],
        "peak": max(sizes),
        "slope_of_last_half_per_10000": slope,
        "samples": found,
    }
    rows = [
        ["Python and edgewise imported", f"{before / _MEGABYTE:.1f}"],
        ["models loaded", f"{loaded / _MEGABYTE:.1f}"],
        [f"after {done:,} analyses", f"{sizes[-1] / _MEGABYTE:.1f}"],
        ["peak", f"{max(sizes) / _MEGABYTE:.1f}"],
        ["growth per 10,000 analyses over the last half", f"{slope / _MEGABYTE:+.3f}"],
    ]
    report(
        f"Resident memory, {done:,} mixed analyses on {analyzer.backend_report().label}",
        ["when", "MB"],
        rows,
        {"memory_bytes": figures},
        given.json,
    )


def _some(analyzer: Analyzer, chance: random.Random) -> int:
    """Do one call of a kind that comes up by chance; return how many texts it answered."""
    kind = chance.random()
    if kind < 0.01:
        analyzer.analyze(_text(chance), explain=True)
        return 1
    if kind < 0.03:
        texts = [_text(chance) for _ in range(chance.randrange(1, 64))]
        return len(analyzer.analyze_batch(texts))
    analyzer.analyze(_text(chance))
    return 1


def _text(chance: random.Random) -> str:
    """Make a text: mostly a comment or two, seldom a page, now and then nothing or noise."""
    kind = chance.random()
    if kind < 0.01:
        return "".join(chr(chance.randrange(32, 0x3000)) for _ in range(chance.randrange(200)))
    if kind < 0.015:
        return " ".join(chance.choices(TEXTS, k=40))
    return " ".join(chance.choices(TEXTS, k=chance.choice([0, 1, 1, 1, 1, 2, 3])))


def resident() -> int:
    """Return the bytes of memory that this process holds."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        import psutil

        return int(psutil.Process().memory_info().rss)
    import resource

    return pages * resource.getpagesize()


def slope_of(points: Sequence[tuple[int, int]]) -> float:
    """Return the slope of the straight line that fits points best (least squares).

    >>> slope_of([(0, 1), (1, 3), (2, 5)])
    2.0
    """
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / spread if spread else 0.0


if __name__ == "__main__":
    main()
