"""What a recipe may say: kinds and ranges of its values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any

from edgewise.labels import TASKS
from edgewise_cloud.teacher.errors import RecipeError

if TYPE_CHECKING:
    from edgewise_cloud.teacher.recipe import TeacherRecipe

PRECISIONS = ("no", "bf16", "fp16")

# Least values; what is not here may be anything.
_LEAST = {
    "max_tokens": 4,
    "sampling.whole": 0,
    "sampling.thinning": 0,
    "training.epochs": 1,
    "training.tokens_per_batch": 1,
    "training.accumulate": 1,
    "training.rate": 0,
    "training.head_rate": 0,
    "training.warm_up": 0,
    "training.decay": 0,
    "training.dropout": 0,
    "training.evaluate_every": 0,
    "training.checkpoint_every": 1,
    "training.patience": 0,
    "training.dev_rows": 1,
    "training.seed": 0,
    "compact.vocabulary": 300,
    "compact.width": 1,
    "compact.layers": 1,
    "compact.heads": 1,
    "compact.inner": 1,
    "pretraining.texts": 0,
    "pretraining.sentences": 0,
    "pretraining.pairs": 0,
    "pretraining.epochs": 1,
    "pretraining.share": 0.01,
    "pretraining.rate": 0,
    "pretraining.tokens_per_batch": 1,
    "alignment.pairs": 1,
    "alignment.epochs": 1,
    "alignment.rate": 0,
    "alignment.tokens_per_batch": 1,
    "alignment.cost": 0,
}
_MOST = {
    "sampling.thinning": 1,
    "training.warm_up": 1,
    "training.dropout": 0.99,
    "training.seed": 2**31 - 1,  # it is the upper half of each step's own seed
    "pretraining.share": 0.99,
}


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _names(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(map(_text, value))


def _map(inner: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, Mapping) and all(_text(key) and inner(each) for key, each in value.items())
    )


# By annotation: what fits, and its name for people.
_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "int": (_whole, "whole number"),
    "float": (_number, "number"),
    "bool": (lambda value: isinstance(value, bool), "true or false"),
    "str": (_text, "text"),
    "str | None": (lambda value: value is None or _text(value), "text"),
    "tuple[str, ...]": (_names, "list of texts"),
    "tuple[str, ...] | None": (lambda value: value is None or _names(value), "list of texts"),
    "Mapping[str, float]": (_map(_number), "object of numbers"),
    "Mapping[str, int]": (_map(_whole), "object of whole numbers"),
    "Mapping[str, Any]": (_map(lambda _: True), "object"),
}


def made(kind: Any, given: Any, name: str, prefix: str) -> Any:
    """Make a part of a recipe of JSON values.

    Args:
        kind: One of the recipe's dataclasses.
        given: Its values.
        name: Of the recipe, for messages.
        prefix: Place of the part in the recipe, with a point at its end.

    Raises:
        RecipeError: A field is unknown or missing, or of another kind.
    """
    whole = prefix.rstrip(".") or "the file"
    if not isinstance(given, Mapping):
        raise RecipeError(name, whole, "must be a JSON object")
    known = {item.name: item for item in fields(kind)}
    for key, value in given.items():
        if key not in known:
            raise RecipeError(name, f"{prefix}{key}", f"is not a field; there are {', '.join(known)}")
        fits, what = _KINDS.get(str(known[key].type), (lambda _: True, ""))
        if not fits(value):
            raise RecipeError(name, f"{prefix}{key}", f"is {value!r}, which is no {what}")
        if _number(value):
            _demand_range(name, f"{prefix}{key}", value)
    for key, item in known.items():
        if key not in given and item.default is MISSING and item.default_factory is MISSING:
            raise RecipeError(name, f"{prefix}{key}", "is missing")
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in given.items()})


def _demand_range(name: str, place: str, value: float) -> None:
    if value < _LEAST.get(place, value):
        raise RecipeError(name, place, f"is {value}, and must be at least {_LEAST[place]}")
    if value > _MOST.get(place, value):
        raise RecipeError(name, place, f"is {value}, and must be at most {_MOST[place]}")


def demand_sense(recipe: TeacherRecipe) -> None:
    """Demand that the values of a recipe go together.

    Raises:
        RecipeError: They do not.
    """
    tasks, training = recipe.tasks, recipe.training
    unknown = [task for task in tasks if task not in TASKS]
    weighted = [task for task in training.task_weights if task not in tasks]
    compact = recipe.compact
    rules = (
        (bool(unknown) or not tasks, "tasks", f"must be some of {', '.join(TASKS)}"),
        (len(set(tasks)) < len(tasks), "tasks", "names one twice"),
        (
            "language" in tasks and len(tasks) > 1,
            "tasks",
            "can't mix language with tasks that have other rows",
        ),
        (recipe.languages == (), "languages", "is empty; leave it out, or null, for all"),
        (not recipe.encoder and compact is None, "encoder", "is empty and there is no 'compact'"),
        (bool(recipe.encoder) and compact is not None, "encoder", "and 'compact' are both there: keep one"),
        (
            training.precision not in PRECISIONS,
            "training.precision",
            f"must be one of {', '.join(PRECISIONS)}",
        ),
        (bool(weighted), "training.task_weights", f"names {', '.join(weighted)}, which the recipe has not"),
        (
            min(recipe.sampling.most.values(), default=1) < 1,
            "sampling.most",
            "must be at least 1 for each set",
        ),
        (
            compact is not None and compact.width % compact.heads > 0,
            "compact.width",
            "must be a multiple of compact.heads",
        ),
    )
    for wrong, field, why in rules:
        if wrong:
            raise RecipeError(recipe.name, field, why)
