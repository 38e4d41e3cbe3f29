"""What the sender asks of MLflow, and what its refusals mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from edgewise_cloud.tracking.mlflow_client import mlflow_client
from edgewise_cloud.tracking.urls import artifact_root

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow import MlflowClient

LOCAL_TAG = "edgewise.local_run"
"""Tag that holds the id which a run had before the server gave it one."""

_NEVER = ("INVALID_PARAMETER_VALUE", "BAD_REQUEST")


class ServerAwayError(Exception):
    """The store cannot be reached or is not well: to be tried again."""


class CallRefusedError(Exception):
    """The store understood the call and will never take it."""


class Store(Protocol):
    """A tracking store; each call may be sent twice without harm."""

    def start(self, experiment: str, call: Mapping[str, Any]) -> str:
        """Make a run, or find the one that an earlier try made; return its id."""
        ...

    def resume(self, run: str) -> None:
        """Set a run running again."""
        ...

    def metrics(self, run: str, calls: Sequence[Mapping[str, Any]]) -> None:
        """Note the figures of several calls."""
        ...

    def artifact(self, run: str, path: Path, folder: str) -> None:
        """Keep a file or folder."""
        ...

    def end(self, run: str, status: str, time: int) -> None:
        """End a run; `time` in milliseconds since 1970."""
        ...


class MlflowStore:
    """MLflow, as a database or as a server."""

    def __init__(self, url: str) -> None:
        """Remember the address; the store is opened at the first call."""
        self._url = url
        self._opened: MlflowClient | None = None

    @property
    def _client(self) -> MlflowClient:
        if self._opened is None:
            self._opened = mlflow_client(self._url)
        return self._opened

    def start(self, experiment: str, call: Mapping[str, Any]) -> str:
        """Make a run with its parameters and tags."""
        from mlflow.entities import Param

        with _understood():
            client, place = self._client, experiment_id(self._client, self._url, experiment)
            found = client.search_runs([place], f"tags.`{LOCAL_TAG}` = '{call['run']}'", max_results=1)
            if found:
                run: str = found[0].info.run_id
            else:
                tags = {**call["tags"], LOCAL_TAG: call["run"]}
                run = client.create_run(place, call["time"], tags, call["name"]).info.run_id
            params = [Param(name, value) for name, value in call["params"].items()]
            for first in range(0, len(params), 100):
                client.log_batch(run, params=params[first : first + 100])
        return run

    def resume(self, run: str) -> None:
        """Set a run running again."""
        with _understood():
            self._client.update_run(run, "RUNNING")

    def metrics(self, run: str, calls: Sequence[Mapping[str, Any]]) -> None:
        """Note figures, at most 1,000 a request."""
        from mlflow.entities import Metric

        found = [
            Metric(name, value, call["time"], call["step"] or 0)
            for call in calls
            for name, value in call["values"].items()
        ]
        with _understood():
            for first in range(0, len(found), 1000):
                self._client.log_batch(run, metrics=found[first : first + 1000])

    def artifact(self, run: str, path: Path, folder: str) -> None:
        """Upload a file or folder."""
        with _understood():
            if path.is_dir():
                self._client.log_artifacts(run, str(path), f"{folder}/{path.name}".strip("/"))
            else:
                self._client.log_artifact(run, str(path), folder or None)

    def end(self, run: str, status: str, time: int) -> None:
        """End a run."""
        with _understood():
            self._client.set_terminated(run, status, time)


def experiment_id(client: MlflowClient, url: str, name: str) -> str:
    """Return the id of an experiment, which is made if it is not there."""
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name, artifact_root(url)))
        except MlflowException:
            # Another process was faster, or something is really wrong.
            found = client.get_experiment_by_name(name)
            if found is None:
                raise
    return str(found.experiment_id)


@contextmanager
def _understood() -> Iterator[None]:
    """Turn what MLflow raises into one of two: never, or not now."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        first = str(error).strip().splitlines()[0][:500] if str(error).strip() else repr(error)
        if error.error_code in _NEVER:
            raise CallRefusedError(first) from error
        raise ServerAwayError(first) from error
    except Exception as error:
        # Whatever a network, a driver or a disk may raise: the call stays in the spool.
        raise ServerAwayError(f"{type(error).__name__}: {error}"[:500]) from error
