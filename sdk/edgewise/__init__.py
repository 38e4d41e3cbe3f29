"""Language, sentiment, toxicity and emotion of a comment, on the device.

Names are imported on first use (PEP 562), so `import edgewise` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgewise.analyzer import Analyzer
    from edgewise.bundle import Bundle
    from edgewise.errors import (
        AnalyzerClosedError,
        BackendError,
        BundleError,
        BundleNotFoundError,
        EdgewiseError,
        InputError,
        InputTypeError,
        MissingExtraError,
        ThresholdError,
        UnknownLabelError,
        UnknownLanguageError,
        UnknownTaskError,
    )
    from edgewise.labels import LABELS, TASKS, UNDETERMINED
    from edgewise.results import Analysis, Prediction, Span
    from edgewise.version import __version__

__all__ = [
    "LABELS",
    "TASKS",
    "UNDETERMINED",
    "Analysis",
    "Analyzer",
    "AnalyzerClosedError",
    "BackendError",
    "Bundle",
    "BundleError",
    "BundleNotFoundError",
    "EdgewiseError",
    "InputError",
    "InputTypeError",
    "MissingExtraError",
    "Prediction",
    "Span",
    "ThresholdError",
    "UnknownLabelError",
    "UnknownLanguageError",
    "UnknownTaskError",
    "__version__",
]

_HOMES = {
    "LABELS": "labels",
    "TASKS": "labels",
    "UNDETERMINED": "labels",
    "Analysis": "results",
    "Analyzer": "analyzer",
    "Bundle": "bundle",
    "Prediction": "results",
    "Span": "results",
    "__version__": "version",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its module on first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
