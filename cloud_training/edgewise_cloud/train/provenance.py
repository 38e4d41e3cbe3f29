"""Where training rows come from, as the manifest says it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from edgewise_cloud.catalogue import Catalogue, Examples
from edgewise_cloud.train.made import MADE_SOURCES
from edgewise_cloud.train.unlabelled import SOURCES


def sources_of(catalogue: Catalogue, train_rows: Examples, licences: Iterable[str]) -> list[dict[str, Any]]:
    """Return the provenance of the training rows."""
    counts = Counter(train_rows.datasets)
    labelled = [
        {
            "name": dataset.title,
            "file": dataset.name,
            "licence": dataset.licence,
            "licence_class": dataset.licence_class,
            "rows": counts[dataset.name],
        }
        for dataset in catalogue.datasets(split="train", licences=licences)
    ]
    others = {**MADE_SOURCES, **SOURCES}
    return labelled + [{**source, "rows": counts[name]} for name, source in others.items() if counts[name]]
