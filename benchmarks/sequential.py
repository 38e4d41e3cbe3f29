"""The test of experiments: false alarms when it is looked at every day, power, and the shares of arms.

    python benchmarks/sequential.py --plot alarms.png

Made-up fleets only: nothing here depends on the machine, and the seed is fixed.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from common import report

from edgewise.updates.arms import arm_of, slot_of, with_shares
from edgewise.updates.channels_document import SLOTS, Arm, Experiment
from edgewise_cloud.experiment.metrics import kind_of
from edgewise_cloud.experiment.simulate import Fleet, first_alarm, looks

FLEETS = {
    "accuracy": Fleet("accuracy"),
    "accuracy, few devices": Fleet("accuracy", devices=80),
    "error_rate": Fleet("error_rate", level=0.01, spread=0.01, per_day=10),
    "latency_ms": Fleet("latency_ms", level=8.0, spread=0.5, per_day=5),
    "error_rate, small arm": Fleet(
        "error_rate", devices=1000, challengers=60, level=0.01, spread=0.08, per_day=10
    ),
}
"""400 devices an arm (or 80; or 1,000 and 60, where one in a hundred always fails), 28 days; a device and day
has one comment judged, or five or ten calls, on average. Devices differ in how much they report and in how
well or fast they do, and join over two weeks."""

CHANGES = {"accuracy": (0.02, 0.04, 0.06), "error_rate": (0.005, 0.01, 0.02), "latency_ms": (0.1, 0.2, 0.3)}
"""Effects whose power is told: of shares in points / 100, of latency relative."""

_ALPHA = 0.05


def main() -> int:
    """Measure and report; the exit code is 1 when a false-alarm rate is above 5 %."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures here, too")
    options.add_argument("--runs", type=int, default=2000, help="experiments without a difference, a fleet")
    options.add_argument(
        "--power-runs", type=int, default=200, help="experiments with one, a fleet and effect"
    )
    options.add_argument("--devices", type=int, default=100_000, help="devices whose arms are counted")
    options.add_argument("--plot", type=Path, metavar="FILE", help="draw the alarms by day")
    options.add_argument("--model", help="taken and ignored, so that all benchmarks can be called alike")
    given = options.parse_args()
    chance = np.random.default_rng(20261123)
    both = {name: _alarms(fleet, 0.0, given.runs, chance) for name, fleet in FLEETS.items()}
    alarms, usual = ({name: days[side] for name, days in both.items()} for side in (0, 1))
    power = {
        f"{metric} {change:g}": _alarms(FLEETS[metric], _signed(metric, change), given.power_runs, chance)[0]
        for metric, changes in CHANGES.items()
        for change in changes
    }
    rows = [
        [name, "none", f"{_rate(days):.1%}", "", f"{_rate(usual[name]):.1%}"] for name, days in alarms.items()
    ]
    for name, days in power.items():
        metric, change = name.split()
        change += " worse"
        found = [day + 1 for day in days if day is not None]
        median = f"{np.median(found):.0f}" if found else ""
        rows.append([metric, change, f"{_rate(days):.1%}", median, ""])
    shares = _shares(given.devices)
    figures = {
        "runs": given.runs,
        "false_alarms": {name: _rate(days) for name, days in alarms.items()},
        "false_alarms_of_the_usual_test": {name: _rate(days) for name, days in usual.items()},
        "power": {name: _rate(days) for name, days in power.items()},
        "arms": shares,
    }
    report(
        f"Sequential test, looked at on each of 28 days: {given.runs:,} experiments a fleet",
        ["fleet", "effect", "alarms", "median day", "usual test"],
        rows,
        figures,
        given.json,
    )
    off = 100 * max(abs(found - share) for share, found in shares["shares"].values())
    print(
        f"Arms over {given.devices:,} devices: at most {off:.2f} points from their shares; "
        f"chi-square of evenness {shares['even']:.0f} at 99 degrees of freedom, "
        f"of dependence between two experiments {shares['dependent']:.0f} at 81.\n"
    )
    if given.plot is not None:
        _plot(given.plot, alarms, usual)
    return int(max(figures["false_alarms"].values()) > _ALPHA)


def _signed(metric: str, change: float) -> float:
    """Make a change one for the worse."""
    return -change if kind_of(metric).more_is_better else change


def _alarms(
    fleet: Fleet, change: float, runs: int, chance: np.random.Generator
) -> tuple[list[int | None], list[int | None]]:
    """Return the day of the alarm in each of many experiments: of our test, and of the usual one."""
    scale = kind_of(fleet.metric).effect
    ours, usual = [], []
    for _ in range(runs):
        made = looks(fleet, change, chance)
        ours.append(first_alarm(made, scale, _ALPHA))
        usual.append(first_alarm(made, scale, _ALPHA, fixed=1.96))
    return ours, usual


def _rate(days: list[int | None]) -> float:
    return sum(day is not None for day in days) / max(1, len(days))


def _shares(devices: int) -> dict[str, Any]:
    """Count the arms of random devices in two experiments, and measure evenness and dependence."""
    ids = [row.tobytes().hex() for row in np.random.default_rng(7).integers(0, 256, (devices, 16), np.uint8)]
    arms = tuple(Arm(name, f"base@1.{n}.0", ()) for n, name in enumerate("abc"))
    wanted = {"a": 0.45, "b": 0.45, "c": 0.05}
    one = Experiment("one", "stable", "salt-one", np.datetime64("2026-01-01").astype(object), arms, "a")
    one = with_shares(one, wanted)
    other = replace(one, name="other", salt="salt-two")
    counted = Counter(arm.name if (arm := arm_of(one, each)) else "none" for each in ids)
    slots = [np.array([slot_of(each.salt, value) for value in ids]) for each in (one, other)]
    even = np.bincount(slots[0] * 100 // SLOTS, minlength=100)
    table = np.histogram2d(*slots, bins=10, range=[[0, SLOTS], [0, SLOTS]])[0]
    expected = np.outer(table.sum(1), table.sum(0)) / devices
    return {
        "devices": devices,
        "shares": {
            name: (share, counted[name] / devices) for name, share in {**wanted, "none": 0.05}.items()
        },
        "even": float(((even - devices / 100) ** 2 / (devices / 100)).sum()),
        "dependent": float(((table - expected) ** 2 / expected).sum()),
    }


def _plot(path: Path, alarms: dict[str, list[int | None]], usual: dict[str, list[int | None]]) -> None:
    """Draw the share of experiments that have raised a false alarm, by day."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for name, color in zip(alarms, (f"C{n}" for n in range(len(alarms))), strict=True):
        for days, style in ((alarms[name], "-"), (usual[name], ":")):
            seen = np.array([np.inf if day is None else day for day in days])
            axes.plot(range(1, 29), [(seen <= day).mean() for day in range(28)], style, color=color)
        axes.plot([], [], color=color, label=name)
    axes.axhline(_ALPHA, color="black", linewidth=0.8)
    axes.set(xlabel="looks, one a day", ylabel="false alarms so far", ylim=0, xlim=(1, 28))
    axes.set_title("Solid: this test. Dotted: the usual one, looked at every day. Line: 5 %", fontsize=9)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=120)
    plt.close(figure)


if __name__ == "__main__":
    sys.exit(main())
