"""The catalogue of data sets: which there are, under which licence, and how to open one."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from edgewise_cloud.catalogue.dataset import Dataset
from edgewise_cloud.catalogue.errors import (
    CatalogueError,
    CatalogueFileMissingError,
    CorruptDataError,
    LicenceRefusedError,
    UnknownDatasetError,
)
from edgewise_cloud.catalogue.facts import Facts, facts_of
from edgewise_cloud.catalogue.language import LanguageFile
from edgewise_cloud.catalogue.licences import SHIPPABLE, allows, demand_known
from edgewise_cloud.catalogue.schemes import Schemes, packaged_schemes


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every file under a data folder."""

    root: Path
    labelled: Mapping[str, Dataset] = field(repr=False)
    language_files: Mapping[str, LanguageFile] = field(repr=False)

    def __len__(self) -> int:
        """Return the number of files."""
        return len(self.labelled) + len(self.language_files)

    def datasets(
        self,
        task: str | None = None,
        *,
        licences: Iterable[str] = SHIPPABLE,
        tiers: Iterable[str] = ("main", "aux", "weak"),
        split: str | None = None,
    ) -> list[Dataset]:
        """Return the labelled sets whose licence class is allowed, sorted by name.

        Args:
            task: sentiment, toxicity or emotion; None for all three.
            licences: Allowed licence classes; the default is what a shipped model may be trained on.
            tiers: Allowed tiers; `aux` toxicity sets have definitions of their own, `weak` ones poor labels.
            split: Keep only sets which have rows in this split.
        """
        allowed, wanted = frozenset(licences), frozenset(tiers)
        return [
            dataset
            for _, dataset in sorted(self.labelled.items())
            if task in (None, dataset.task)
            and dataset.tier in wanted
            and allows(dataset.licence_class, allowed)
            and (split is None or dataset.rows.get(split, 0) > 0)
        ]

    def dataset(self, name: str, *, licences: Iterable[str] = SHIPPABLE) -> Dataset:
        """Return a labelled set by name ("toxicity/en_olid"), or by file stem where only one task has it.

        Raises:
            UnknownDatasetError: there is none of that name.
            LicenceRefusedError: its licence class is not allowed.
        """
        matches = [d for key, d in self.labelled.items() if name in (key, d.stem)]
        if len(matches) != 1:
            raise UnknownDatasetError(name, self.labelled)
        if not allows(matches[0].licence_class, licences):
            raise LicenceRefusedError(matches[0].name, matches[0].licence_class, licences)
        return matches[0]

    def language(self, name: str) -> LanguageFile:
        """Return a language file by name: "langid", "rawtext" or "codemix".

        Raises:
            UnknownDatasetError: there is none of that name.
        """
        found = self.language_files.get(name if "/" in name else f"language/{name}")
        if found is None:
            raise UnknownDatasetError(name, self.language_files)
        return found

    def with_datasets(self, datasets: Iterable[Dataset]) -> "Catalogue":
        """Return the catalogue with further sets; one of a known name replaces it."""
        return replace(self, labelled={**self.labelled, **{dataset.name: dataset for dataset in datasets}})


def load_catalogue(root: Path, schemes: Schemes | None = None) -> Catalogue:
    """Read root/catalogue.json.

    Args:
        root: The data folder.
        schemes: What labels mean; by default the package's own schemes.json.

    Raises:
        CatalogueFileMissingError: there is no catalogue.json.
        CorruptDataError: it is not a list of entries of the known form.
        UnknownLicenceError: an entry has a licence class that does not exist.
    """
    path = root / "catalogue.json"
    if not path.is_file():
        raise CatalogueFileMissingError(path, "every command that reads data")
    labelled: dict[str, Dataset] = {}
    language: dict[str, LanguageFile] = {}
    try:
        for entry in json.loads(path.read_text(encoding="utf-8")):
            demand_known([entry["licence_class"]], f"{path}, {entry['file']}")
            if entry["task"] == "language":
                file = _language_file(root, entry)
                language[file.name] = file
            else:
                dataset = _dataset(root, entry, schemes or packaged_schemes())
                labelled[dataset.name] = dataset
    except CatalogueError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptDataError(path, f"not a list of data set entries ({error!r})") from error
    return Catalogue(root, labelled, language)


def _language_file(root: Path, entry: Mapping[str, Any]) -> LanguageFile:
    path = root / entry["file"]
    return LanguageFile(
        name=f"language/{path.stem}",
        path=path,
        licence=entry["licence"],
        licence_class=entry["licence_class"],
        rows=dict(entry["rows"]),
        languages=dict(entry["languages"]),
        facts=_facts(entry, path.stem),
    )


def _facts(entry: Mapping[str, Any], stem: str) -> Facts:
    """Return what is known; a hash in catalogue.json goes before ours."""
    found = facts_of(entry["task"], stem, entry["name"], sum(entry["rows"].values()))
    return replace(found, sha256=str(entry["sha256"])) if entry.get("sha256") else found


def _dataset(root: Path, entry: Mapping[str, Any], schemes: Schemes) -> Dataset:
    path = root / entry["file"]
    return Dataset(
        name=f"{entry['task']}/{path.stem}",
        task=entry["task"],
        path=path,
        title=entry["name"],
        licence=entry["licence"],
        licence_class=entry["licence_class"],
        tier=entry["tier"],
        rows=dict(entry["rows"]),
        languages=dict(entry["languages"]),
        schemes=schemes,
        facts=_facts(entry, path.stem),
    )
