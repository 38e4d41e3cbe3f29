"""The registry of models: versions with gates, champion and challenger, on MLflow.

Example::

    from pathlib import Path
    from edgewise_cloud.registry import Registry

    registry = Registry()                                          # ./edgewise-mlflow.db
    version = registry.register("teacher-english", Path("runs/en/teacher"), run, gates, {"macro_f1": 0.9})
    registry.promote("teacher-english", version.version)       # GateNotPassedError unless the gates passed
    registry.fetch("teacher-english", "champion", Path("champion"))
    registry.rollback("teacher-english")
"""

from edgewise_cloud.registry.errors import (
    FetchedFileError,
    GateNotPassedError,
    ModelFolderError,
    ModelNameError,
    NoFormerChampionError,
    RegistryAwayError,
    RegistryError,
    UnknownModelError,
    UnknownRunError,
    UnknownVersionError,
)
from edgewise_cloud.registry.registry import Registry
from edgewise_cloud.registry.version import CHALLENGER, CHAMPION, Difference, GateOutcome, Version

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "Difference",
    "FetchedFileError",
    "GateNotPassedError",
    "GateOutcome",
    "ModelFolderError",
    "ModelNameError",
    "NoFormerChampionError",
    "Registry",
    "RegistryAwayError",
    "RegistryError",
    "UnknownModelError",
    "UnknownRunError",
    "UnknownVersionError",
    "Version",
]
