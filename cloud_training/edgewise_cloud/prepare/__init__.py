"""Data preparation: from the catalogue to rows that a model may be trained on.

Example::

    from edgewise_cloud.catalogue import SHIPPABLE, load_catalogue
    from edgewise_cloud.prepare import PrepareConfig, prepare_rows

    prepared = prepare_rows(load_catalogue(folder), PrepareConfig(), SHIPPABLE, tasks=["sentiment"])
    prepared.train, prepared.dev        # Examples, texts normalised
    print(prepared.report)              # rows in and out of each step
"""

from edgewise_cloud.prepare.config import PrepareConfig
from edgewise_cloud.prepare.errors import (
    LeakError,
    NothingLeftError,
    NothingToTrainError,
    OneClassError,
    PrepareConfigError,
    PrepareError,
    RowsFileError,
    UnknownTaskNameError,
)
from edgewise_cloud.prepare.pipeline import Prepared, prepare_rows
from edgewise_cloud.prepare.report import PrepareReport, Step
from edgewise_cloud.prepare.store import load_examples, save_examples

__all__ = [
    "LeakError",
    "NothingLeftError",
    "NothingToTrainError",
    "OneClassError",
    "PrepareConfig",
    "PrepareConfigError",
    "PrepareError",
    "PrepareReport",
    "Prepared",
    "RowsFileError",
    "Step",
    "UnknownTaskNameError",
    "load_examples",
    "prepare_rows",
    "save_examples",
]
