"""The plot of `edgewise bench`: time, throughput, memory and loading, a colour an artifact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_USUAL = 32
"""Tokens of a usual comment: throughput is shown at the nearest length."""


def plot(facts: Mapping[str, Any], file: Path) -> None:
    """Draw what was measured.

    Args:
        facts: What `edgewise bench --json` prints; it has at least one row.
        file: The picture, of a kind that its name says.

    Raises:
        OSError: The file cannot be written.
        ValueError: Its name says no kind of picture that is known.
    """
    rows: Sequence[Mapping[str, Any]] = facts["rows"]
    names = list(dict.fromkeys(_name(row) for row in rows))
    colours = {name: f"C{place % 10}" for place, name in enumerate(names)}
    figure = Figure(figsize=(11, 7.5), layout="constrained")
    grid = figure.subplots(2, 2)
    _latency(grid[0, 0], rows, colours)
    _throughput(grid[0, 1], rows, colours)
    _bars(grid[1, 0], rows, colours, "memory_mb", "process with one model, MB")
    _bars(grid[1, 1], rows, colours, "load_ms", "import and load, ms")
    figure.legend(loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    machine = facts["machine"]
    load = "" if machine["load"] is None else f", load {machine['load']}"
    where = f"{machine['cpu']}, {machine['threads']} thread(s) a run{load}"
    figure.suptitle(f"{facts['bundle']}, {facts['model']}: {where}", fontsize=11)
    figure.savefig(file, dpi=130)


def _latency(axes: Axes, rows: Sequence[Mapping[str, Any]], colours: Mapping[str, str]) -> None:
    """Draw the median of one row by its length, and a thin line up to the 99th percentile."""
    batch = min(row["batch"] for row in rows)
    lengths = sorted({row["length"] for row in rows})
    for place, (name, colour) in enumerate(colours.items()):
        mine = sorted((r for r in rows if _name(r) == name and r["batch"] == batch), key=_length)
        # A little apart, so that the lines do not hide each other.
        x = [row["length"] * 1.03**place for row in mine]
        axes.plot(x, [row["p50_ms"] for row in mine], color=colour, marker="o", label=name)
        axes.vlines(x, [r["p50_ms"] for r in mine], [r["p99_ms"] for r in mine], color=colour, alpha=0.4)
    axes.set(
        xscale="log", yscale="log", xlabel="tokens", ylabel="ms", title=f"p50 (line: to p99), batch {batch}"
    )
    axes.set_xticks(lengths, [str(length) for length in lengths])
    axes.minorticks_off()
    axes.grid(alpha=0.3, which="both")


def _throughput(axes: Axes, rows: Sequence[Mapping[str, Any]], colours: Mapping[str, str]) -> None:
    """Draw rows a second, a group of bars for each batch."""
    length = min({row["length"] for row in rows}, key=lambda each: abs(each - _USUAL))
    batches = sorted({row["batch"] for row in rows})
    width = 0.8 / len(colours)
    for place, (name, colour) in enumerate(colours.items()):
        found = {r["batch"]: r["rows_per_second"] for r in rows if _name(r) == name and r["length"] == length}
        x = [index + (place - (len(colours) - 1) / 2) * width for index in range(len(batches))]
        bars = axes.bar(x, [found.get(batch, 0.0) for batch in batches], width, color=colour)
        axes.bar_label(bars, fmt="{:,.0f}", fontsize=7, padding=2)
    axes.set_xticks(range(len(batches)), [f"batch {batch}" for batch in batches])
    axes.set(ylabel="rows a second", title=f"throughput at {length} tokens")
    axes.margins(y=0.12)
    axes.grid(alpha=0.3, axis="y")


def _bars(
    axes: Axes, rows: Sequence[Mapping[str, Any]], colours: Mapping[str, str], key: str, title: str
) -> None:
    """Draw a figure that an artifact has once."""
    values = {_name(row): row[key] for row in rows}
    known = {name: values[name] for name in reversed(list(colours)) if values[name] is not None}
    bars = axes.barh(list(known), list(known.values()), color=[colours[name] for name in known])
    axes.bar_label(bars, fmt="{:,.0f}", fontsize=8, padding=3)
    axes.set(title=title)
    axes.margins(x=0.12)
    axes.grid(alpha=0.3, axis="x")


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['backend']} {row['precision']}"


def _length(row: Mapping[str, Any]) -> int:
    return int(row["length"])
