"""What can be wrong with the tracking of a run."""

from __future__ import annotations

from pathlib import Path

from edgewise.errors import EdgewiseError
from edgewise_runtimes.errors import listing


class TrackingError(EdgewiseError):
    """Root of everything that tracking refuses."""


class TrackingUrlError(TrackingError, ValueError):
    """The address of a tracking store is none that can be used.

    Attributes:
        url: What was given.
        reason: What is wrong with it.
    """

    def __init__(self, url: str, reason: str) -> None:
        self.url = url
        self.reason = reason
        super().__init__(
            f"{url!r} is no tracking address: {reason.rstrip('.')}. Give http://HOST:PORT of an MLflow "
            'server, sqlite:///FILE.db, postgresql://USER@HOST/DB, or "off".'
        )


class NoRunError(TrackingError, RuntimeError):
    """Something was to be tracked outside a run.

    Attributes:
        call: What was to be done.
    """

    def __init__(self, call: str) -> None:
        self.call = call
        super().__init__(f"There is no run that `{call}` could belong to. Call `start` or `resume` first.")


class MetricError(TrackingError, ValueError):
    """A figure cannot be tracked.

    Attributes:
        name: Its name.
        reason: Why not.
    """

    def __init__(self, name: object, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"The metric {name!r} cannot be tracked: {reason}.")


class RunStatusError(TrackingError, ValueError):
    """A run cannot end with this status.

    Attributes:
        status: What was given.
        known: What exists.
    """

    def __init__(self, status: object, known: tuple[str, ...]) -> None:
        self.status = status
        self.known = known
        super().__init__(f"A run cannot end as {status!r}. Use one of {listing(known)}.")


class ArtifactMissingError(TrackingError, FileNotFoundError):
    """What was to be kept with a run is not there.

    Attributes:
        path: The file or folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} does not exist, so it cannot be kept with the run. Write it first.")


class SpoolWriteError(TrackingError, OSError):
    """The spool cannot be written: a full disk, a folder without the right to write.

    Attributes:
        folder: The spool.
        reason: What the system said.
    """

    def __init__(self, folder: Path, reason: str) -> None:
        self.folder = folder
        self.reason = reason
        super().__init__(
            f"The tracking spool {folder} cannot be written: {reason.rstrip('.')}. Make room or name another "
            "folder, then go on from the last checkpoint."
        )


class SpoolBusyError(TrackingError, RuntimeError):
    """Another process has the spool.

    Attributes:
        folder: The spool.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(
            f"Another run writes to the tracking spool {folder}. Wait for its end, or name another "
            "work folder."
        )


class SpoolFormatError(TrackingError, ValueError):
    """A folder is no spool, or one that is broken.

    Attributes:
        folder: The folder.
        reason: What is wrong with it.
    """

    def __init__(self, folder: Path, reason: str) -> None:
        self.folder = folder
        self.reason = reason
        super().__init__(
            f"{folder} is no usable tracking spool: {reason.rstrip('.')}. Name the spool folder of a run."
        )


class SpoolTargetError(TrackingError, ValueError):
    """A spool holds the calls for another tracking store.

    Attributes:
        folder: The spool.
        belongs_to: Where its calls go.
        given: What was given now.
    """

    def __init__(self, folder: Path, belongs_to: str, given: str) -> None:
        self.folder = folder
        self.belongs_to = belongs_to
        self.given = given
        super().__init__(
            f"The tracking spool {folder} belongs to {belongs_to}, not to {given}, and its runs are known "
            "there only. Give that address, or another work folder."
        )
