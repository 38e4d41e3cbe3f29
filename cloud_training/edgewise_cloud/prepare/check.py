"""Whether the data are what the catalogue says: hashes, columns, counts, labels, classes, leaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from edgewise_cloud.catalogue import Catalogue, CatalogueError, Dataset, Examples
from edgewise_cloud.catalogue.hashes import demand_sha256
from edgewise_cloud.prepare.errors import OneClassError
from edgewise_cloud.prepare.held_out import HeldOut, held_out
from edgewise_cloud.prepare.load import demand_two_classes
from edgewise_cloud.train.texts import normalize_all


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a set.

    Attributes:
        dataset: Its name.
        kind: file, rows, classes, leak or hash.
        text: What is so.
        fault: Whether it must be mended; other findings are remarks, which data preparation deals with.
    """

    dataset: str
    kind: str
    text: str
    fault: bool


def check_sets(
    catalogue: Catalogue,
    sets: Iterable[Dataset],
    *,
    leaks: bool = True,
    notice: Callable[[str], None] = lambda _: None,
) -> list[Finding]:
    """Check some sets.

    Args:
        catalogue: Whose test splits no training or dev text may stand in.
        sets: Which sets to check.
        leaks: Look for such texts, too; it takes the longest.
        notice: Called with a line for each set before it is read.

    Returns:
        What was found; nothing if all is well.

    Raises:
        CatalogueError: With `leaks`: a test split can't be read, be it of a set that is not checked.
    """
    held = held_out(catalogue) if leaks else None
    found: list[Finding] = []
    for dataset in sets:
        notice(dataset.name)
        found += _check(dataset, held)
    return found


def _check(dataset: Dataset, held: HeldOut | None) -> list[Finding]:
    found = []
    if dataset.facts.sha256 is None:
        found.append(Finding(dataset.name, "hash", "no sha256 is known of it", fault=False))
    try:
        demand_sha256(dataset.path, dataset.facts.sha256, dataset.name)
        counts = Counter(dataset.load(None).splits)
        if dict(counts) != {split: n for split, n in dataset.rows.items() if n}:
            text = f"it has {_counts(counts)}; the catalogue says {_counts(Counter(dataset.rows))}"
            found.append(Finding(dataset.name, "rows", text, fault=True))
        for split in counts:
            found += _check_split(dataset, split, dataset.examples(split), held)
    except CatalogueError as error:
        found.append(Finding(dataset.name, "file", str(error), fault=True))
    return found


def _check_split(dataset: Dataset, split: str, examples: Examples, held: HeldOut | None) -> list[Finding]:
    found = []
    if split == "train":
        try:
            demand_two_classes(dataset.name, examples)
        except OneClassError as error:
            text = f"all {error.rows} training rows say {error.label!r}"
            found.append(Finding(dataset.name, "classes", text, fault=False))
    if split != "test" and held is not None:
        places = Counter(name for text in normalize_all(examples.texts) for name in held.standing(text))
        if places:
            most = ", ".join(f"{n} in {name}" for name, n in places.most_common(3))
            text = f"{split} texts stand in test splits: {most}"
            found.append(Finding(dataset.name, "leak", text, fault=False))
    return found


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{split} {n}" for split, n in sorted(counts.items())) or "no rows"
