"""How long a newcomer waits: `import edgewise`, and from the start of a process to its first answer.

Every measurement is a process of its own. The kinds take turns, so that a busy moment hits all of them alike.
"""

from __future__ import annotations

import subprocess
import sys
import time

from common import parser, percentile, report

_FIRST = (
    "from edgewise import Analyzer; Analyzer({model!r}).analyze('You absolute legend, this made my day!')"
)


def main() -> None:
    """Measure and report."""
    options = parser(__doc__ or "")
    options.add_argument("--runs", type=int, default=20, help="processes of each kind")
    given = options.parse_args()
    kinds = {
        "bare interpreter": ["-c", "pass"],
        "import edgewise": ["-c", "import edgewise"],
        "first answer": ["-c", _FIRST.format(model=given.model)],
        "edgewise --help": ["-m", "edgewise", "--help"],
        "edgewise analyze": ["-m", "edgewise", "analyze", *_model(given.model), "You absolute legend!"],
    }
    for arguments in kinds.values():
        _seconds(arguments)  # once for the file cache
    found: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(given.runs):
        for kind, arguments in kinds.items():
            found[kind].append(_seconds(arguments))
    bare = percentile(found["bare interpreter"], 0.5)
    rows, figures = [], {}
    for kind, seconds in found.items():
        middle, high = percentile(seconds, 0.5), percentile(seconds, 0.9)
        rows.append([kind, f"{middle:.3f}", f"{high:.3f}", f"{middle - bare:.3f}"])
        figures[kind] = {"p50_s": middle, "p90_s": high, "p50_beyond_interpreter_s": middle - bare}
    head = ["process", "p50 s", "p90 s", "beyond the interpreter s"]
    report(
        f"Start, {given.runs} fresh processes each",
        head,
        rows,
        {"runs": given.runs, "start": figures},
        given.json,
    )


def _seconds(arguments: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def _model(model: str | None) -> list[str]:
    return [] if model is None else ["--model", model]


if __name__ == "__main__":
    main()
