"""The one place that imports mlflow, and makes sure that it does not phone home."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from edgewise.errors import MissingExtraError

if TYPE_CHECKING:
    from mlflow import MlflowClient

SWITCH = "MLFLOW_DISABLE_TELEMETRY"
"""The environment variable that mlflow reads when its telemetry is set up."""

_lock = Lock()
_off = False


def mlflow_client(url: str) -> MlflowClient:
    """Return a client for tracking and registry, with mlflow's telemetry off.

    Args:
        url: Full address; see `tracking_url`.

    Raises:
        MissingExtraError: mlflow is not installed, or not the driver of the database.
    """
    _import_quietly()
    from mlflow import MlflowClient

    try:
        return MlflowClient(tracking_uri=url, registry_uri=url)
    except ModuleNotFoundError as error:
        extra = "postgres" if (error.name or "").startswith("psycopg") else "track"
        raise MissingExtraError(extra, f"The tracking store {url.partition(':')[0]}") from error


def _import_quietly() -> None:
    global _off
    with _lock:
        if _off:
            return
        try:
            with _switched_off():
                import mlflow.telemetry

                # For the case that somebody else imported mlflow before: its threads begin with the first
                # event, so most likely nothing has been sent by then.
                mlflow.telemetry.set_telemetry_client()  # type: ignore[no-untyped-call]
        except ModuleNotFoundError as error:
            raise MissingExtraError("track", "Tracking") from error
        # Its handlers write progress ("creating tables") to stderr, which is for programs to decide.
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        logging.getLogger("alembic").setLevel(logging.WARNING)
        _off = True


@contextmanager
def _switched_off() -> Iterator[None]:
    """Set the switch for the time of an import, unless the user has set it."""
    # Library code leaves os.environ alone, but for this: mlflow has no other public way. It is put back at
    # once, and once set up without telemetry, mlflow does not look again.
    before = os.environ.get(SWITCH)
    if not before:
        os.environ[SWITCH] = "true"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(SWITCH, None)
        elif not before:
            os.environ[SWITCH] = before
