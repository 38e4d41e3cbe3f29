"""The catalogue's dev splits as labelled texts that `edgewise convert` judges with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edgewise.labels import LABELS
from edgewise_cloud.catalogue import SHIPPABLE, Examples, load_catalogue
from edgewise_converters.texts import DevText

INDEX = "catalogue.json"
_SURE = 0.99


def catalogue_texts(folder: Path) -> Iterator[DevText] | None:
    """Return the labelled texts of all dev splits; None when the folder holds no catalogue.

    Raises:
        CatalogueError: The data can't be read.
    """
    if not (folder / INDEX).is_file():
        return None
    catalogue = load_catalogue(folder)
    return (
        text
        for dataset in catalogue.datasets(split="dev", licences=SHIPPABLE)
        for text in labelled_texts(dataset.examples("dev"))
    )


def labelled_texts(examples: Examples) -> Iterator[DevText]:
    """Yield each row with what its set says; what it does not say is left out."""
    for row, text in enumerate(examples.texts):
        labels: dict[str, str | dict[str, float]] = {}
        if examples.sentiment[row] >= 0:
            labels["sentiment"] = LABELS["sentiment"][int(examples.sentiment[row])]
        felt = np.nan_to_num(examples.emotion[row])
        if felt.max() > _SURE:
            labels["emotion"] = LABELS["emotion"][int(felt.argmax())]
        toxic = zip(LABELS["toxicity"], examples.toxicity[row].tolist(), strict=True)
        if known := {label: value for label, value in toxic if not np.isnan(value)}:
            labels["toxicity"] = known
        yield DevText(text, examples.langs[row], labels)
