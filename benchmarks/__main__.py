"""`make bench`: every benchmark, one after the other, each in a process of its own."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

_ALL = ("import_time", "latency", "memory", "language", "sequential")


def main() -> int:
    """Run them; the exit code is 1 when one of them could not run."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--model", help="name or folder of a bundle")
    options.add_argument(
        "--json", type=Path, metavar="FOLDER", help="write each one's figures into this folder, too"
    )
    options.add_argument("--only", nargs="+", choices=_ALL, default=_ALL)
    given = options.parse_args()
    failed = []
    for name in given.only:
        command = [sys.executable, str(Path(__file__).with_name(f"{name}.py"))]
        command += ["--model", given.model] if given.model else []
        if given.json:
            given.json.mkdir(parents=True, exist_ok=True)
            command += ["--json", str(given.json / f"{name}.json")]
        if subprocess.run(command).returncode != 0:
            failed.append(name)
    if failed:
        print(f"Could not run: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
