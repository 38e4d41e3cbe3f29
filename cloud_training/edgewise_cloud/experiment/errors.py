"""What experiments refuse on the cloud side."""

from __future__ import annotations

from pathlib import Path

from edgewise.errors import EdgewiseError


class ExperimentError(EdgewiseError):
    """Root of everything that experiments refuse on the cloud side."""


class RecordsFileError(ExperimentError, ValueError):
    """A file of records cannot be read, or no line of it is a record.

    Attributes:
        path: The file.
        reason: Why not.
    """

    def __init__(self, path: Path | str, reason: str) -> None:
        self.path = str(path)
        self.reason = reason.rstrip(".")
        super().__init__(
            f"{self.path} cannot be used as records of an experiment: {self.reason}. Give JSONL, CSV or "
            "Parquet as docs/experiments.md tells."
        )


class ChannelsMissingError(ExperimentError, FileNotFoundError):
    """There is no `channels.json` yet.

    Attributes:
        place: Where it was looked for.
    """

    def __init__(self, place: str) -> None:
        self.place = place
        super().__init__(
            f"There is no channels.json in {place}. Make one with "
            "`edgewise experiment channel stable NAME@VERSION`."
        )


class ChannelsPlaceError(ExperimentError, OSError):
    """A `channels.json` cannot be read or written.

    Attributes:
        place: Where it is.
        reason: What the system said.
    """

    def __init__(self, place: str, reason: str) -> None:
        self.place = place
        self.reason = reason.rstrip(".")
        super().__init__(
            f"The channels in {place} cannot be read or written: {self.reason}. Nothing was changed."
        )


class ExperimentExistsError(ExperimentError, ValueError):
    """There is an experiment of that name already.

    Attributes:
        name: The name.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"There is an experiment {name!r} already, and names are never used again: its records would be "
            "mixed with the new ones. Choose another name."
        )


class ExperimentSettingError(ExperimentError, ValueError):
    """Something that an experiment was given makes no sense.

    Attributes:
        what: What was given.
        reason: Why it makes no sense, and what does.
    """

    def __init__(self, what: str, reason: str) -> None:
        self.what = what
        self.reason = reason.rstrip(".")
        super().__init__(f"{what} cannot be used: {self.reason}.")


class ExperimentStoppedError(ExperimentError, RuntimeError):
    """An experiment or arm was stopped, and is not changed any more.

    Attributes:
        name: The experiment, or `experiment/arm`.
        why: The reason that was given.
    """

    def __init__(self, name: str, why: str) -> None:
        self.name = name
        self.why = why
        super().__init__(f"{name} was stopped ({why or 'no reason given'}). Create a new experiment.")


class WrongBundleError(ExperimentError, ValueError):
    """A registered version is not the bundle that was to be promoted.

    Attributes:
        registered: The registered version, in words.
        found: What it holds: `name@version`, or what is wrong with it.
        wanted: What was expected.
    """

    def __init__(self, registered: str, found: str, wanted: str) -> None:
        self.registered = registered
        self.found = found
        self.wanted = wanted
        super().__init__(
            f"{registered} holds {found}, not {wanted}. Nothing was moved. Name the version of the registry "
            "that holds the bundle."
        )


class MoveUndoneError(ExperimentError, RuntimeError):
    """The channel could not be moved, and the registry was put back: both are as they were.

    Attributes:
        move: What was to be done.
        reason: Why it failed.
    """

    def __init__(self, move: str, reason: str) -> None:
        self.move = move
        self.reason = reason.rstrip(".")
        super().__init__(
            f"{move} failed: {self.reason}. Registry and channel are as they were before; try again when "
            "it is well."
        )


class MoveUnfinishedError(ExperimentError, RuntimeError):
    """A move of registry and channel was begun and is not finished.

    Attributes:
        move: What was to be done.
        reason: Why it is not finished.
    """

    def __init__(self, move: str, reason: str) -> None:
        self.move = move
        self.reason = reason.rstrip(".")
        super().__init__(
            f"{move} is half done: {self.reason}. Run `edgewise experiment resume` with the same options to "
            "finish it, or add --undo to put back what was moved; nothing else is moved before."
        )


class BusyError(ExperimentError, RuntimeError):
    """Another command is changing the same channels.

    Attributes:
        place: Where they are.
    """

    def __init__(self, place: str) -> None:
        self.place = place
        super().__init__(f"Another command is changing the channels in {place}. Wait for it.")
