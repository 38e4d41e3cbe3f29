"""How long a newcomer waits: `import edgewise`, and from the start of a process to its first answer.

Every measurement is a process of its own, timed until its first output can be read, and until it is gone. The
kinds take turns, so that a busy moment hits all of them alike.
"""

from __future__ import annotations

import subprocess
import sys
import time

from common import parser, percentile, report

_SAY = "print('ready', flush=True)"
_FIRST = (
    "from edgewise import Analyzer; "
    "print(Analyzer({model!r}).analyze('You absolute legend, this made my day!'), flush=True)"
)


def main() -> None:
    """Measure and report."""
    options = parser(__doc__ or "")
    options.add_argument("--runs", type=int, default=20, help="processes of each kind")
    given = options.parse_args()
    kinds = {
        "bare interpreter": ["-c", _SAY],
        "import edgewise": ["-c", f"import edgewise; {_SAY}"],
        "first answer": ["-c", _FIRST.format(model=given.model)],
        "edgewise --help": ["-m", "edgewise", "--help"],
        "edgewise analyze": ["-m", "edgewise", "analyze", *_model(given.model), "You absolute legend!"],
    }
    for arguments in kinds.values():
        _seconds(arguments)  # once for the file cache
    found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in kinds}
    for _ in range(given.runs):
        for kind, arguments in kinds.items():
            found[kind].append(_seconds(arguments))
    bare = percentile([output for output, _ in found["bare interpreter"]], 0.5)
    rows, figures = [], {}
    for kind, seconds in found.items():
        outputs = [output for output, _ in seconds]
        middle, high = percentile(outputs, 0.5), percentile(outputs, 0.9)
        gone = percentile([exit_ for _, exit_ in seconds], 0.5)
        rows.append([kind, f"{middle:.3f}", f"{high:.3f}", f"{middle - bare:.3f}", f"{gone:.3f}"])
        figures[kind] = {
            "p50_s": middle,
            "p90_s": high,
            "p50_beyond_interpreter_s": middle - bare,
            "p50_until_exit_s": gone,
        }
    head = ["process", "p50 s", "p90 s", "beyond the interpreter s", "p50 s until exit"]
    report(
        f"Start until the first output, {given.runs} fresh processes each",
        head,
        rows,
        {"runs": given.runs, "start": figures},
        given.json,
    )


def _seconds(arguments: list[str]) -> tuple[float, float]:
    """Return the seconds until a process says something, and until it is gone."""
    started = time.perf_counter()
    with subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        said = time.perf_counter() - started
        process.stdout.read()
    if process.returncode:
        raise SystemExit(f"{arguments} failed with code {process.returncode}.")
    return said, time.perf_counter() - started


def _model(model: str | None) -> list[str]:
    return [] if model is None else ["--model", model]


if __name__ == "__main__":
    main()
