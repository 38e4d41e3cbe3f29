"""Train an n-gram teacher: a model for each language that has rows, one of all for those that have none."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.labels import LABELS
from edgewise_cloud.catalogue import SHIPPABLE, Catalogue, Examples
from edgewise_cloud.ngrams.fit import TASKS, LinearModel, NgramRecipe, fit_language
from edgewise_cloud.ngrams.teacher import KIND, POOLED, NgramTeacher
from edgewise_cloud.prepare.errors import NothingToTrainError
from edgewise_cloud.train.calibrate import calibrate
from edgewise_cloud.train.rows import labelled_rows
from edgewise_cloud.train.work_folder import claim
from edgewise_runtimes.threads import available_threads

logger = logging.getLogger(__name__)

_ENGLISH, _ENGLISH_TIMES, _ENGLISH_FEATURES = "en", 5, 3
_LEAST_ROWS = 100
_FEATURES_A_ROW = 8


def spread(examples: Examples, rows: NDArray[np.int64], most: int, rng: np.random.Generator) -> NDArray[Any]:
    """Choose at most so many of the rows: small sets whole, of all larger ones equally many."""
    sets = np.array(examples.datasets)[rows]
    names, sizes = np.unique(sets, return_counts=True)
    chosen: list[NDArray[np.int64]] = []
    left = most
    for number, place in enumerate(np.argsort(sizes, kind="stable")):
        share = left // (len(names) - number)
        own = rng.permutation(rows[sets == names[place]])[:share]
        left -= len(own)
        chosen.append(own)
    return np.sort(np.concatenate(chosen))


def fit_all(examples: Examples, recipe: NgramRecipe) -> dict[str, LinearModel]:
    """Fit every language that has rows, and the pooled model.

    Args:
        examples: Normalised rows of all tasks.
        recipe: How.

    Returns:
        Models by language; `POOLED` is of all together.

    Raises:
        NothingToTrainError: No language has enough rows.
    """
    rng = np.random.default_rng(recipe.seed)
    languages = np.array(examples.langs)
    chosen: dict[str, NDArray[np.int64]] = {}
    together: list[NDArray[np.int64]] = []
    for language in sorted(set(examples.langs)):
        rows = np.flatnonzero(languages == language)
        together.append(spread(examples, rows, recipe.pooled, rng))
        if len(rows) < _LEAST_ROWS:
            continue
        most = recipe.most * (_ENGLISH_TIMES if language == _ENGLISH else 1)
        chosen[language] = spread(examples, rows, most, rng)
    if not together:
        raise NothingToTrainError("train", [])
    chosen[POOLED] = np.concatenate(together)

    def fit(language: str) -> LinearModel | None:
        most = recipe.features
        if most is not None:
            most *= _ENGLISH_FEATURES if language in (_ENGLISH, POOLED) else 1
            most = min(most, _FEATURES_A_ROW * len(chosen[language]))
        model = fit_language(examples.take(chosen[language]), recipe, most)
        logger.info(
            "%s: %d rows, %s", language, len(chosen[language]), ", ".join(model.weights if model else ())
        )
        return model

    # Threads do: while one counts, another solves, which lets go of the interpreter. The longest go first.
    order = sorted(chosen, key=lambda language: -len(chosen[language]))
    with ThreadPoolExecutor(available_threads()) as pool:
        fitted = dict(zip(order, pool.map(fit, order), strict=True))
    if fitted[POOLED] is None:
        raise NothingToTrainError("train", [])
    return {language: model for language in chosen if (model := fitted[language]) is not None}


def named(prepared: Path | None) -> dict[str, str]:
    """Return what a work folder's settings say of prepared rows; nothing where there are none."""
    return {} if prepared is None else {"prepared": str(prepared)}


def train_ngrams(
    catalogue: Catalogue,
    work: Path,
    recipe: NgramRecipe | None = None,
    licences: Iterable[str] = SHIPPABLE,
    limit: int | None = None,
    prepared: Path | None = None,
) -> NgramTeacher:
    """Train and calibrate an n-gram teacher.

    Args:
        catalogue: The data.
        work: Folder of this run: rows, and at the end `teacher/`.
        recipe: How.
        licences: Licence classes that may be trained on.
        limit: Rows of each set at most, None for all.
        prepared: Folder of rows to take instead, see `labelled_rows`.

    Raises:
        CatalogueError: The data can't be had.
        WorkFolderError: The folder holds another run.
        CheckpointWriteError: The teacher can't be written.
    """
    recipe, licences = recipe or NgramRecipe(), frozenset(licences)
    claim(work, {"ngrams": asdict(recipe), "licences": sorted(licences), "limit": limit, **named(prepared)})
    rows, dev = labelled_rows(catalogue, licences, limit, recipe.seed, work, prepared)
    found = NgramTeacher("ngrams", fit_all(rows, recipe), {}, {})
    logits = found.logits_of(dev.texts, dev.langs)
    names, counts = np.unique(np.array(rows.datasets), return_counts=True)
    facts: dict[str, Any] = {
        "kind": KIND,
        "name": "ngrams",
        "recipe": asdict(recipe),
        "licences": sorted(licences),
        "rows": {str(name): int(count) for name, count in zip(names, counts, strict=True)},
        "labels": {task: list(LABELS[task]) for task in TASKS},
        "tasks": calibrate(dev, logits),
    }
    teacher = NgramTeacher("ngrams", found.models, facts["tasks"], facts)
    teacher.save(work / "teacher")
    return teacher
