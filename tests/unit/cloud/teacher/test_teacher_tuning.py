"""What `edgewise tune` calls for each trial."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.teachers import tiny_recipe

from edgewise_cloud.catalogue import Catalogue
from edgewise_cloud.teacher.errors import RecipeError, RecipeNotFoundError
from edgewise_cloud.teacher.tuning import objective_for


class Pruned(Exception):
    """A tuner has seen enough."""


@pytest.fixture
def recipe(encoder: Callable[[str], Path], tmp_path: Path) -> Path:
    path = tmp_path / "tiny.json"
    path.write_text(json.dumps(tiny_recipe(encoder("bert"), **{"prepare.limit": 30}).to_dict()))
    return path


def test_a_trial_trains_with_its_values_and_tells_its_figures(
    recipe: Path, catalogue: Catalogue, tmp_path: Path
) -> None:
    objective = objective_for(recipe, catalogue)
    told: list[tuple[int, float]] = []
    values = {"training.rate": 2e-3, "training.precision": "bf16", "training.epochs": 3}
    found = objective(values, lambda step, figure: told.append((step, figure)), tmp_path / "trial-1")
    assert found == max(figure for _, figure in told)
    assert [step for step, _ in told] == sorted({step for step, _ in told})
    assert len(told) == 3
    run = json.loads((tmp_path / "trial-1/run.json").read_text())
    assert run["recipe"]["training"]["rate"] == 2e-3
    # Another precision in the same process, the same rows.
    objective({"training.precision": "no"}, lambda step, figure: None, tmp_path / "trial-2")
    assert len(list(tmp_path.glob("rows-*"))) == 1
    objective({"training.seed": 4}, lambda step, figure: None, tmp_path / "trial-3")
    assert len(list(tmp_path.glob("rows-*"))) == 2


def test_a_trial_can_be_ended_early_and_gone_on_with(
    recipe: Path, catalogue: Catalogue, tmp_path: Path
) -> None:
    objective = objective_for(recipe, catalogue)

    def prune(step: int, figure: float) -> None:
        raise Pruned

    with pytest.raises(Pruned):
        objective({}, prune, tmp_path / "trial-1")
    assert not (tmp_path / "trial-1/teacher").exists()
    objective({}, lambda step, figure: None, tmp_path / "trial-1")
    assert (tmp_path / "trial-1/teacher/teacher.json").exists()


def test_impossible_values_are_named(recipe: Path, catalogue: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"training\.rates"):
        objective_for(recipe, catalogue)({"training.rates": 1}, lambda step, figure: None, tmp_path / "t")
    with pytest.raises(RecipeNotFoundError):
        objective_for("nothing", catalogue)
