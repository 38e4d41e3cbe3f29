"""Sets in plain files: CSV, TSV, JSONL or Parquet, with columns and labels of their own."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgewise.labels import LABELS, NON_TOXIC, TOXIC
from edgewise_cloud.catalogue.errors import CatalogueFileMissingError, CorruptDataError, UnknownDataLabelError
from edgewise_cloud.catalogue.rows import Rows

UNKNOWN_LANGUAGE = "und"
_YES_NO = {"1": TOXIC, "true": TOXIC, "yes": TOXIC, "0": NON_TOXIC, "false": NON_TOXIC, "no": NON_TOXIC}
_SEPARATOR = "|"


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the columns.

    Attributes:
        text: Of the texts.
        label: Of the labels: one, several joined with "|", or a list.
        language: Of the language codes; None if there is none.
        split: Of train, dev or test; None if there is none.
    """

    text: str = "text"
    label: str = "label"
    language: str | None = None
    split: str | None = None

    @property
    def named(self) -> list[str]:
        """The names that are not None."""
        return [name for name in (self.text, self.label, self.language, self.split) if name is not None]


@dataclass(frozen=True, slots=True)
class FileRows:
    """Rows of plain files, read on demand.

    Attributes:
        name: Of the set.
        task: sentiment, toxicity or emotion.
        files: Files by split; under "" one whose rows say their split, or are all "train".
        columns: Names of the columns.
        values: What native labels mean: a label of the task, for toxicity also a kind of abuse such as
            "insult", or None for rows to leave out. Labels of the task itself need no entry.
        language: Of all rows, where no column says it.
        kinds: Kinds of abuse that toxicity rows may name.
    """

    name: str
    task: str
    files: Mapping[str, tuple[Path, ...]]
    columns: Columns = field(default_factory=Columns)
    values: Mapping[str, str | None] = field(default_factory=dict)
    language: str = UNKNOWN_LANGUAGE
    kinds: tuple[str, ...] = ()

    def read(self, split: str | None = None) -> Rows:
        """Return the rows of a split; rows without a text or a label are left out.

        Raises:
            CatalogueFileMissingError: A file is not there.
            CorruptDataError: It can't be read, or lacks a column.
            UnknownDataLabelError: A label means nothing here.
        """
        rows = Rows.empty()
        for named, paths in self.files.items():
            if not named or split in (None, named):
                for path in paths:
                    self._add(rows, path, named, split)
        return rows

    def _add(self, rows: Rows, path: Path, named: str, split: str | None) -> None:
        for place, (text, label, language, told) in enumerate(read_cells(path, self.columns, self.name)):
            mine = named or (str(told).strip() if told else "train")
            mine = "dev" if mine in ("validation", "valid", "val") else mine
            natives = _natives(label)
            if not isinstance(text, str) or not text.strip() or natives is None or split not in (None, mine):
                continue
            found = self._meaning(natives)
            if found is None:
                continue
            rows.texts.append(text)
            rows.langs.append(str(language) if language else self.language)
            rows.labels.append(found[0])
            rows.kinds.append(found[1])
            rows.natives.append(_SEPARATOR.join(natives))
            rows.splits.append(mine)
            rows.sources.append(f"{path.name}:{place}")

    def _meaning(self, natives: list[str]) -> tuple[str | None, tuple[str, ...]] | None:
        """Return label and kinds; None for a row to leave out."""
        found: list[str] = []
        for native in natives:
            meant = self._one(native)
            if meant is None:
                return None
            found.append(meant)
        if self.task == "toxicity":
            kinds = tuple(label for label in found if label in self.kinds)
            return (TOXIC if kinds or TOXIC in found else NON_TOXIC), kinds
        distinct = tuple(dict.fromkeys(found))
        label = distinct[0] if len(distinct) == 1 else None
        return label, distinct if self.task == "emotion" else ()

    def _one(self, native: str) -> str | None:
        known = (TOXIC, NON_TOXIC, *self.kinds) if self.task == "toxicity" else LABELS[self.task]
        if native in self.values:
            return self.values[native]
        plain = native.casefold()
        if self.task == "toxicity":
            plain = _YES_NO.get(plain.removesuffix(".0"), plain)
        if plain not in known:
            raise UnknownDataLabelError(self.name, native, [*known, *self.values])
        return plain


def _natives(cell: Any) -> list[str] | None:
    """Return the labels of a cell as text; None if there is none."""
    if isinstance(cell, list | tuple):
        return [str(item).strip() for item in cell]
    if cell is None or not isinstance(cell, str | int | float) or not str(cell).strip():
        return None
    return [part.strip() for part in str(cell).split(_SEPARATOR)]


def read_cells(path: Path, columns: Columns, needed_for: str) -> Iterator[tuple[Any, Any, Any, Any]]:
    """Yield text, label, language and split of each row; the last two are None where no column says them.

    Raises:
        CatalogueFileMissingError: The file is not there.
        CorruptDataError: It can't be read, or lacks a column.
    """
    if not path.is_file():
        raise CatalogueFileMissingError(path, needed_for)
    wanted = (columns.text, columns.label, columns.language, columns.split)
    if path.suffix.lower() in (".parquet", ".pq"):
        table = _parquet(path, columns)
        rows = len(table[columns.text])
        yield from zip(*(table[name] if name else [None] * rows for name in wanted), strict=True)
        return
    yield from _plain(path, columns, wanted)


def _plain(
    path: Path, columns: Columns, wanted: tuple[str | None, ...]
) -> Iterator[tuple[Any, Any, Any, Any]]:
    from edgewise.cli.tables.formats import layout_of, open_source
    from edgewise.errors import EdgewiseError

    try:
        source = open_source(path, layout_of(path, "jsonl"), None, "utf-8")
        names = [column.name for column in source.scan().columns]
        _demand(path, columns, names)
        places = [names.index(name) if name else -1 for name in wanted]
        for row in source.rows():
            cells = [row.cells[i] if 0 <= i < len(row.cells) else None for i in places]
            yield cells[0], cells[1], cells[2], cells[3]
    except EdgewiseError as error:
        raise error if isinstance(error, CorruptDataError) else CorruptDataError(path, str(error)) from error


def _parquet(path: Path, columns: Columns) -> dict[str, list[Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(path)
        _demand(path, columns, schema.names)
        table = pq.read_table(path, columns=columns.named)
    except (pa.ArrowException, OSError) as error:
        raise CorruptDataError(path, str(error).splitlines()[0]) from error
    found = {name: table.column(name).to_pylist() for name in columns.named}
    names = class_names(schema.metadata, columns.label)
    if names:
        found[columns.label] = [_class_name(value, names) for value in found[columns.label]]
    return found


def _class_name(value: Any, names: list[str]) -> Any:
    if isinstance(value, list):
        return [_class_name(item, names) for item in value]
    return names[value] if isinstance(value, int) and 0 <= value < len(names) else value


def class_names(metadata: Mapping[bytes, bytes] | None, column: str) -> list[str]:
    """Return the names of a column's numbered classes, which hubs keep in a Parquet file's metadata."""
    try:
        features = json.loads((metadata or {})[b"huggingface"])["info"]["features"]
        feature = features[column]
        inner = feature.get("feature", feature) if isinstance(feature, dict) else feature[0]
        return [str(name) for name in inner["names"]]
    except (KeyError, TypeError, ValueError, IndexError):
        return []


def _demand(path: Path, columns: Columns, names: list[str]) -> None:
    for name in columns.named:
        if name not in names:
            raise CorruptDataError(path, f"it has no column {name!r}; it has {', '.join(names) or 'none'}")
