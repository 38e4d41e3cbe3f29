"""What a run was told, what it measured and what it made, kept by MLflow, or by us while it is away.

Example::

    from pathlib import Path
    from edgewise_cloud.tracking import log_report, open_tracker, provenance_tags

    tracker = open_tracker(None, "teachers", Path("runs/en/tracking"))     # ./edgewise-mlflow.db
    run = tracker.start("english", {"seed": 1}, provenance_tags(Path.cwd(), catalogue))
    tracker.metrics({"loss": 0.7}, step=10)
    log_report(tracker, report)                                            # of edgewise_cloud.evaluate
    tracker.end("FINISHED")
"""

from edgewise_cloud.tracking.base import STATUSES, UNTRACKED, NoTracker, Tracker, Unsent
from edgewise_cloud.tracking.errors import (
    ArtifactMissingError,
    MetricError,
    NoRunError,
    RunStatusError,
    SpoolBusyError,
    SpoolFormatError,
    SpoolTargetError,
    SpoolWriteError,
    TrackingError,
    TrackingUrlError,
)
from edgewise_cloud.tracking.opening import open_tracker
from edgewise_cloud.tracking.provenance import data_hashes, provenance_tags
from edgewise_cloud.tracking.report import log_report, report_metrics
from edgewise_cloud.tracking.sending import send
from edgewise_cloud.tracking.urls import tracking_url

__all__ = [
    "STATUSES",
    "UNTRACKED",
    "ArtifactMissingError",
    "MetricError",
    "NoRunError",
    "NoTracker",
    "RunStatusError",
    "SpoolBusyError",
    "SpoolFormatError",
    "SpoolTargetError",
    "SpoolWriteError",
    "Tracker",
    "TrackingError",
    "TrackingUrlError",
    "Unsent",
    "data_hashes",
    "log_report",
    "open_tracker",
    "provenance_tags",
    "report_metrics",
    "send",
    "tracking_url",
]
