"""Tuning: Optuna over a recipe's parameters, with pruning, and a database that several workers share.

Example::

    from pathlib import Path
    from edgewise_cloud.tune import load_space, search, write_overrides

    found = search(objective, load_space(Path("space.json")), "english", "sqlite:///tune.db", trials=30,
                   seed=1, pruner="median", work=Path("runs/tune"))
    write_overrides(found.params, Path("best.json"))
"""

from edgewise_cloud.tune.errors import (
    NoTrialError,
    PrunerError,
    SpaceError,
    SpaceFileError,
    StudyChangedError,
    StudyStorageError,
    StudyUrlError,
    TrialsFailError,
    TuneError,
)
from edgewise_cloud.tune.objective import Objective, nested, teacher_objective, write_overrides
from edgewise_cloud.tune.search import PRUNERS, SearchResult, search
from edgewise_cloud.tune.space import Parameter, Space, load_space, parse_space

__all__ = [
    "PRUNERS",
    "NoTrialError",
    "Objective",
    "Parameter",
    "PrunerError",
    "SearchResult",
    "Space",
    "SpaceError",
    "SpaceFileError",
    "StudyChangedError",
    "StudyStorageError",
    "StudyUrlError",
    "TrialsFailError",
    "TuneError",
    "load_space",
    "nested",
    "parse_space",
    "search",
    "teacher_objective",
    "write_overrides",
]
