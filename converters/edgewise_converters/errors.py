"""What can go wrong in a conversion: each error says what, why, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgewise.errors import EdgewiseError
from edgewise_runtimes.errors import listing


class ConversionError(EdgewiseError):
    """A model could not be converted."""


class SourceError(ConversionError, ValueError):
    """What was given is no model that can be converted.

    Attributes:
        where: What was given.
        reason: What is wrong with it.
    """

    def __init__(self, where: str, reason: str, remedy: str = "") -> None:
        self.where = where
        self.reason = reason
        super().__init__(
            f"{where} cannot be converted: {reason.rstrip('.')}." + (f" {remedy}" if remedy else "")
        )


class LabelsError(SourceError):
    """A checkpoint does not say what its outputs mean."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(where, reason, "Name them in order: --labels negative,neutral,positive")


class FormError(ConversionError, ValueError):
    """A form of a model was asked for that does not exist, or cannot be made from what was given.

    Attributes:
        form: The form.
        reason: Why not.
    """

    def __init__(self, form: str, reason: str) -> None:
        self.form = form
        self.reason = reason
        super().__init__(f"{form} cannot be made: {reason}")


class UnsupportedOperatorError(ConversionError, RuntimeError):
    """A backend has no operator for something that the model does.

    Attributes:
        form: The form.
        reason: What the converter said.
    """

    def __init__(self, form: str, reason: str) -> None:
        self.form = form
        self.reason = reason
        super().__init__(
            f"{form} was not made: the converter refused the model: {reason.rstrip('.')}. "
            "Write that part of the model in operations the backend has, or leave this backend out of --to."
        )


class ExporterError(ConversionError, ImportError):
    """An exporter was asked for that cannot be used in this environment.

    Attributes:
        exporter: Its name, that of an extra, too.
        reason: Why not.
    """

    def __init__(self, exporter: str, reason: str) -> None:
        self.exporter = exporter
        self.reason = reason
        super().__init__(
            f"The exporter {exporter!r} cannot be used: {reason.rstrip('.')}. It needs an older transformers "
            "than the rest of Edgewise. In an environment of its own, run: "
            f'pip install "edgewise[{exporter}]". Or leave --exporter out.'
        )


class InputNamesError(ConversionError, ValueError):
    """A model does not take the two inputs that a text encoder takes.

    Attributes:
        found: What it takes.
    """

    def __init__(self, what: str, found: Sequence[str], wanted: Sequence[str]) -> None:
        self.found = tuple(found)
        super().__init__(
            f"{what} takes or gives {listing(self.found)}, not {listing(tuple(wanted))}. "
            "Export it with these names; see docs/bundle.md."
        )


class OutExistsError(ConversionError, FileExistsError):
    """The folder to write to is there already."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(f"{folder} exists already and is left as it is. Name another --out, or remove it.")

    __str__ = Exception.__str__


class OutputError(ConversionError, OSError):
    """The system refused to write the result.

    Attributes:
        folder: Where it should have gone.
    """

    def __init__(self, folder: Path, reason: str) -> None:
        self.folder = folder
        super().__init__(
            f"Nothing was written to {folder}: {reason.rstrip('.')}. Make room there or name another --out."
        )

    __str__ = Exception.__str__


class DevTextsError(ConversionError, ValueError):
    """The dev texts cannot be used.

    Attributes:
        where: The file or folder.
    """

    def __init__(self, where: str, reason: str) -> None:
        self.where = where
        super().__init__(
            f"The dev texts in {where} cannot be used: {reason.rstrip('.')}. Give a CSV or Parquet file with "
            "a column `text`, better also `lang` and one column a task with the right label."
        )


class GateError(ConversionError, ValueError):
    """A converted model does not answer like the one it was made from.

    Attributes:
        form: The form that failed.
        check: Which check failed: shapes, values, probabilities, neighbours, agreement, metric, size.
        what: The text, length, language or figure that broke it.
    """

    def __init__(self, form: str, check: str, what: str) -> None:
        self.form = form
        self.check = check
        self.what = what
        super().__init__(f"{form} failed its gate and is not written ({check}): {what}")
