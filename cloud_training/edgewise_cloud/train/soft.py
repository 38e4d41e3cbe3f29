"""What a teacher says of the training rows, and of raw lines beside them."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.labels import LABELS
from edgewise_cloud.catalogue import Examples
from edgewise_cloud.teacher.errors import TeacherFolderError
from edgewise_cloud.teacher.opening import AnyTeacher, open_teacher
from edgewise_cloud.teacher.saved import FACTS
from edgewise_cloud.train.student_data import MADE
from edgewise_cloud.train.work_folder import WorkFileError

logger = logging.getLogger(__name__)

TASKS = ("sentiment", "toxicity", "emotion")
WIDTH = sum(len(LABELS[task]) for task in TASKS)
UNLABELLED = "raw/"
"""How the names of sets begin that nobody labelled."""

_CHUNK = 20_000
_ENGLISH = "en"


def soft_labels(
    folders: tuple[str, ...], asked: Examples, work: Path, most: int, seed: int
) -> NDArray[np.float16]:
    """Ask teachers about rows, each about what it knows; a killed run goes on where it was.

    Args:
        folders: Of the teachers; where several know of a row, their probabilities are averaged.
        asked: n rows: what they are asked about. Of a translation that is the text that it was made from.
            Made rows are not asked about: they are there because teachers err about them.
        work: Folder for soft.npy, which a rerun reads.
        most: English rows that are asked about at most; see `spread_rows`.
        seed: Of their choice.

    Returns:
        float16 [n, 18], the probabilities of sentiment, toxicity and emotion one after another; NaN for rows
        that were not asked about, and for tasks that no teacher has in the row's language.

    Raises:
        TeacherError: A teacher can't be read.
        WorkFileError: soft.npy is of other rows.
    """
    path = work / "soft.npy"
    if path.exists():
        values: NDArray[np.float16] = np.load(path)
        if values.shape != (len(asked), WIDTH):
            raise WorkFileError(path, f"it has the shape {values.shape}, not {(len(asked), WIDTH)}")
    else:
        values = np.full((len(asked), WIDTH), np.nan, np.float16)
    teachers = [open_teacher(Path(folder)) for folder in folders]
    told = {
        code
        for code in set(asked.langs)
        if any(each.knows(code, task) for each in teachers for task in TASKS)
    }
    others = [
        row
        for row, (code, name) in enumerate(zip(asked.langs, asked.datasets, strict=True))
        if (code != _ENGLISH or name.startswith(UNLABELLED)) and code in told and not name.startswith(MADE)
    ]
    chosen = [*spread_rows(asked, most, seed).tolist(), *others]
    todo = [row for row in chosen if np.isnan(values[row]).all()]
    for first in range(0, len(todo), _CHUNK):
        rows = todo[first : first + _CHUNK]
        texts, codes = [asked.texts[row] for row in rows], [asked.langs[row] for row in rows]
        values[rows] = mean_of(teachers, texts, codes)
        part = path.with_suffix(".part.npy")
        np.save(part, values)
        part.replace(path)
        logger.info("asked about %d of %d rows", first + len(rows), len(todo))
    return values


def mean_of(
    teachers: Sequence[AnyTeacher], texts: Sequence[str], codes: Sequence[str]
) -> NDArray[np.float32]:
    """Return the mean of what those teachers say of each text that know its language.

    Args:
        teachers: Of any kind.
        texts: n texts.
        codes: Their languages.

    Returns:
        float32 [n, 18]; NaN where none knows.
    """
    total, count = np.zeros((len(texts), WIDTH), np.float32), np.zeros((len(texts), WIDTH), np.float32)
    for teacher in teachers:
        known = {task: np.array([teacher.knows(code, task) for code in codes]) for task in TASKS}
        rows = np.flatnonzero(np.any(list(known.values()), axis=0)).tolist()
        if not rows:
            continue
        found = teacher.probabilities([texts[row] for row in rows], [codes[row] for row in rows])
        said = np.full((len(texts), WIDTH), np.nan, np.float32)
        said[rows] = _joined(found, len(rows))
        said[:, untold_attributes(teacher.tasks)] = np.nan
        first = 0
        for task in TASKS:
            said[~known[task], first : first + len(LABELS[task])] = np.nan
            first += len(LABELS[task])
        total += np.nan_to_num(said)
        count += ~np.isnan(said)
    return np.where(count > 0, total / np.maximum(count, 1.0), np.nan).astype(np.float32)


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
    """Choose at most `most` labelled English rows, in order: small sets whole, larger ones alike."""
    places: dict[str, list[int]] = {}
    for row, (name, code) in enumerate(zip(examples.datasets, examples.langs, strict=True)):
        if code == _ENGLISH and not name.startswith((UNLABELLED, MADE)):
            places.setdefault(name, []).append(row)
    rng = np.random.default_rng(seed)
    chosen: list[int] = []
    by_size = sorted(places.items(), key=lambda item: (len(item[1]), item[0]))
    for number, (_, rows) in enumerate(by_size):
        share = (most - len(chosen)) // (len(by_size) - number)
        chosen.extend(int(row) for row in rng.permutation(rows)[:share])
    return np.sort(np.array(chosen, np.int64))


def _joined(found: Mapping[str, NDArray[np.float32]], rows: int) -> NDArray[np.float32]:
    blank = {task: np.full((rows, len(LABELS[task])), np.nan, np.float32) for task in TASKS}
    return np.concatenate([found.get(task, blank[task]) for task in TASKS], axis=1)
