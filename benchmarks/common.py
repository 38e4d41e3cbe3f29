"""What the benchmarks share: sample texts, percentiles, the machine's name, tables and JSON."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edgewise import __version__
from edgewise.cli.show import table
from edgewise_runtimes import hardware_report

TEXTS: list[str] = json.loads(Path(__file__).with_name("texts.json").read_text(encoding="utf-8"))
"""Comments in two dozen languages, written for this file."""


def parser(description: str) -> argparse.ArgumentParser:
    """Return a parser with the options that every benchmark has."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--model", help="name or folder of a bundle; the default bundle if not given")
    made.add_argument("--json", type=Path, metavar="FILE", help="write the figures here, too")
    return made


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of the values lies, by the nearest rank.

    >>> percentile([4.0, 1.0, 3.0, 2.0], 0.5), percentile([4.0, 1.0, 3.0, 2.0], 0.99)
    (2.0, 4.0)
    """
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, round(share * len(ordered) + 0.499999) - 1))]


def machine() -> dict[str, Any]:
    """Say what the figures were measured on."""
    report = hardware_report()
    return {
        "cpu": report.cpu,
        "flags": list(report.flags),
        "threads": report.threads.threads,
        "system": report.system,
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "edgewise": __version__,
        "when": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def report(
    title: str,
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    figures: dict[str, Any],
    file: Path | None,
) -> None:
    """Print a table, and write its figures as JSON when a file is given.

    Args:
        title: What was measured.
        head: Names of the columns; all but the first are aligned to the right.
        rows: Their cells.
        figures: The same, unrounded, JSON-ready.
        file: Where to write them, or None.
    """
    where = machine()
    load = "" if where["load"] is None else f", load {where['load']}"
    print(f"{title}\n{where['cpu']}, {where['threads']} threads to use{load}, {where['when']}\n")
    print(table(head, rows, right=head[1:]))
    print()
    if file is not None:
        document = {"title": title, "machine": where, **figures}
        file.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
