"""What preparing data refuses: one error class a kind of fault."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Sequence
from pathlib import Path

from edgewise_cloud.catalogue.errors import CatalogueError
from edgewise_runtimes.errors import EdgewiseError, listing

_SHOWN = 3
_LETTERS = 80


class PrepareError(EdgewiseError):
    """Root of everything that preparing data refuses."""


class PrepareConfigError(PrepareError, ValueError):
    """A setting does not exist, or cannot have that value.

    Attributes:
        setting: Its place, such as "near.threshold".
    """

    def __init__(self, setting: str, problem: str) -> None:
        self.setting = setting
        self.problem = problem
        super().__init__(f"The setting {setting!r} of data preparation is wrong: {problem.rstrip('.')}.")


class LeakError(PrepareError, ValueError):
    """Training or dev text stands in a test split.

    Attributes:
        found: (test set, its split, rows, a few of the texts) for each test set that is touched.
        count: Rows that stand in a test split, each counted once.
    """

    def __init__(self, found: Sequence[tuple[str, str, int, Sequence[str]]], count: int) -> None:
        self.found = tuple((name, split, rows, tuple(texts)) for name, split, rows, texts in found)
        self.count = count
        lines = "; ".join(
            f"{rows} in {name} ({split}), such as "
            + " | ".join(repr(text[:_LETTERS]) for text in texts[:_SHOWN])
            for name, split, rows, texts in self.found
        )
        super().__init__(
            f"{count} training or dev rows have a text that stands in a test split: {lines}. "
            'Figures on those sets would be too good. Set "leaks" to "drop", or mend the data.'
        )


class OneClassError(PrepareError, ValueError):
    """All training rows of a set, or of a whole task, say the same.

    Attributes:
        name: The set or the task.
        label: What they all say.
    """

    def __init__(self, name: str, label: str, rows: int) -> None:
        self.name = name
        self.label = label
        self.rows = rows
        super().__init__(
            f"All {rows} training rows of {name} say {label!r}: nothing can be learned from one class alone. "
            'Leave it out ("without"), or name it under "one_sided" if other sets of its task have the rest.'
        )


class NothingToTrainError(CatalogueError, ValueError):
    """No set is left."""

    def __init__(self, split: str, licences: Sequence[str]) -> None:
        """Say which split and which licences."""
        super().__init__(
            f"No labelled set has rows in split {split!r} under the licence classes {', '.join(licences)}: "
            "nothing can be trained. Check --data and --licences."
        )


class NoSuchRowsError(CatalogueError, ValueError):
    """No labelled row is in any of the languages."""

    def __init__(self, languages: Sequence[str]) -> None:
        """Say which languages."""
        super().__init__(
            f"No labelled row is in {', '.join(languages)}: nothing can be trained. "
            "`edgewise data list` shows the languages of each set."
        )


class NothingLeftError(PrepareError, ValueError):
    """A step or a choice took the last training row.

    Attributes:
        step: The step after which nothing was left.
    """

    def __init__(self, step: str) -> None:
        self.step = step
        super().__init__(
            f"No training row is left after the step {step!r}. Loosen that step, or widen the choice of "
            "tasks, languages, sets or licence classes."
        )


class UnknownTaskNameError(PrepareError, ValueError):
    """A task was named that has no labelled sets.

    Attributes:
        task: The name.
    """

    def __init__(self, task: str, known: Iterable[str]) -> None:
        self.task = task
        super().__init__(f"There is no labelled task {task!r}. Use one of {listing(tuple(known))}.")


class RowsFileError(PrepareError, OSError):
    """Rows cannot be written; nothing half written is left behind.

    Attributes:
        path: The file.
        reason: Why, in the system's words.
    """

    def __init__(self, path: Path, reason: str, number: int | None = None) -> None:
        self.path = path
        self.reason = reason
        self.number = number
        remedy = (
            "Free some space, or choose another folder"
            if number in (errno.ENOSPC, errno.EDQUOT)
            else "Choose a folder that can be written"
        )
        super().__init__(f"{path} cannot be written: {reason.rstrip('.')}. {remedy}, and run it again.")


class EffectFileError(PrepareError, ValueError):
    """A file is no evaluation that can be compared.

    Attributes:
        path: The file.
        reason: What is wrong with it.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"{path} cannot be compared: {reason.rstrip('.')}. Give two reports of "
            "`edgewise evaluate --json`, or two files of predictions."
        )


class NothingToCompareError(PrepareError, ValueError):
    """Two evaluations have no figure in common.

    Attributes:
        before: The first.
        after: The second.
    """

    def __init__(self, before: Path, after: Path) -> None:
        self.before = before
        self.after = after
        super().__init__(
            f"{before} and {after} have no figure in common. Evaluate both models on the same sets and split."
        )
