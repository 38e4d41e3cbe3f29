"""What a packed bundle says of attributes that no set of the languages at hand annotates."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.bundle import Bundle, read_manifest
from edgewise.labels import LABELS
from edgewise_cloud.catalogue import Examples
from edgewise_cloud.teacher.bundles import answers_of, open_models
from edgewise_cloud.train.soft import WIDTH
from edgewise_cloud.train.student_data import MADE

logger = logging.getLogger(__name__)

_TASK = "toxicity"
_BEGIN = len(LABELS["sentiment"])


def unannotated(examples: Examples, least: int = 50) -> tuple[str, ...]:
    """Return the attributes that fewer than `least` rows say yes to, or fewer than that say no to.

    Made rows don't count: the few that they are teach no attribute.
    """
    toxicity = examples.toxicity[_not_made(examples)]
    yes = (toxicity > 0.5).sum(axis=0)
    no = (toxicity < 0.5).sum(axis=0)
    return tuple(name for place, name in enumerate(LABELS[_TASK]) if min(yes[place], no[place]) < least)


def attribute_labels(
    folder: Path, examples: Examples, names: Iterable[str], soft: NDArray[np.float16] | None
) -> NDArray[np.float16]:
    """Fill in what the default model of a bundle says of attributes, as a teacher of these alone.

    Args:
        folder: Of the bundle. Its default model is asked, whatever route the language has.
        examples: n normalised rows.
        names: Attributes.
        soft: float16 [n, 18] as `soft_labels` returns it; None: no teacher was asked.

    Returns:
        A copy of `soft`; only rows are filled that a teacher was asked about, or all but made ones where
        none was.

    Raises:
        BundleError: The bundle can't be read.
        BackendError: Its model can't be loaded.
    """
    columns = [LABELS[_TASK].index(name) for name in names]
    if soft is None:
        filled = np.full((len(examples), WIDTH), np.nan, np.float16)
        rows = np.flatnonzero(_not_made(examples))
    else:
        filled = soft.copy()
        rows = np.flatnonzero(~np.isnan(soft).all(axis=1))
    bundle = Bundle.open(folder)
    models = open_models(bundle)
    encoder = models.encoder(bundle.manifest.routes.default)
    said = answers_of(encoder, [examples.texts[row] for row in rows], (_TASK,))[_TASK]
    models.close()
    for column in columns:
        filled[rows, _BEGIN + column] = said[:, column]
    logger.info("%s: %d rows, %s", bundle.manifest.name, len(rows), ", ".join(names))
    return filled


def _not_made(examples: Examples) -> NDArray[np.bool_]:
    return np.array([not name.startswith(MADE) for name in examples.datasets], np.bool_)


def taken_thresholds(folder: Path, names: Iterable[str]) -> dict[str, Any]:
    """Return the thresholds of attributes in the default model of a bundle, for the manifest of another.

    Its precision and recall are left out: they were measured with its own answers.

    Raises:
        BundleError: The bundle can't be read.
    """
    manifest = read_manifest(folder).raw
    model = manifest["models"][manifest["routes"]["default"]]
    thresholds = model["tasks"][_TASK]["thresholds"]
    return {name: {"value": thresholds[name]["value"]} for name in names if name in thresholds}
