"""What `edgewise tune` maximises: the figure on dev of a teacher that is trained with some values changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from edgewise_cloud.catalogue import SHIPPABLE, Catalogue
from edgewise_cloud.teacher.pipeline import Report, train_teacher
from edgewise_cloud.teacher.recipe import TeacherRecipe, load_recipe


def objective_for(
    recipe: str | Path, catalogue: Catalogue, licences: Iterable[str] = SHIPPABLE
) -> Callable[[dict[str, Any], Report, Path], float]:
    """Return what trains a teacher with some values of a recipe changed, and says how good it became.

    Trials that prepare the same rows share them, in a folder beside theirs.

    Args:
        recipe: Name of a recipe, or its file.
        catalogue: The data.
        licences: Licence classes that may be trained on.

    Returns:
        A function of values by dotted name, of what is told each step with its figure and may raise to end
        the trial, and of the trial's work folder; it returns the best mean figure that dev rows gave.

    Raises:
        RecipeNotFoundError: There is no such recipe.
        RecipeError: It says something impossible; so may a trial's values.
    """
    base = load_recipe(recipe)
    allowed = frozenset(licences)

    def run(params: dict[str, Any], report: Report, work: Path) -> float:
        chosen = base.changed(params)
        rows = work.parent / f"rows-{_rows_key(chosen, allowed)}"
        return train_teacher(chosen, catalogue, work, allowed, report=report, rows=rows).best

    return run


def _rows_key(recipe: TeacherRecipe, licences: frozenset[str]) -> str:
    """Return a short name for all that prepared rows depend on."""
    whole = recipe.to_dict()
    parts = [whole["prepare"], whole["languages"], whole["tasks"], recipe.training.seed, sorted(licences)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]
