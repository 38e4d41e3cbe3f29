"""Further sets from a list of one's own: entries like those of catalogue.json, for hub sets and plain files.

docs/data.md shows the entries.
"""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgewise.labels import LABELS
from edgewise_cloud.catalogue.dataset import Dataset, RowSource
from edgewise_cloud.catalogue.errors import (
    CatalogueError,
    CatalogueFileMissingError,
    CorruptDataError,
    SetEntryError,
)
from edgewise_cloud.catalogue.facts import Facts
from edgewise_cloud.catalogue.files import UNKNOWN_LANGUAGE, Columns, FileRows
from edgewise_cloud.catalogue.hub import PREFIX, HubRows
from edgewise_cloud.catalogue.licences import demand_known
from edgewise_cloud.catalogue.rows import Rows
from edgewise_cloud.catalogue.schemes import packaged_schemes, parse_schemes

SPLITS = ("train", "dev", "test")
_TASKS = ("sentiment", "toxicity", "emotion")


def load_sets(path: Path) -> list[Dataset]:
    """Read a sets file; `Catalogue.with_datasets` adds them to a catalogue.

    Files named in it lie beside it, unless their path is absolute. Row counts that it does not state are
    counted, which fetches a hub's set.

    Raises:
        CatalogueFileMissingError: There is no such file.
        CorruptDataError: It is not a JSON list.
        SetEntryError: An entry does not say what it must.
        UnknownLicenceError: An entry has a licence class that does not exist.
        CatalogueError: Rows that had to be counted can't be read.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CatalogueFileMissingError(path, "the list of further sets") from error
    except (OSError, ValueError) as error:
        raise CorruptDataError(path, f"not a JSON list of sets ({error})") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise CorruptDataError(path, "not a JSON list of sets")
    return [_dataset(path, entry) for entry in entries]


def own_dataset(
    path: Path,
    task: str,
    columns: Columns | None = None,
    *,
    name: str | None = None,
    values: Mapping[str, str | None] | None = None,
    language: str = UNKNOWN_LANGUAGE,
    licence: str = "own data",
    licence_class: str = "open",
) -> Dataset:
    """Return a CSV, TSV, JSONL or Parquet file of one's own as a data set.

    Args:
        path: The file.
        task: sentiment, toxicity or emotion.
        columns: Names of its columns.
        name: Of the set; by default the file's.
        values: What its labels mean, where they are not the task's.
        language: Of all rows, where no column says it.
        licence: In words.
        licence_class: Class for the licence filter; one's own data may be trained on.

    Raises:
        CatalogueError: The file can't be read.
    """
    stem = name or path.stem
    source = FileRows(
        f"{task}/{stem}", task, {"": (path,)}, columns or Columns(), values or {}, language, _kinds(task)
    )
    known = Facts(paper="", citation=stem, where=(str(path),), domain="own data")
    return _described(stem, task, path, source, {"licence": licence, "licence_class": licence_class}, known)


def _kinds(task: str) -> tuple[str, ...]:
    return tuple(packaged_schemes().kinds) if task == "toxicity" else ()


def _dataset(path: Path, entry: Mapping[str, Any]) -> Dataset:
    name = str(entry.get("name", ""))
    task, _, stem = name.partition("/")
    if task not in _TASKS or not stem:
        raise SetEntryError(path, name, f"its name must be one of {', '.join(_TASKS)}, a slash and a name")
    for needed in ("source", "licence", "licence_class"):
        if not isinstance(entry.get(needed), str):
            raise SetEntryError(path, name, f"it needs {needed!r} as a text")
    demand_known([entry["licence_class"]], f"{path}, set {name!r}")
    for needed, kind in (("columns", dict), ("values", dict), ("splits", dict), ("rows", dict)):
        if not isinstance(entry.get(needed, {}), kind):
            raise SetEntryError(path, name, f"its {needed!r} must be an object")
    source, place = _source(path, name, task, entry)
    where = entry.get("where", entry["source"])
    facts = Facts(
        paper=str(entry.get("paper", "")),
        citation=str(entry.get("citation", name)),
        where=tuple(where) if isinstance(where, list) else (str(where),),
        domain=str(entry.get("domain", "")),
        sha256=None if entry["source"].startswith(PREFIX) else entry.get("sha256"),
    )
    try:
        return _described(stem, task, place, source, entry, facts)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, CatalogueError):
            raise
        raise SetEntryError(path, name, f"its scheme or rows are of an unknown form ({error!r})") from error


def _source(path: Path, name: str, task: str, entry: Mapping[str, Any]) -> tuple[RowSource, Path]:
    """Return where an entry's rows come from, and the file or folder for messages."""
    try:
        columns = Columns(**entry.get("columns", {}))
    except TypeError as error:
        raise SetEntryError(
            path, name, f"its columns are text, label, language and split ({error})"
        ) from error
    values = {str(native): meant for native, meant in entry.get("values", {}).items()}
    language = str(entry.get("language", UNKNOWN_LANGUAGE))
    splits = entry.get("splits", {})
    if set(splits) - set(SPLITS):
        raise SetEntryError(path, name, f"its splits are {', '.join(SPLITS)}")
    place = str(entry["source"])
    if place.startswith(PREFIX):
        repo = place.removeprefix(PREFIX)
        local = path.parent / repo
        source = HubRows(
            name,
            task,
            str(local) if local.is_dir() else repo,
            entry.get("revision"),
            str(entry.get("inside", "")),
            splits or {"train": "train"},
            columns,
            values,
            language,
            _kinds(task),
        )
        return source, Path(repo)
    file = path.parent / place
    files = {split: (path.parent / other,) for split, other in splits.items()} or {"": (file,)}
    return FileRows(name, task, files, columns, values, language, _kinds(task)), file


def _described(
    stem: str, task: str, place: Path, source: RowSource, entry: Mapping[str, Any], facts: Facts
) -> Dataset:
    """Return a data set; what nobody has said of its rows is found by reading them."""
    rows, languages, scheme = (dict(entry.get(key) or {}) for key in ("rows", "languages", "scheme"))
    if not rows or not scheme:
        found = source.read(None)
        rows = rows or dict(Counter(found.splits))
        languages = languages or dict(Counter(found.langs))
        scheme = scheme or default_scheme(task, found)
    raw: dict[str, Any] = {"kinds": packaged_schemes().kinds, **{other: {} for other in _TASKS}}
    raw[task] = {stem: {"weight": 1, **scheme}}
    return Dataset(
        name=f"{task}/{stem}",
        task=task,
        path=place,
        title=str(entry.get("title", stem)),
        licence=str(entry["licence"]),
        licence_class=str(entry["licence_class"]),
        tier=str(entry.get("tier", "main")),
        rows=rows,
        languages=languages,
        schemes=parse_schemes(raw),
        facts=facts,
        source=source,
    )


def default_scheme(task: str, rows: Rows) -> dict[str, Any]:
    """Return what labels mean in a set that does not say: the labels that occur in it are those it has."""
    if task == "toxicity":
        return {"definition": "as its owner sees it", "toxicity": "all"}
    used = {label for label in rows.labels if label} | {kind for kinds in rows.kinds for kind in kinds}
    labels = [label for label in LABELS[task] if label in used]
    return {"labels": labels, "multi": any(len(kinds) > 1 for kinds in rows.kinds)}
