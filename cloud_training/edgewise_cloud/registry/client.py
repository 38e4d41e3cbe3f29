"""The registry's side of MLflow: a client whose failures are typed errors, within seconds."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from edgewise.errors import EdgewiseError
from edgewise_cloud.registry.errors import RegistryAwayError, UnknownRunError
from edgewise_cloud.tracking.base import LOCAL
from edgewise_cloud.tracking.mlflow_client import mlflow_client
from edgewise_cloud.tracking.server import LOCAL_TAG, experiment_id
from edgewise_cloud.tracking.urls import is_server, without_password

if TYPE_CHECKING:
    from mlflow import MlflowClient

_EXPERIMENT = "registered-models"
_SECONDS = 10.0


@contextmanager
def failures_of(url: str) -> Iterator[None]:
    """Turn what MLflow, a driver or the network raises into `RegistryAwayError`."""
    try:
        yield
    except EdgewiseError:
        raise
    except Exception as error:
        reason = str(error).strip().splitlines()
        raise RegistryAwayError(without_password(url), reason[0] if reason else repr(error)) from error


def ask(url: str) -> None:
    """See whether a server is there: MLflow itself would go on trying for minutes.

    Raises:
        RegistryAwayError: It is not.
    """
    if not is_server(url):
        return
    with failures_of(url):
        try:
            with urllib.request.urlopen(f"{url.rstrip('/')}/health", timeout=_SECONDS):
                return
        except urllib.error.HTTPError as error:
            # It is there. A proxy may hide /health, and what is wrong the next request tells better.
            if error.code >= 500:
                raise


def open_client(url: str) -> MlflowClient:
    """Return a client of a store that answers.

    Raises:
        RegistryAwayError: It does not.
        MissingExtraError: MLflow is not installed, or not the driver of the database.
    """
    with failures_of(url):
        client = mlflow_client(url)
        client.search_registered_models(max_results=1)
    return client


def untracked_run(client: MlflowClient, url: str) -> str:
    """Make a run that holds the files of a model whose own run was not tracked; return its id."""
    run = client.create_run(experiment_id(client, url, _EXPERIMENT), run_name="untracked")
    client.update_run(run.info.run_id, "FINISHED")
    return str(run.info.run_id)


def known_run(client: MlflowClient, run_id: str) -> str:
    """Return the server's id of a run.

    Args:
        client: Of the store.
        run_id: The server's id, or the one that a tracker gave while the server was away.

    Raises:
        UnknownRunError: There is no such run.
    """
    from mlflow.exceptions import MlflowException

    if run_id.startswith(LOCAL):
        places = [each.experiment_id for each in client.search_experiments()]
        found = client.search_runs(places, f"tags.`{LOCAL_TAG}` = '{run_id}'", max_results=1)
        if not found:
            raise UnknownRunError(run_id)
        return str(found[0].info.run_id)
    try:
        return str(client.get_run(run_id).info.run_id)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise UnknownRunError(run_id) from error
        raise
