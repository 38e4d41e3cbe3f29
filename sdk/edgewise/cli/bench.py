"""`edgewise bench`: how fast, how large, how soon ready is each file of a model on this machine?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgewise.cli.show import show, show_json, table, tell

if TYPE_CHECKING:
    from edgewise.bench.measure import Measured

PLOTS = "edgewise.plots"
"""The entry-point group of functions that draw; they need a plotting library, which a device does without."""

_HEAD = ("backend", "precision", "length", "batch", "p50 ms", "p99 ms", "rows/s", "memory MB", "load ms")


def _counts(ctx: click.Context, parameter: click.Parameter, given: str) -> tuple[int, ...]:
    """Read `8,32,128`."""
    try:
        found = tuple(dict.fromkeys(int(part) for part in given.split(",")))
    except ValueError:
        found = ()
    if not found or min(found) < 1 or max(found) > 4096:
        raise click.BadParameter("Give whole numbers from 1 to 4096, with commas between.", ctx, parameter)
    return found


@click.command()
@click.option("--model", metavar="NAME|FOLDER", help="A bundle's name or folder; see `edgewise models`.")
@click.option("--encoder", metavar="NAME", help="Which of the bundle's models; the default one if not given.")
@click.option("--backend", "backends", multiple=True, metavar="NAME[:DEVICE]", help="Only this; repeatable.")
@click.option("--lengths", default="8,32,128", show_default=True, callback=_counts, help="Tokens of a row.")
@click.option("--batches", default="1,16", show_default=True, callback=_counts, help="Rows of a run.")
@click.option("--threads", default=1, show_default=True, type=click.IntRange(min=1), help="Threads of a run.")
@click.option("--runs", default=300, show_default=True, type=click.IntRange(5), help="Most runs of each.")
@click.option(
    "--seconds", default=1.0, show_default=True, type=click.FloatRange(0, 600), help="Most time for each."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE.png", help="Draw the figures, too.")
@click.pass_context
def bench(
    ctx: click.Context,
    /,
    model: str | None,
    encoder: str | None,
    backends: tuple[str, ...],
    lengths: tuple[int, ...],
    batches: tuple[int, ...],
    threads: int,
    runs: int,
    seconds: float,
    as_json: bool,
    plot: Path | None,
) -> None:
    """Measure a model's files on every backend they are made for.

    Each file is loaded in a process of its own, one after the other. Times are of the bare model: an
    analysis also tells the language, makes tokens and reads the answer (benchmarks/overhead.py). p50 and p99
    are of single runs, rows/s by the median.

    Exit codes: 0 done, 1 nothing could be measured.
    """
    draw = _plotter() if plot is not None else None
    from edgewise.bench.measure import Plan, measure
    from edgewise.bundle import Bundle, resolve

    bundle = Bundle.open(resolve(model))
    if encoder is not None and encoder not in bundle.manifest.models:
        known = ", ".join(bundle.manifest.models)
        raise click.BadParameter(f"The bundle has {known}.", ctx, param_hint="--encoder")
    plan = Plan(lengths, batches, threads, runs, seconds, backends)
    found = measure(bundle, plan, encoder, None if as_json else lambda name: tell(f"Measuring {name} …"))
    facts = _facts(found, bundle.manifest.name, bundle.manifest.version, threads)
    if as_json:
        show_json(facts)
    else:
        show(_text(found, facts))
    if draw is not None and plot is not None and found.rows:
        draw(facts, plot)
        tell(f"Drawn: {plot}")
    ctx.exit(int(not found.rows))


def _facts(found: Measured, name: str, version: str, threads: int) -> dict[str, Any]:
    from edgewise_runtimes import hardware_report

    report = hardware_report()
    load = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
    return {
        "bundle": f"{name} {version}",
        "model": found.model,
        "machine": {"cpu": report.cpu, "flags": list(report.flags), "threads": threads, "load": load},
        "rows": [row.to_dict() for row in found.rows],
        "failed": [{"name": name, "reason": reason} for name, reason in found.failed],
    }


def _text(found: Measured, facts: dict[str, Any]) -> str:
    machine = facts["machine"]
    load = "" if machine["load"] is None else f", load {machine['load']}"
    lines = [
        f"{facts['bundle']}, {found.model}: {machine['cpu']}, {machine['threads']} threads a run{load}",
        "",
    ]
    if found.rows:
        lines += [table(_HEAD, [_cells(row) for row in facts["rows"]], right=_HEAD[2:]), ""]
    lines += [f"Not measured: {name}: {reason}" for name, reason in found.failed]
    return "\n".join(lines).rstrip()


def _cells(row: dict[str, Any]) -> Sequence[str]:
    memory = row["memory_mb"]
    return (
        row["backend"],
        row["precision"],
        str(row["length"]),
        str(row["batch"]),
        f"{row['p50_ms']:.3f}",
        f"{row['p99_ms']:.3f}",
        f"{row['rows_per_second']:,.0f}",
        "unknown" if memory is None else f"{memory:.0f}",
        f"{row['load_ms']:.0f}",
    )


def _plotter() -> Any:
    """Find what draws.

    Raises:
        MissingExtraError: The extra that brings it is not installed.
    """
    from importlib.metadata import entry_points

    from edgewise.errors import MissingExtraError

    for entry in entry_points(group=PLOTS, name="bench"):
        try:
            return entry.load()
        except ImportError as error:
            raise MissingExtraError("cloud", "A plot") from error
    raise MissingExtraError("cloud", "A plot")
