"""A report of `edgewise_cloud.evaluate`, tracked."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

from edgewise_cloud.evaluate import Report
from edgewise_cloud.tracking.base import Tracker
from edgewise_cloud.tracking.names import legal_name


def report_metrics(report: Report) -> dict[str, float]:
    """Return the figures of a report by names that MLflow takes.

    Names are SPLIT/TASK/SET/LANGUAGE/FIGURE, such as "test/sentiment/en_sst.binary/en/accuracy", with the
    language "all" where a set has several; SPLIT/TASK/mean/FIGURE are means over languages. The split of a
    user's file is "file".
    """
    split = "file" if report.split == "-" else report.split
    found: dict[str, float] = {}
    for record in report.records:
        name = record.dataset.removeprefix(f"{record.task}/")
        place = (split, record.task, name, record.language)
        found |= {legal_name(*place, figure): float(value) for figure, value in record.values.items()}
        found[legal_name(*place, "rows")] = float(record.rows)
    for mean in report.means():
        found |= _mean(split, mean)
    return found


def _mean(split: str, mean: Mapping[str, object]) -> dict[str, float]:
    return {
        legal_name(split, str(mean["task"]), "mean", figure): float(value)
        for figure, value in mean.items()
        if isinstance(value, int | float)
    }


def log_report(tracker: Tracker, report: Report, step: int | None = None) -> None:
    """Track a report: its figures, its plots of confusion and calibration, and itself as JSON.

    Args:
        tracker: In a run.
        report: What was measured.
        step: Step of the training that it was measured at, None for its end.

    Raises:
        NoRunError: No run has begun.
    """
    from edgewise_cloud.evaluate.plots import write_plots

    tracker.metrics(report_metrics(report), step)
    with tempfile.TemporaryDirectory(prefix="edgewise-report-") as name:
        file = Path(name) / f"report-{'file' if report.split == '-' else report.split}.json"
        file.write_text(json.dumps(report.to_dict(), indent=1, ensure_ascii=False), encoding="utf-8")
        tracker.artifact(file, "reports")
        for path in write_plots(report, Path(name) / "plots"):
            tracker.artifact(path, f"plots/{file.stem.removeprefix('report-')}")
