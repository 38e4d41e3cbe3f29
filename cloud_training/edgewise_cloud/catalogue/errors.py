"""What can be wrong with the data: one error class a kind of fault."""

from collections.abc import Iterable
from pathlib import Path

from edgewise_runtimes.errors import EdgewiseError


class CatalogueError(EdgewiseError):
    """Root of everything that the data catalogue refuses."""


class CatalogueFileMissingError(CatalogueError, FileNotFoundError):
    """A file that the catalogue names, or the catalogue itself, is not there."""

    def __init__(self, path: Path, needed_for: str) -> None:
        """Say which file is missing and what wanted it."""
        self.path = path
        super().__init__(
            f"{path} does not exist; {needed_for} needs it. "
            "Point --data (or EDGEWISE_DATA) at the folder that holds catalogue.json."
        )


class CorruptDataError(CatalogueError, ValueError):
    """A file of the catalogue cannot be read as what it should be."""

    def __init__(self, path: Path, problem: str) -> None:
        """Say which file, and what is wrong inside."""
        self.path, self.problem = path, problem
        super().__init__(f"{path} cannot be read: {problem}. Fetch the file again.")


class UnknownDatasetError(CatalogueError, KeyError):
    """No data set of that name."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        """Say which name was asked for, with the closest that exist."""
        import difflib

        names = sorted(known)
        close = difflib.get_close_matches(name, names, n=5) or names[:5]
        self.name = name
        self._message = f"no data set {name!r} in the catalogue of {len(names)}; near it: {', '.join(close)}"
        super().__init__(self._message)

    def __str__(self) -> str:
        """Return the sentence without the quotes that KeyError adds."""
        return self._message


class UnknownSchemeError(CatalogueError, KeyError):
    """The catalogue holds a labelled set that schemes.json does not explain."""

    def __init__(self, dataset: str) -> None:
        """Say which set has no scheme."""
        self._message = (
            f"{dataset} has no entry in schemes.json that says what its labels mean; add one there."
        )
        super().__init__(self._message)

    def __str__(self) -> str:
        """Return the sentence without the quotes that KeyError adds."""
        return self._message


class UnknownDataLabelError(CatalogueError, ValueError):
    """A row carries a label that its set's scheme does not know."""

    def __init__(self, dataset: str, label: str, known: Iterable[str]) -> None:
        """Say which label, in which set, and what would have been right."""
        self.dataset, self.label = dataset, label
        super().__init__(f"{dataset} holds the label {label!r}; its scheme knows {', '.join(sorted(known))}.")


class EmptySplitError(CatalogueError, ValueError):
    """The split asked for has no rows."""

    def __init__(
        self, dataset: str, split: str | None, available: Iterable[str], licences: Iterable[str] | None = None
    ) -> None:
        """Say which split is empty (None: all of them), which are not, and the licence filter, if any."""
        self.dataset, self.split = dataset, split
        filtered = f" under the licence classes {', '.join(sorted(licences))}" if licences is not None else ""
        super().__init__(
            f"{dataset} has no rows in {f'split {split!r}' if split else 'any split'}{filtered}; "
            f"the file has {', '.join(available) or 'none at all'}."
        )


class LicenceRefusedError(CatalogueError, PermissionError):
    """The licence class of a set is outside what the caller allows."""

    def __init__(self, dataset: str, licence_class: str, allowed: Iterable[str]) -> None:
        """Say which class was met and which are allowed."""
        self.dataset, self.licence_class = dataset, licence_class
        super().__init__(
            f"{dataset} is of licence class {licence_class!r}, outside the classes allowed here "
            f"({', '.join(sorted(allowed))}); it may serve evaluation only (licences=ALL_LICENCES)."
        )


class DataHashError(CorruptDataError):
    """A data file is not the one that the catalogue describes."""

    def __init__(self, path: Path, expected: str, found: str) -> None:
        """Say which file, with the hash that it should have and the one it has."""
        self.expected, self.found = expected, found
        super().__init__(
            path, f"its sha256 is {found}, the catalogue says {expected}: the file is damaged or another one"
        )


class UnknownLicenceError(CatalogueError, ValueError):
    """A licence class that does not exist, in a data file or a filter."""

    def __init__(self, licence_class: str, where: str, known: Iterable[str]) -> None:
        """Say which class was met where, and which exist."""
        self.licence_class, self.where = licence_class, where
        super().__init__(
            f"{where} names the licence class {licence_class!r}, which does not exist; "
            f"known are {', '.join(sorted(known))}."
        )


class SetEntryError(CatalogueError, ValueError):
    """An entry of a sets file does not say what a set needs."""

    def __init__(self, path: Path, name: str, problem: str) -> None:
        """Say which entry of which file, and what is wrong with it."""
        self.path, self.name = path, name
        super().__init__(
            f"{path}, set {name!r}: {problem.rstrip('.')}. docs/data.md shows what an entry needs."
        )


class HubUnavailableError(CatalogueError, ConnectionError):
    """A data set of a hub cannot be had: no network, no such set, or no access."""

    def __init__(self, repo: str, reason: str) -> None:
        """Say which set and why."""
        self.repo, self.reason = repo, reason
        super().__init__(
            f"The hub's data set {repo!r} cannot be had: {reason.rstrip('.')}. Fetch it once with a network, "
            'or name a local folder with the same files ("hub:/path/to/folder").'
        )
