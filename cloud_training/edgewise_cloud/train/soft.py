"""What a teacher says of the training rows, and of raw lines beside them."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.labels import LABELS
from edgewise_cloud.catalogue import Examples
from edgewise_cloud.teacher.answers import Ensemble
from edgewise_cloud.teacher.errors import TeacherFolderError
from edgewise_cloud.teacher.saved import FACTS, Teacher
from edgewise_cloud.train.work_folder import WorkFileError

logger = logging.getLogger(__name__)

TASKS = ("sentiment", "toxicity", "emotion")
WIDTH = sum(len(LABELS[task]) for task in TASKS)
RAW_SET = "raw/en"
_CHUNK = 20_000
_ENGLISH = "en"


def soft_labels(
    folders: tuple[str, ...], examples: Examples, work: Path, most: int, seed: int
) -> NDArray[np.float16]:
    """Ask teachers about English rows; a killed run goes on where it was.

    Args:
        folders: Of the teachers; of several the probabilities are averaged.
        examples: n rows, of which the English ones are asked about.
        work: Folder for soft.npy, which a rerun reads.
        most: Rows that are asked about at most; see `spread_rows`.
        seed: Of their choice.

    Returns:
        float16 [n, 18], the probabilities of sentiment, toxicity and emotion one after another; NaN for rows
        that were not asked about, and for tasks that no teacher has.

    Raises:
        TeacherError: A teacher can't be read.
        WorkFileError: soft.npy is of other rows.
    """
    path = work / "soft.npy"
    if path.exists():
        values: NDArray[np.float16] = np.load(path)
        if values.shape != (len(examples), WIDTH):
            raise WorkFileError(path, f"it has the shape {values.shape}, not {(len(examples), WIDTH)}")
    else:
        values = np.full((len(examples), WIDTH), np.nan, np.float16)
    chosen = spread_rows(examples, most, seed)
    todo = [int(row) for row in chosen if np.isnan(values[row]).all()]
    if not todo:
        return values
    teachers = Ensemble([Teacher.load(Path(folder)) for folder in folders])
    untold = untold_attributes(teachers.tasks)
    for first in range(0, len(todo), _CHUNK):
        rows = todo[first : first + _CHUNK]
        found = teachers.probabilities([examples.texts[row] for row in rows])
        said = _joined(found, len(rows))
        said[:, untold] = np.nan
        values[rows] = said
        part = path.with_suffix(".part.npy")
        np.save(part, values)
        part.replace(path)
        logger.info("%s: asked about %d of %d rows", teachers.name, first + len(rows), len(todo))
    return values


def untold_attributes(tasks: Mapping[str, Mapping[str, Any]]) -> list[int]:
    """Return the columns of attributes that no row told the teacher of: what it says of them is noise.

    Those are the labels of toxicity for which calibration found too few dev rows to choose a threshold.
    """
    thresholds = tasks.get("toxicity", {}).get("thresholds", {})
    begin = len(LABELS["sentiment"])
    return [begin + place for place, name in enumerate(LABELS["toxicity"]) if name not in thresholds]


def name_of(folder: str) -> str:
    """Return the name of a teacher.

    Raises:
        TeacherFolderError: There is none in the folder.
    """
    path = Path(folder)
    try:
        return str(json.loads((path / FACTS).read_text(encoding="utf-8"))["name"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TeacherFolderError(path, f"{FACTS} can't be read ({error})") from error


def spread_rows(examples: Examples, most: int, seed: int) -> NDArray[np.int64]:
    """Choose at most `most` English rows, in order: small sets whole, of all larger ones equally many."""
    places: dict[str, list[int]] = {}
    for row, (name, code) in enumerate(zip(examples.datasets, examples.langs, strict=True)):
        if code == _ENGLISH:
            places.setdefault(name, []).append(row)
    rng = np.random.default_rng(seed)
    chosen: list[int] = []
    by_size = sorted(places.items(), key=lambda item: (len(item[1]), item[0]))
    for number, (_, rows) in enumerate(by_size):
        share = (most - len(chosen)) // (len(by_size) - number)
        chosen.extend(int(row) for row in rng.permutation(rows)[:share])
    return np.sort(np.array(chosen, np.int64))


def _joined(found: dict[str, NDArray[np.float32]], rows: int) -> NDArray[np.float16]:
    blank = {task: np.full((rows, len(LABELS[task])), np.nan, np.float32) for task in TASKS}
    return np.concatenate([found.get(task, blank[task]) for task in TASKS], axis=1).astype(np.float16)
