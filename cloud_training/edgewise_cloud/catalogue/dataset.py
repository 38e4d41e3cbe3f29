"""One labelled data set of the catalogue."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from edgewise_cloud.catalogue.errors import CorruptDataError, EmptySplitError, UnknownSchemeError
from edgewise_cloud.catalogue.examples import (
    Examples,
    emotion_examples,
    sentiment_examples,
    toxicity_examples,
)
from edgewise_cloud.catalogue.facts import Facts
from edgewise_cloud.catalogue.hashes import demand_sha256
from edgewise_cloud.catalogue.parquet import read_columns
from edgewise_cloud.catalogue.rows import Rows
from edgewise_cloud.catalogue.schemes import EmotionScheme, Scheme, Schemes, SentimentScheme

_COLUMNS = ("text", "label", "labels", "native_label", "native_labels", "lang", "split", "source")
_WIDE = r"[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]"
_BLANK_BESIDE_JAPANESE = re.compile(f"(?<={_WIDE}) | (?={_WIDE})")


class RowSource(Protocol):
    """Where the rows of a set come from, if not from a Parquet file of the usual columns."""

    def read(self, split: str | None) -> Rows:
        """Return the rows of a split, or all (None), with canonical labels; none is no error."""
        ...


@dataclass(frozen=True, slots=True)
class Dataset:
    """A file of the catalogue: what is known of it, and its rows on demand.

    Attributes:
        name: Task and file stem, "toxicity/en_olid"; the folders `aux` and `weak` are no part of it.
        task: sentiment, toxicity or emotion.
        path: The Parquet file.
        title: Name and paper.
        licence: As stated by the source.
        licence_class: One of licences.ALL_LICENCES, or "mixed".
        tier: main, aux or weak.
        rows: Rows per split.
        languages: Rows per language.
        schemes: What labels mean.
        facts: Paper, citation, place, sha256.
        source: Gives the rows where they are not in a Parquet file of the usual columns.
    """

    name: str
    task: str
    path: Path
    title: str
    licence: str
    licence_class: str
    tier: str
    rows: Mapping[str, int]
    languages: Mapping[str, int]
    schemes: Schemes = field(repr=False)
    facts: Facts = field(default_factory=Facts, repr=False)
    source: RowSource | None = field(default=None, repr=False)

    @property
    def stem(self) -> str:
        """The name without the task."""
        return self.name.partition("/")[2]

    @property
    def scheme(self) -> Scheme:
        """What the set's labels mean.

        Raises:
            UnknownSchemeError: schemes.json says nothing about the set.
        """
        found = self.schemes.by_task.get(self.task, {}).get(self.stem)
        if found is None:
            raise UnknownSchemeError(self.name)
        return found

    def load(self, split: str | None = None) -> Rows:
        """Read the rows of a split ("train", "dev", "test"), or all of them (None).

        Raises:
            CatalogueFileMissingError: the file is not there.
            CorruptDataError: it is not Parquet, or a column is missing.
            DataHashError: it is not the file that the catalogue describes.
            EmptySplitError: no row belongs to the split.
            CatalogueError: what the source of its rows raises.
        """
        demand_sha256(self.path, self.facts.sha256, self.name)
        if self.source is not None:
            return self._not_empty(self.source.read(split), split)
        columns = read_columns(self.path, _COLUMNS, self.name, split)
        missing = {"label", "lang", "split", "source"} - columns.keys()
        if missing:
            raise CorruptDataError(self.path, f"it has no column {sorted(missing)[0]!r}")
        texts = columns["text"]
        if isinstance(self.scheme, SentimentScheme) and self.scheme.join_blanks:
            texts = [_BLANK_BESIDE_JAPANESE.sub("", text) for text in texts]
        kinds = columns.get("labels") or [()] * len(texts)
        natives = columns.get("native_label") or ["|".join(x or ()) for x in columns.get("native_labels", ())]
        rows = Rows(
            texts=texts,
            langs=columns["lang"],
            labels=columns["label"],
            kinds=[tuple(kind or ()) for kind in kinds],
            natives=[native or "" for native in natives] or [""] * len(texts),
            splits=columns["split"],
            sources=columns["source"],
        )
        return self._not_empty(rows, split)

    def _not_empty(self, rows: Rows, split: str | None) -> Rows:
        if not len(rows):
            raise EmptySplitError(self.name, split, [name for name, n in self.rows.items() if n])
        return rows

    def examples(self, split: str | None = None) -> Examples:
        """Read a split as arrays for training or evaluation; see Examples for shapes and masks.

        Raises:
            UnknownDataLabelError: a row carries a label outside the set's scheme.
            CatalogueError: what load raises.
        """
        scheme = self.scheme
        rows = self.load(split)
        if isinstance(scheme, SentimentScheme):
            return sentiment_examples(rows, self.name, scheme)
        if isinstance(scheme, EmotionScheme):
            return emotion_examples(rows, self.name, scheme)
        return toxicity_examples(rows, self.name, scheme, self.schemes)
