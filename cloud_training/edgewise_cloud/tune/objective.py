"""What a search maximises."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from edgewise_cloud.train.work_folder import replace_file

if TYPE_CHECKING:
    from edgewise_cloud.catalogue import Catalogue

Report = Callable[[int, float], None]
"""Told the step and the figure; raises to end a trial that is not worth going on with, so let it through."""


class Objective(Protocol):
    """Trains with some values and says how good that was."""

    def __call__(self, params: dict[str, Any], report: Report, work: Path) -> float:
        """Run one trial.

        Args:
            params: Values by dotted name in the recipe.
            report: To be told steps and figures.
            work: Folder of the trial. The second try of a trial that was killed gets the folder of the first
                and may go on from its checkpoint.

        Returns:
            The figure, higher is better.
        """
        ...


def nested(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by dotted names as objects inside objects, the form of a recipe.

    >>> nested({"training.rate": 0.1, "training.epochs": 2, "max_tokens": 64})
    {'training': {'rate': 0.1, 'epochs': 2}, 'max_tokens': 64}
    """
    out: dict[str, Any] = {}
    for name, value in params.items():
        *folders, last = name.split(".")
        place = out
        for folder in folders:
            place = place.setdefault(folder, {})
        place[last] = value
    return out


def write_overrides(params: Mapping[str, Any], path: Path) -> None:
    """Write values as a JSON file that overrides those of a recipe, as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, (json.dumps(nested(params), indent=1, ensure_ascii=False) + "\n").encode())


def teacher_objective(recipe: Path, catalogue: Catalogue) -> Objective:
    """Return the objective that trains the teacher of a recipe."""
    # Not imported above: torch is, too, and takes seconds.
    tuning = import_module("edgewise_cloud.teacher.tuning")
    found: Objective = tuning.objective_for(recipe, catalogue)
    return found
