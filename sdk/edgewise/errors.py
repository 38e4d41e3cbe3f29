"""Every error that Edgewise raises on purpose.

Catch `EdgewiseError` for all of them, `InputError` for what a caller passed in, `BundleError` for what is
wrong with a model folder, `BackendError` for what runs the models. Children also inherit the builtin they
specialise, so `except ValueError` works as expected.
"""

from __future__ import annotations

from collections.abc import Sequence

from edgewise.bundle.errors import (
    BundleError,
    BundleNotFoundError,
    DuplicateLabelsError,
    FileHashError,
    FileMissingError,
    FileSizeError,
    FileSizeMismatchError,
    FileUnreadableError,
    FormatVersionError,
    ManifestError,
    ManifestSyntaxError,
    ManifestTooLargeError,
    MissingLabelsError,
    PathEscapeError,
    SdkVersionError,
    SignatureError,
    UnknownRouteError,
)
from edgewise_runtimes.errors import (
    BackendError,
    BackendLoadError,
    BackendRunError,
    BackendUnavailableError,
    EdgewiseError,
    ThreadCountError,
    UnknownBackendError,
    listing,
)

__all__ = [
    "AnalyzerClosedError",
    "BackendError",
    "BackendLoadError",
    "BackendRunError",
    "BackendUnavailableError",
    "BundleError",
    "BundleNotFoundError",
    "DuplicateLabelsError",
    "EdgewiseError",
    "FileHashError",
    "FileMissingError",
    "FileSizeError",
    "FileSizeMismatchError",
    "FileUnreadableError",
    "FormatVersionError",
    "InputError",
    "InputTypeError",
    "ManifestError",
    "ManifestSyntaxError",
    "ManifestTooLargeError",
    "MissingExtraError",
    "MissingLabelsError",
    "PathEscapeError",
    "SdkVersionError",
    "SignatureError",
    "ThreadCountError",
    "ThresholdError",
    "UnknownBackendError",
    "UnknownLabelError",
    "UnknownLanguageError",
    "UnknownRouteError",
    "UnknownTaskError",
]

_REMEDIES = {
    "NoneType": "Drop missing texts or replace them with ''.",
    "float": "Pandas marks a missing text as NaN: drop such rows, or use series.fillna('').",
    "NAType": "Drop missing texts, or use series.fillna('').",
    "bytes": "Decode it first, for example value.decode('utf-8').",
    "bytearray": "Decode it first, for example value.decode('utf-8').",
    "list": "To analyse many texts use analyze_batch.",
    "tuple": "To analyse many texts use analyze_batch.",
}


class InputError(EdgewiseError):
    """What a caller passed in cannot be analysed."""


class InputTypeError(InputError, TypeError):
    """Something that is not a `str` stood where a text belongs.

    Attributes:
        value_type: Name of the type that was given.
        position: Its index in the batch, or None for a single text.
    """

    def __init__(self, value_type: type | str, position: int | None = None) -> None:
        self.value_type = value_type if isinstance(value_type, str) else value_type.__name__
        self.position = position
        where = "" if position is None else f" at position {position}"
        remedy = _REMEDIES.get(self.value_type, "Convert it with str(value) if that is what you mean.")
        super().__init__(f"Expected a text (str){where}, got {self.value_type}. {remedy}")


class _UnknownNameError(InputError, ValueError):
    """A name was asked for that does not exist."""

    _what = "name"

    def __init__(self, name: object, known: Sequence[str]) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(f"There is no {self._what} {name!r} here. Use one of {listing(self.known)}.")


class UnknownTaskError(_UnknownNameError):
    """A task was asked for that does not exist, or that the model does not do.

    Attributes:
        name: What was asked for.
        known: What exists.
    """

    _what = "task"


class UnknownLabelError(_UnknownNameError):
    """A label was named that the task does not have.

    Attributes:
        name: What was asked for.
        known: What exists.
    """

    _what = "label"


class UnknownLanguageError(_UnknownNameError):
    """A language was named that the model does not tell apart.

    Attributes:
        name: What was asked for.
        known: What exists.
    """

    _what = "language"


class ThresholdError(InputError, ValueError):
    """A threshold is not a number between 0 and 1.

    Attributes:
        label: The task or label it was given for.
        value: What was given.
    """

    def __init__(self, label: str, value: object) -> None:
        self.label = label
        self.value = value
        super().__init__(f"The threshold for {label!r} is {value!r}. Give a number from 0 to 1.")


class AnalyzerClosedError(EdgewiseError, RuntimeError):
    """An analyzer was used after `close`."""

    def __init__(self) -> None:
        super().__init__(
            "This Analyzer is closed, its models are freed. Make a new one, or use it inside its `with`."
        )


class MissingExtraError(EdgewiseError, ImportError):
    """A feature needs packages that a plain install does not bring.

    Attributes:
        extra: The extra that brings them.
        needed_by: The feature.
    """

    def __init__(self, extra: str, needed_by: str) -> None:
        self.extra = extra
        self.needed_by = needed_by
        super().__init__(
            f'{needed_by} needs packages that are not installed. Run: pip install "edgewise[{extra}]"'
        )
