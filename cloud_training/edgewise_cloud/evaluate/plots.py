"""Plots of a report: a confusion table, a reliability curve and a curve of selective accuracy a task."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edgewise_cloud.evaluate.report import Confusion, Report, confusion, reliability
from edgewise_cloud.evaluate.selective import selective

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_LABELS = 24
"""Labels that a confusion plot can show."""


def hardest(table: Confusion, most: int = _MOST_LABELS) -> Confusion:
    """Return the part of a confusion table whose labels are mistaken most.

    Pairs of labels are taken by the share of the right label's rows that went to the wrong one, largest
    first; labels that no text has are left out.
    """
    if len(table.labels) <= most:
        return table
    rows = table.counts.sum(axis=1, keepdims=True)
    share = table.counts / np.where(rows > 0, rows, 1)
    np.fill_diagonal(share, 0.0)
    chosen: list[int] = []
    for flat in np.argsort(share, axis=None, kind="stable")[::-1]:
        for label in divmod(int(flat), len(table.labels)):
            if rows[label, 0] > 0 and label not in chosen and len(chosen) < most:
                chosen.append(label)
        if len(chosen) >= most:
            break
    keep = np.sort(np.array(chosen))
    return Confusion(tuple(table.labels[i] for i in keep), table.counts[np.ix_(keep, keep)])


def write_plots(report: Report, folder: Path) -> list[Path]:
    """Write confusion-TASK.png, reliability-TASK.png and selective-TASK.png for every task of the report.

    Args:
        report: What was found.
        folder: Made if it is not there.

    Returns:
        The files, in the order in which they were written.

    Raises:
        ImportError: matplotlib is not installed.
        OSError: The folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for task, parts in report.judged.items():
        for name, figure in (
            ("confusion", _confusion_figure(report, task, confusion(parts))),
            ("reliability", _reliability_figure(report, task)),
            ("selective", _selective_figure(report, task)),
        ):
            path = folder / f"{name}-{task}.png"
            figure.savefig(path, dpi=140)
            written.append(path)
    return written


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    """Make a figure that no window system ever sees."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _confusion_figure(report: Report, task: str, whole: Confusion) -> Figure:
    table = hardest(whole)
    n = len(table.labels)
    side = max(4.2, 0.3 * n + 2.2)
    figure, axes = _figure(side + 0.8, side)
    totals = whole.counts.sum(axis=1)[[whole.labels.index(label) for label in table.labels]]
    share = table.counts / np.where(totals > 0, totals, 1)[:, None]
    image = axes.imshow(100 * share, cmap="Blues", vmin=0.0, vmax=100.0)
    axes.set_xticks(range(n), table.labels, rotation=45 if n < 12 else 90, ha="right" if n < 12 else "center")
    axes.set_yticks(
        range(n), [f"{label}  ({total:,})" for label, total in zip(table.labels, totals, strict=True)]
    )
    axes.set_xlabel("answer")
    axes.set_ylabel("right label (rows)")
    shown = "" if n == len(whole.labels) else f", the {n} labels mistaken most of {len(whole.labels)}"
    axes.set_title(f"{task}: {report.model}, {report.split}{shown}", fontsize=10)
    _write_shares(axes, share, small=n > 12)
    figure.colorbar(image, ax=axes, shrink=0.8, label="% of the right label's rows")
    return figure


def _write_shares(axes: Axes, share: NDArray[np.float64], small: bool) -> None:
    for (row, column), value in np.ndenumerate(share):
        if value >= (0.005 if small else 0.0):
            colour = "white" if value > 0.55 else "black"
            text = f"{100 * value:.0f}"
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=7 if small else 9)


def _reliability_figure(report: Report, task: str) -> Figure:
    curve = reliability(report.judged[task])
    bins = len(curve.rows)
    figure, axes = _figure(5.0, 4.6)
    axes.plot([0, 1], [0, 1], linestyle="--", color="grey", linewidth=1, label="perfect")
    width = 1.0 / bins
    axes.bar(
        (np.arange(bins) + 0.5) * width,
        curve.rows / curve.rows.sum(),
        width=width,
        color="lightsteelblue",
        label="share of rows",
    )
    axes.plot(curve.claimed, curve.true, marker="o", markersize=4, color="navy", label="measured")
    ece = float(np.nansum(np.abs(curve.true - curve.claimed) * curve.rows) / curve.rows.sum())
    about = "toxic in truth" if task == "toxicity" else "answers that are right"
    axes.set_xlabel("claimed probability")
    axes.set_ylabel(f"share of {about}")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_title(f"{task}: {report.model}, {report.split}, ECE {ece:.3f}", fontsize=10)
    axes.legend(loc="best", fontsize=8)
    return figure


def _selective_figure(report: Report, task: str) -> Figure:
    curve = selective(report.judged[task])
    figure, axes = _figure(5.6, 4.2)
    axes.plot(100 * curve.coverage, 100 * curve.accuracy, color="navy", label="the most certain answers")
    whole = 100 * float(curve.accuracy[-1])
    axes.axhline(whole, linestyle="--", color="grey", linewidth=1, label=f"all answers: {whole:.1f} %")
    if curve.own_accuracy is not None:
        own = (100 * curve.own_coverage, 100 * curve.own_accuracy)
        axes.plot(
            *own, marker="D", color="darkorange", linestyle="none",
            label=f"those not called unsure: {own[0]:.1f} % of rows, {own[1]:.1f} % right",
        )  # fmt: skip
    axes.set_xlabel("% of the rows that get an answer")
    axes.set_ylabel("% of these answers that are right")
    axes.set_xlim(0, 102)
    low = min(whole, 100 * float(curve.accuracy.min()), 100 * (curve.own_accuracy or 1.0))
    axes.set_ylim(max(0.0, np.floor((low - 5) / 5) * 5), 101)
    axes.grid(alpha=0.3)
    about = f"AURC {curve.aurc:.3f}, at best {curve.best_aurc:.3f}"
    axes.set_title(f"{task}: {report.model}, {report.split}, {about}", fontsize=10)
    axes.legend(loc="best", fontsize=8)
    return figure
