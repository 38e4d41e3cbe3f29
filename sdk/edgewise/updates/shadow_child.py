"""The child of shadow mode: texts come as lines of JSON, and go back as answers. It writes nothing else.

`python -m edgewise.updates.shadow_child '{"model": "base@1.1.0"}'`
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import IO, Any

from edgewise.errors import EdgewiseError

_NICE = 10


def serve(settings: dict[str, Any], lines: IO[bytes], out: IO[bytes]) -> None:
    """Answer every line until there are no more.

    Args:
        settings: Arguments of the `Analyzer`.
        lines: `{"text": …, "tasks": …}` each.
        out: Takes the answers, each the JSON of an analysis, or `{"problem": …}`.
    """
    from edgewise.analyzer import Analyzer

    analyzer: Analyzer | None = None
    for line in lines:
        asked = json.loads(line)
        try:
            # Opened with the first text: what is wrong with the model is an answer, too.
            analyzer = analyzer or Analyzer(**settings)
            answer = analyzer.analyze(asked["text"], tasks=asked["tasks"]).to_dict()
        except EdgewiseError as error:
            answer = {"problem": str(error)}
        out.write(json.dumps(answer).encode("ascii") + b"\n")
        out.flush()


def main() -> None:
    """Serve on the standard streams, behind whatever else wants to work on this machine."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            os.nice(_NICE)
    # Whatever a library prints must not look like an answer.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(json.loads(sys.argv[1]), sys.stdin.buffer, out)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main()
