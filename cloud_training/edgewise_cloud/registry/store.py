"""How a model's files go into a run and come back."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewise_cloud.registry.errors import FetchedFileError, ModelFolderError
from edgewise_cloud.registry.files import difference, digest
from edgewise_cloud.registry.version import PLACE, Version

if TYPE_CHECKING:
    from mlflow import MlflowClient

RECORD = "registration.json"
_FILES = "model"


def upload(client: MlflowClient, run_id: str, folder: Path, place: str, record: Mapping[str, Any]) -> None:
    """Put a model's files and the record of its registration among the artifacts of a run.

    Args:
        client: Of the store.
        run_id: The run.
        folder: The model.
        place: Folder among the artifacts.
        record: What is known of it, JSON-ready.
    """
    client.log_artifacts(run_id, str(folder), f"{place}/{_FILES}")
    with tempfile.TemporaryDirectory(prefix="edgewise-registry-") as name:
        file = Path(name) / RECORD
        file.write_text(json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8")
        client.log_artifact(run_id, str(file), place)


def source_of(artifact_uri: str, place: str) -> str:
    """Return the address of a model's files."""
    return f"{artifact_uri.rstrip('/')}/{place}/{_FILES}"


def record_of(client: MlflowClient, version: Version) -> dict[str, Any]:
    """Return the record of a registration; an empty one for what others registered."""
    if PLACE not in version.tags:
        return {}
    with tempfile.TemporaryDirectory(prefix="edgewise-registry-") as name:
        path = client.download_artifacts(version.run_id, f"{version.tags[PLACE]}/{RECORD}", name)
        return dict(json.loads(Path(path).read_text(encoding="utf-8")))


def download(client: MlflowClient, version: Version, to: Path) -> Path:
    """Bring a model's files back, all of them right or none.

    Args:
        client: Of the store.
        version: Which one.
        to: Folder, made if it is not there; may not hold anything.

    Raises:
        ModelFolderError: `to` holds something.
        FetchedFileError: The files are not those that were registered.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise ModelFolderError(to, "it holds something already")
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{to.name}-", dir=to.parent) as name:
        record = record_of(client, version)
        hashes = record.get("files", {})
        if not version.digest or digest(hashes) != version.digest:
            raise FetchedFileError(
                version.name, version.version, RECORD, "its list of files is not the one that was registered"
            )
        path = Path(client.download_artifacts(version.run_id, f"{version.tags[PLACE]}/{_FILES}", name))
        if wrong := difference(hashes, path):
            raise FetchedFileError(version.name, version.version, *wrong)
        if to.exists():
            to.rmdir()
        shutil.move(path, to)
    return to
