"""What can be wrong with a search."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgewise.errors import EdgewiseError
from edgewise_runtimes.errors import listing


class TuneError(EdgewiseError):
    """Root of everything that tuning refuses."""


class SpaceFileError(TuneError, ValueError):
    """A file of a search space cannot be read.

    Attributes:
        path: The file.
        reason: What is wrong with it.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path} is no search space: {reason.rstrip('.')}. See docs/tuning.md for its form.")


class SpaceError(TuneError, ValueError):
    """A parameter of a search space is not described well.

    Attributes:
        name: The parameter.
        reason: What is wrong with it.
    """

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(
            f"The parameter {name!r} of the search space cannot be used: {reason.rstrip('.')}. Give it as "
            '{"type": "float" or "int", "low": .., "high": .., "log": true or false} or '
            '{"type": "choice", "choices": [..]}.'
        )


class StudyChangedError(TuneError, ValueError):
    """A study of this name was begun with other settings.

    Attributes:
        study: Its name.
        differing: What differs.
    """

    def __init__(self, study: str, differing: Sequence[str]) -> None:
        self.study = study
        self.differing = tuple(differing)
        super().__init__(
            f"The study {study!r} was begun otherwise ({', '.join(self.differing)}), and its trials cannot "
            "be compared with new ones. Give the settings that it was begun with, or another --study."
        )


class StudyStorageError(TuneError, ConnectionError):
    """The database of a study cannot be used.

    Attributes:
        url: Its address, without a password.
        reason: What happened.
    """

    def __init__(self, url: str, reason: str) -> None:
        self.url = url
        self.reason = reason
        super().__init__(
            f"The study's database {url} cannot be used: {reason.rstrip('.')}. Finished trials are kept in "
            "it: repeat the command when it is well."
        )


class StudyUrlError(TuneError, ValueError):
    """The address of a study's database is none.

    Attributes:
        url: What was given, without a password.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(
            f"{url!r} is no address of a database. Give sqlite:///FILE.db or postgresql://USER@HOST/DB."
        )


class PrunerError(TuneError, ValueError):
    """There is no such way to prune.

    Attributes:
        name: What was asked for.
        known: What there is.
    """

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(f"There is no pruner {name!r}. Use one of {listing(self.known)}.")


class TrialsFailError(TuneError, RuntimeError):
    """One trial after the other gave no number.

    Attributes:
        study: The study.
        trials: How many in a row.
    """

    def __init__(self, study: str, trials: int) -> None:
        self.study = study
        self.trials = trials
        super().__init__(
            f"The last {trials} trials of {study!r} ended without a number. Look at their work folders, and "
            "narrow the search space."
        )


class NoTrialError(TuneError, RuntimeError):
    """A study has no finished trial.

    Attributes:
        study: The study.
    """

    def __init__(self, study: str) -> None:
        self.study = study
        super().__init__(
            f"Not one trial of {study!r} was finished, all were pruned. Ask for more trials, or use "
            "--pruner none."
        )
