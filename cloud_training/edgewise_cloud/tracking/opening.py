"""Choosing a tracker by its address."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from edgewise.errors import MissingExtraError
from edgewise_cloud.tracking.base import NoTracker, Tracker
from edgewise_cloud.tracking.spooled import SpoolTracker
from edgewise_cloud.tracking.urls import OFF, tracking_url


def open_tracker(url: str | None, experiment: str, spool: Path) -> Tracker:
    """Open a tracker.

    Args:
        url: None for the SQLite file `edgewise-mlflow.db` in the current folder, the address of an MLflow
            server or of a database, or "off" for no tracking.
        experiment: Name of the experiment, made if it is not there.
        spool: Folder in the work folder of the run, for what has not been sent yet.

    Raises:
        TrackingUrlError: The address is none.
        MissingExtraError: MLflow is not installed.
        SpoolBusyError: Another process uses the spool.
        SpoolTargetError: The spool holds the calls for another store.
        SpoolWriteError: The spool cannot be written.
    """
    if url == OFF:
        return NoTracker()
    if importlib.util.find_spec("mlflow") is None:
        raise MissingExtraError("track", "Tracking")
    return SpoolTracker(tracking_url(url), experiment, spool)
