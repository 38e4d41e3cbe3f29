"""What runs in the child process of a trial: load a model, run it, and say how that went.

Sockets and files of the parent are not touched: what is needed comes through standard input, what is found
goes to standard output, one JSON object a line. An illegal instruction, a crash in a driver or a hang ends
this process only. The parent tells when to measure (`go`), so that candidates never run at the same time.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

LONGEST_ROUND = 0.04
"""Seconds after which a round of measuring stops, once every text had its turn."""

_MOST_REPEATS = 3
_BATCH = 16
_MEGABYTE = 1_000_000


def main() -> None:
    """Serve one trial: the header, the model's bytes, then rounds until standard input ends."""
    source = sys.stdin.buffer
    out = _own_output()
    header = json.loads(source.readline())
    data, weights = (source.read(size) if size is not None else None for size in header["sizes"])
    try:
        begun = time.perf_counter()
        run, rows = _load(header, data or b"", weights)
        load_ms = 1000 * (time.perf_counter() - begun)
        facts = {"logits": [_first(run, row) for row in rows], "load_ms": load_ms, "memory": _memory()}
    except Exception as error:
        _say(out, {"failed": f"{' '.join(str(error).split())}" or type(error).__name__})
        return
    _say(out, facts)
    while line := source.readline().strip():
        try:
            if line == b"go":
                _say(out, {"memory": _memory(), **_measure(run, rows, header["objective"])})
            else:
                _say(out, _cell(run, rows, json.loads(line)))
        except Exception as error:
            _say(out, {"failed": " ".join(str(error).split())})
            return


def _own_output() -> IO[bytes]:
    """Keep standard output to ourselves: what libraries print goes nowhere."""
    ours = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    return ours


def _say(out: IO[bytes], facts: dict[str, Any]) -> None:
    out.write(json.dumps(facts).encode() + b"\n")
    out.flush()


def _load(
    header: dict[str, Any], data: bytes, weights: bytes | None
) -> tuple[Callable[[Any], Any], list[Any]]:
    """Load the model and prepare the texts."""
    import numpy as np

    from edgewise_runtimes.protocol import Artifact, SessionOptions
    from edgewise_runtimes.registry import runtime

    # Not needed to run a model, and slow: openvino's model converter. Other processes keep it.
    sys.modules.setdefault("openvino.tools.ovc", None)  # type: ignore[arg-type]
    cache = header["cache"]
    options = SessionOptions(header["threads"], header["device"], Path(cache) if cache else None)
    artifact = Artifact(header["name"], header["backend"], header["precision"], data, weights)
    session = runtime(header["backend"]).load(artifact, options)

    def run(ids: Any) -> Any:
        return session.run({"input_ids": ids, "attention_mask": np.ones_like(ids)})

    return run, [np.array([row], dtype=np.int32) for row in header["rows"]]


def _first(run: Callable[[Any], Any], row: Any) -> dict[str, list[float]]:
    """Run a text once: its logits by output.

    Raises:
        ValueError: They are no answer: another number of rows, or not finite.
    """
    import numpy as np

    found = run(row)
    for name, values in found.items():
        if values.ndim != 2 or len(values) != 1:
            raise ValueError(f"the output {name!r} of one text has the shape {values.shape}")
        if not np.isfinite(values).all():
            raise ValueError(f"the output {name!r} is not finite")
    return {name: values[0].tolist() for name, values in found.items()}


def _measure(run: Callable[[Any], Any], rows: list[Any], objective: str) -> dict[str, list[list[float]]]:
    """Time runs: milliseconds a text, a list for each of the texts."""
    import numpy as np

    batch = _BATCH if objective == "throughput" else 1
    feeds = [np.repeat(row, batch, axis=0) for row in rows]
    times: list[list[float]] = [[] for _ in feeds]
    end = time.perf_counter() + LONGEST_ROUND
    for repeat in range(_MOST_REPEATS):
        for place, each in enumerate(feeds):
            begun = time.perf_counter()
            run(each)
            times[place].append(1000 * (time.perf_counter() - begun) / batch)
            if repeat and time.perf_counter() > end:
                return {"times": times}
    return {"times": times}


def _cell(run: Callable[[Any], Any], rows: list[Any], asked: dict[str, Any]) -> dict[str, Any]:
    """Time runs of one length and batch: milliseconds, after a few that do not count."""
    import numpy as np

    tokens = np.concatenate([row[0] for row in rows])
    ids = np.resize(tokens, (asked["batch"], asked["length"])).astype(np.int32)
    for _ in range(asked["warm"]):
        run(ids)
    end = time.perf_counter() + asked["seconds"]
    times: list[float] = []
    while len(times) < asked["runs"] and (len(times) < asked["least"] or time.perf_counter() < end):
        begun = time.perf_counter_ns()
        run(ids)
        times.append((time.perf_counter_ns() - begun) / 1e6)
    return {"times": times, "memory": _memory()}


def _memory() -> float | None:
    """Return the megabytes that this process holds, None where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / _MEGABYTE
    except (OSError, ValueError):
        pass
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _MEGABYTE
