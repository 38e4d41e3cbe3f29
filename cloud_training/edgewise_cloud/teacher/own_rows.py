"""A customer's own labelled file as rows to adapt a teacher to."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from edgewise_cloud.catalogue import ALL_LICENCES, Catalogue, Columns, own_dataset
from edgewise_cloud.catalogue.hashes import sha256_of
from edgewise_cloud.prepare import PrepareConfig, prepare_rows
from edgewise_cloud.prepare.store import load_examples, save_examples
from edgewise_cloud.teacher.errors import AdaptRowsError
from edgewise_cloud.teacher.material import Material
from edgewise_cloud.train.work_folder import WorkFileError, replace_file

logger = logging.getLogger(__name__)
LEAST = (16, 2)
"""Rows to train on and to check with that a file must leave."""

_DEV = {"part": 8, "most": 1000}
_NAME = "own"


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A file of one's own.

    Attributes:
        path: CSV, TSV, JSONL or Parquet.
        task: sentiment, toxicity or emotion.
        columns: Names of its columns.
        language: Of its rows, where no column says it.
    """

    path: Path
    task: str
    columns: Columns = field(default_factory=Columns)
    language: str = "und"

    def facts(self) -> dict[str, Any]:
        """Return all that a run depends on, as JSON can say it.

        Raises:
            CatalogueFileMissingError: There is no such file.
            CorruptDataError: It can't be read.
        """
        return {
            "file": self.path.name,
            "sha256": sha256_of(self.path, "adapting a teacher"),
            "task": self.task,
            "columns": asdict(self.columns),
            "language": self.language,
        }


def own_material(file: OwnFile, work: Path, seed: int, catalogue: Catalogue | None = None) -> Material:
    """Prepare the rows of a file, or read them from the work folder where an earlier run left them.

    They are cleaned, and what repeats or contradicts itself is dropped; every eighth is held back as a dev
    row, unless the file has a column that says which are.

    Args:
        file: The file.
        work: Folder of the run.
        seed: Of every random choice.
        catalogue: Data whose test splits the rows must not stand in; None to check nothing.

    Raises:
        CatalogueError: The file can't be read, or holds a label that means nothing.
        PrepareError: It has one class only, or nothing is left of it.
        AdaptRowsError: Too little is left of it.
        WorkFileError: A file of the work folder is broken.
    """
    paths, report = (work / "train.parquet", work / "dev.parquet"), work / "prepared.json"
    if not all(path.exists() for path in (report, *paths)):
        dataset = own_dataset(
            file.path, file.task, file.columns, name=f"{_NAME}_{file.path.stem}", language=file.language
        )
        if not dataset.rows.get("train"):
            raise AdaptRowsError(file.path, 0, dataset.rows.get("dev", 0), LEAST)
        whole = (catalogue or Catalogue(file.path.parent, {}, {})).with_datasets([dataset])
        config = PrepareConfig.from_dict({"datasets": [dataset.name], "dev": _DEV})
        found = prepare_rows(whole, config, ALL_LICENCES, None, (file.task,), seed)
        logger.info("%s", found.report)
        if len(found.train) < LEAST[0] or len(found.dev) < LEAST[1]:
            raise AdaptRowsError(file.path, len(found.train), len(found.dev), LEAST)
        save_examples(paths[0], found.train)
        save_examples(paths[1], found.dev)
        replace_file(report, json.dumps(found.report.to_dict(), ensure_ascii=False, indent=1).encode())
    return Material(load_examples(paths[0]), load_examples(paths[1]), _told(report))


def _told(path: Path) -> Mapping[str, Any]:
    try:
        told: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise WorkFileError(path, str(error)) from error
    return told
