"""Does anything grow? Runs every backend of a bundle 100,000 times over all lengths, and watches the memory.

Each backend runs in a process of its own: the bare session of the default encoder, one row a run. Told is
what the process holds after a fifth of the runs, when every shape has been seen many times, and at the end.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from common import parser, report

from edgewise.bundle import Bundle, resolve
from edgewise.engine.encoder import backends_of
from edgewise_runtimes import runtime
from edgewise_runtimes.registry import missing

_RUN = """
import json, os, sys
import numpy as np
from edgewise.bundle import Bundle
from edgewise.engine.encoder import also_reads, read_artifact
from edgewise_runtimes import SessionOptions, runtime
folder, backend, runs = sys.argv[1], sys.argv[2], int(sys.argv[3])
bundle = Bundle.open(folder)
spec = bundle.manifest.models[bundle.manifest.routes.default]
artifact = read_artifact(bundle, spec, backend, "", also_reads(runtime(backend)))
session = runtime(backend).load(artifact, SessionOptions())
def memory():
    import psutil
    return psutil.Process(os.getpid()).memory_info().rss
most = spec.tokenizer.max_tokens if spec.tokenizer else 128
rows = [np.arange(2, 2 + length, dtype=np.int32)[None] % 1000 for length in range(1, most + 1)]
feeds = [{"input_ids": row, "attention_mask": np.ones_like(row)} for row in rows]
held = []
for number in range(runs):
    session.run(feeds[(number * 7) % len(feeds)])
    if (number + 1) % (runs // 5) == 0:
        held.append(memory())
print(json.dumps(held))
"""


def main() -> int:
    """Measure and report."""
    options = parser(__doc__ or "")
    options.add_argument("--runs", type=int, default=100_000)
    given = options.parse_args()
    folder = resolve(given.model)
    rows, figures = [], {}
    for backend in _backends(folder):
        command = [sys.executable, "-c", _RUN, str(folder), backend, str(given.runs)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        held: list[int] = json.loads(done.stdout)
        grown = held[-1] - held[0]
        figures[backend] = {"held_bytes": held, "grown_bytes": grown}
        rows.append([backend, f"{held[0] / 1e6:.2f}", f"{held[-1] / 1e6:.2f}", f"{grown / 1e6:+.2f}"])
    head = ["backend", "after a fifth, MB", "at the end, MB", "grown, MB"]
    report(f"Memory over {given.runs:,} runs of every length", head, rows, {"growth": figures}, given.json)
    return 0


def _backends(folder: Path) -> list[str]:
    """Return the backends installed here that can serve the bundle."""
    manifest = Bundle.open(folder).manifest
    own: tuple[str, ...] = backends_of([manifest.models[manifest.routes.default]])
    found: dict[str, Any] = {}
    for name in (*own, "openvino"):
        reads: tuple[str, ...] = (name, *getattr(runtime(name), "also_reads", ()))
        if missing(runtime(name)) is None and set(reads) & set(own):
            found[name] = None
    return list(found)


if __name__ == "__main__":
    sys.exit(main())
