"""Reading the catalogue's Parquet files, with faults turned into typed errors."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewise_cloud.catalogue.errors import CatalogueFileMissingError, CorruptDataError

if TYPE_CHECKING:
    import pyarrow as pa


def read_columns(
    path: Path,
    wanted: Sequence[str],
    needed_for: str,
    split: str | None = None,
    repos: Collection[str] | None = None,
) -> dict[str, list[Any]]:
    """Read columns of a Parquet file as Python lists.

    Columns that the file lacks are left out of the answer, except that `text` must be there.

    Args:
        path: The file.
        wanted: Column names.
        needed_for: Who asks, for the message of an error.
        split: Keep only rows of this split; None for all. Ignored where the file has no column "split".
        repos: Keep only rows whose source ("owner/repo:path") is of one of these; None for all.

    Raises:
        CatalogueFileMissingError: there is no such file.
        CorruptDataError: it is not Parquet, or has no column "text".
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise CatalogueFileMissingError(path, needed_for)
    try:
        with pq.ParquetFile(path) as file:
            names = set(file.schema_arrow.names)
        columns = [name for name in wanted if name in names]
        filters = [("split", "==", split)] if split is not None and "split" in names else None
        table = pq.read_table(path, columns=columns, filters=filters)
        if repos is not None and "source" in columns:
            table = _of_repos(table, repos)
    except (pa.ArrowException, OSError) as error:
        raise CorruptDataError(path, str(error).splitlines()[0]) from error
    if "text" in wanted and "text" not in columns:
        raise CorruptDataError(path, "it has no column 'text'")
    return {name: _as_list(table.column(name), shared=name != "text") for name in columns}


def _of_repos(table: "pa.Table", repos: Collection[str]) -> "pa.Table":
    """Return the rows whose source lies in one of the repositories."""
    import pyarrow as pa
    import pyarrow.compute as pc

    sources = pc.unique(table.column("source")).to_pylist()
    keep = [source for source in sources if source is not None and source.split(":", 1)[0] in repos]
    return table.filter(pc.is_in(table.column("source"), value_set=pa.array(keep, pa.string())))


def _as_list(column: "pa.ChunkedArray", shared: bool) -> list[Any]:
    """Return a column as a list; with `shared`, equal strings are one object (many rows, few values)."""
    import pyarrow as pa

    if pa.types.is_string(column.type) and shared:
        column = column.dictionary_encode()
    if pa.types.is_string(column.type) or pa.types.is_dictionary(column.type):
        return [value for chunk in column.chunks for value in chunk.to_numpy(zero_copy_only=False).tolist()]
    return list(column.to_pylist())
