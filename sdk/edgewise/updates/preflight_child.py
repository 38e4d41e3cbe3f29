"""The child of a trial: `python -m edgewise.updates.preflight_child FOLDER` prints one line of JSON."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

from edgewise.errors import EdgewiseError

_RUNS = 15
_TEXT = "You absolute legend, this made my day!"


def examine(folder: Path) -> dict[str, Any]:
    """Verify a bundle, run its test inputs, and time short texts.

    Args:
        folder: The bundle.

    Returns:
        `problem` (None when all is well), `latency_ms` and `inputs`.
    """
    from edgewise.analyzer import Analyzer
    from edgewise.bundle import Bundle
    from edgewise.cli.self_test import check_bundle

    try:
        problem, _ = check_bundle(folder)
        if problem is not None:
            return {"problem": problem}
        golden = [
            each.text for model in Bundle.open(folder).manifest.models.values() for each in model.golden
        ]
        with Analyzer(folder) as analyzer:
            analyzer.warm_up()
            times = [_timed(analyzer, text) for text in (golden or [_TEXT]) for _ in range(_RUNS)]
    except EdgewiseError as error:
        return {"problem": str(error)}
    return {"problem": None, "latency_ms": median(times), "inputs": len(golden)}


def _timed(analyzer: Any, text: str) -> float:
    begin = time.perf_counter()
    analyzer.analyze(text)
    return (time.perf_counter() - begin) * 1000


def main() -> None:
    """Examine the folder that the command line names."""
    found = {"preflight": 1, **examine(Path(sys.argv[1]))}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
