"""The language files: rows of many sources, each with a licence of its own."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgewise_cloud.catalogue.errors import CatalogueFileMissingError, CorruptDataError, EmptySplitError
from edgewise_cloud.catalogue.facts import Facts
from edgewise_cloud.catalogue.hashes import demand_sha256
from edgewise_cloud.catalogue.licences import SHIPPABLE
from edgewise_cloud.catalogue.parquet import read_columns


@dataclass(frozen=True, slots=True)
class LanguageRows:
    """Rows of a language file; `domains` and `variants` are empty strings where the file does not say."""

    texts: list[str]
    langs: list[str]
    splits: list[str]
    sources: list[str]
    domains: list[str]
    variants: list[str]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.texts)


def source_classes(path: Path) -> dict[str, str]:
    """Return licence class by "owner/repo", read from sources.json.

    Raises:
        CatalogueFileMissingError: there is no such file.
        CorruptDataError: it is not the expected JSON.
    """
    if not path.is_file():
        raise CatalogueFileMissingError(path, "the licence filter of the language files")
    try:
        return {
            repo: str(entry["class"]) for repo, entry in json.loads(path.read_text(encoding="utf-8")).items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptDataError(path, f"not a map of sources with a class each ({error})") from error


@dataclass(frozen=True, slots=True)
class LanguageFile:
    """A file of language/: langid, rawtext or codemix.

    Attributes:
        name: "language/langid".
        path: The Parquet file; sources.json lies beside it.
        rows: Rows per split, before the licence filter.
        languages: Rows per language, before the licence filter.
        facts: Its sha256.
    """

    name: str
    path: Path
    licence: str
    licence_class: str
    rows: Mapping[str, int] = field(repr=False)
    languages: Mapping[str, int] = field(repr=False)
    facts: Facts = field(default_factory=Facts, repr=False)

    def load(self, split: str | None = None, licences: Iterable[str] = SHIPPABLE) -> LanguageRows:
        """Read the rows of a split whose source's licence class is allowed.

        A source that sources.json does not know is left out.

        Args:
            split: train, dev, test, or None for all; a file without splits is all "train".
            licences: Allowed classes.

        Raises:
            CatalogueFileMissingError: the file or sources.json is not there.
            CorruptDataError: one of them cannot be read.
            DataHashError: it is not the file that the catalogue describes.
            EmptySplitError: no row is left.
        """
        demand_sha256(self.path, self.facts.sha256, self.name)
        classes = source_classes(self.path.with_name("sources.json"))
        wanted = frozenset(licences)
        allowed = {repo for repo, kind in classes.items() if kind in wanted}
        columns = read_columns(
            self.path, ("text", "lang", "split", "source", "domain", "variant"), self.name, split, allowed
        )
        if "lang" not in columns or "source" not in columns:
            raise CorruptDataError(self.path, "it has no column 'lang' or no column 'source'")
        texts = columns["text"]
        if not texts or ("split" not in columns and split not in (None, "train")):
            raise EmptySplitError(self.name, split, self.rows, wanted)

        def column(name: str, otherwise: str) -> list[str]:
            values = columns.get(name)
            return [otherwise] * len(texts) if values is None else [value or otherwise for value in values]

        return LanguageRows(
            texts=texts,
            langs=columns["lang"],
            splits=column("split", "train"),
            sources=columns["source"],
            domains=column("domain", ""),
            variants=column("variant", ""),
        )
