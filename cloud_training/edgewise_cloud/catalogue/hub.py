"""Sets of a hub: "hub:owner/name", or "hub:/a/folder" laid out like one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgewise.errors import MissingExtraError
from edgewise_cloud.catalogue.errors import CatalogueFileMissingError, HubUnavailableError
from edgewise_cloud.catalogue.files import UNKNOWN_LANGUAGE, Columns, FileRows
from edgewise_cloud.catalogue.rows import Rows

PREFIX = "hub:"
_ENDINGS = (".parquet", ".csv", ".tsv", ".jsonl", ".json")


def hub_folder(repo: str, revision: str | None = None) -> Path:
    """Return the folder of a hub's data set: a local one, or a snapshot that is downloaded once.

    Only tables and the card are fetched, no code. What was fetched before is found without a network.

    Args:
        repo: "owner/name", or a folder.
        revision: Commit, tag or branch; None for the newest. Name a commit where a result must be repeatable.

    Raises:
        HubUnavailableError: It can't be had.
        MissingExtraError: huggingface_hub is not installed.
    """
    local = Path(repo).expanduser()
    if local.is_dir():
        return local
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError
    except ImportError as error:
        raise MissingExtraError("hub", "A data set of a hub") from error
    patterns = [f"*{ending}" for ending in (*_ENDINGS, ".md")]
    try:
        return Path(snapshot_download(repo, repo_type="dataset", revision=revision, allow_patterns=patterns))
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        raise HubUnavailableError(repo, str(error).strip().splitlines()[0]) from error
    except Exception as error:
        # The HTTP library's own errors, which are neither; anything else is a fault of ours.
        if type(error).__module__.split(".")[0] not in ("httpx", "httpcore", "requests", "urllib3"):
            raise
        raise HubUnavailableError(repo, str(error) or type(error).__name__) from error


def files_of_split(folder: Path, split: str, inside: str = "") -> tuple[Path, ...]:
    """Return the tables of a split in the usual layouts of a hub, sorted.

    Such as data/train-00000-of-00002.parquet, train.csv, en/train.jsonl, train/part.parquet. Where the same
    split is there in several formats, the first of Parquet, CSV, TSV and JSON counts.

    Args:
        folder: Of the data set.
        split: As the hub calls it.
        inside: Only below this folder; for sets of several configurations.
    """
    word = re.compile(rf"(?:^|[-_./]){re.escape(split)}(?:[-_./]|$)")
    base = folder / inside
    tables = [path for path in sorted(base.rglob("*")) if path.is_file() and path.suffix in _ENDINGS]
    mine = [path for path in tables if word.search(path.relative_to(base).with_suffix("").as_posix())]
    for ending in _ENDINGS:
        if found := tuple(path for path in mine if path.suffix == ending):
            return found
    return ()


@dataclass(frozen=True, slots=True)
class HubRows:
    """Rows of a hub's data set, fetched when they are first read.

    Attributes:
        name: Of the set in the catalogue.
        task: sentiment, toxicity or emotion.
        repo: "owner/name", or a folder.
        revision: Commit, tag or branch.
        inside: Folder of the configuration within the set.
        splits: What the hub calls train, dev and test.
        columns: Names of the columns.
        values: What native labels mean; as in `FileRows`.
        language: Of all rows, where no column says it.
        kinds: Kinds of abuse that toxicity rows may name.
    """

    name: str
    task: str
    repo: str
    revision: str | None = None
    inside: str = ""
    splits: Mapping[str, str] = field(default_factory=lambda: {"train": "train"})
    columns: Columns = field(default_factory=Columns)
    values: Mapping[str, str | None] = field(default_factory=dict)
    language: str = UNKNOWN_LANGUAGE
    kinds: tuple[str, ...] = ()

    def read(self, split: str | None = None) -> Rows:
        """Return the rows of a split.

        Raises:
            HubUnavailableError: The set can't be had.
            CatalogueFileMissingError: It has no table of the split.
            CatalogueError: What `FileRows.read` raises.
        """
        folder = hub_folder(self.repo, self.revision)
        files = {}
        for ours, theirs in self.splits.items():
            if split in (None, ours):
                files[ours] = files_of_split(folder, theirs, self.inside)
                if not files[ours]:
                    raise CatalogueFileMissingError(folder / self.inside / f"{theirs}.*", self.name)
        rows = FileRows(self.name, self.task, files, self.columns, self.values, self.language, self.kinds)
        return rows.read(split)
