"""Teachers: large models fine-tuned on the catalogue, which the students learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgewise_cloud.teacher.pipeline import Outcome, train_teacher
    from edgewise_cloud.teacher.recipe import TeacherRecipe, load_recipe
    from edgewise_cloud.teacher.saved import Teacher

__all__ = ["Outcome", "Teacher", "TeacherRecipe", "load_recipe", "train_teacher"]

_HOMES = {
    "Outcome": "pipeline",
    "Teacher": "saved",
    "TeacherRecipe": "recipe",
    "load_recipe": "recipe",
    "train_teacher": "pipeline",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for: torch and transformers take seconds."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
