"""What trainings leave in their folders, read for packing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edgewise.bundle import Bundle
from edgewise.bundle.files import MANIFEST
from edgewise.errors import EdgewiseError
from edgewise_cloud.catalogue import SHIPPABLE
from edgewise_cloud.train.work_folder import WorkFileError

ONNX = "multilingual.onnx"
"""The student, as `train student` leaves it."""


class TrainedFilesError(EdgewiseError, FileNotFoundError):
    """A folder does not hold what training leaves.

    Attributes:
        folder: The folder.
        missing: Files that are not there.
    """

    def __init__(self, folder: Path, missing: Sequence[str], command: str) -> None:
        """Say what is missing and which command makes it."""
        self.folder = folder
        self.missing = tuple(missing)
        super().__init__(
            f"{folder} lacks {', '.join(missing)}. Run `edgewise train {command}` into it first."
        )


def read_part(
    folder: Path, name: str, others: Sequence[str], keys: Sequence[str], command: str
) -> dict[str, Any]:
    """Read the JSON file of a finished training, and see that the other files are beside it."""
    missing = [file for file in (name, *others) if not (folder / file).is_file()]
    if missing:
        raise TrainedFilesError(folder, missing, command)
    try:
        part: dict[str, Any] = json.loads((folder / name).read_text(encoding="utf-8"))
        absent = [key for key in keys if not isinstance(part[key], dict | list)]
    except (ValueError, KeyError, TypeError) as error:
        raise WorkFileError(folder / name, repr(error)) from error
    if absent:
        raise WorkFileError(folder / name, f"{absent[0]} is not what training writes")
    return part


def read_language(folder: Path) -> dict[str, Any]:
    """Return what `train language` left."""
    return read_part(folder, "language.json", ["language.bin"], ["model", "lines", "recipe"], "language")


def read_ngrams(folder: Path) -> dict[str, Any]:
    """Return what `train ngrams` left."""
    return read_part(
        folder, "model.json", ["ngrams.bin", "dev.parquet"], ["model", "datasets", "recipe"], "ngrams"
    )


def read_student(folder: Path) -> dict[str, Any]:
    """Return what `train student` left, or the default student of a packed bundle and its file as `onnx`."""
    if (folder / MANIFEST).is_file():
        return _read_packed(folder)
    return read_part(
        folder,
        "model.json",
        [ONNX, "tokenizer.json"],
        ["model", "datasets", "recipe"],
        "student",
    )


def _read_packed(folder: Path) -> dict[str, Any]:
    """Return the default student of a packed bundle as `train student` would have left it.

    Raises:
        BundleError: The bundle is refused.
        TrainedFilesError: It was not packed here.
    """
    bundle = Bundle.open(folder)
    bundle.verify()
    manifest = bundle.manifest.raw
    model, provenance = manifest["models"].get("multilingual"), manifest.get("provenance", {})
    recipe = provenance.get("config", {}).get("student")
    files = [each for each in (model or {}).get("artifacts", []) if each["backend"] == "onnxruntime"]
    if model is None or recipe is None or not files:
        raise TrainedFilesError(folder, ["the student `multilingual` and its recipe"], "student")
    # Sizes and hashes are filled in anew, the answers asked for; what is beside it is not packed with it.
    kept = {name: value for name, value in model.items() if name != "beside"}
    model = {**kept, "golden": [], "artifacts": [{**files[0], "file": ONNX}]}
    datasets = [each for each in provenance["datasets"] if not each["file"].startswith("language/")]
    recipe = {**recipe, "packed_in": manifest["version"]}
    return {"model": model, "datasets": datasets, "recipe": recipe, "onnx": files[0]["file"]}


def language_data(part: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the provenance of the lines that a language model was trained on."""
    return [
        {
            "name": "Language identification lines, licence per source",
            "file": "language/langid and language/rawtext",
            "licence": "per source (language/sources.json), of the classes "
            + ", ".join(part.get("licences", sorted(SHIPPABLE))),
            "licence_class": "mixed",
            "rows": sum(part["lines"].values()),
        }
    ]
