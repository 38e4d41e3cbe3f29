"""Teachers that are trained inside a test, from the mini catalogue and tiny encoders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from edgewise_cloud.catalogue import load_catalogue
from edgewise_cloud.teacher.pipeline import Outcome, train_teacher
from edgewise_cloud.teacher.recipe import (
    Alignment,
    Compact,
    FineTuning,
    MaskedPretraining,
    TeacherRecipe,
    recipe_from,
)

TRAINING = FineTuning(
    epochs=2,
    tokens_per_batch=256,
    rate=1e-3,
    head_rate=1e-2,
    precision="no",
    checkpoint_every=3,
    dev_rows=100,
)


def tiny_recipe(encoder: Path, **changes: Any) -> TeacherRecipe:
    """Return a recipe of three tasks that trains in a second."""
    recipe = TeacherRecipe(
        "tiny",
        str(encoder),
        ("sentiment", "toxicity", "emotion"),
        ("en",),
        24,
        {"limit": 60},
        training=TRAINING,
    )
    return recipe.changed(changes)


def compact_recipe(english: Path | None, **changes: Any) -> TeacherRecipe:
    """Return a recipe with an encoder of its own, pre-training, and alignment to a teacher."""
    recipe = TeacherRecipe(
        "compact",
        "",
        ("sentiment", "toxicity", "emotion"),
        ("en", "de", "sr"),
        24,
        {"limit": 60},
        training=TRAINING,
        compact=Compact(vocabulary=400, width=16, layers=2, heads=2, inner=32),
        pretraining=MaskedPretraining(texts=20, rate=1e-3, tokens_per_batch=128),
        alignment=Alignment(str(english), pairs=60, rate=1e-3, tokens_per_batch=256) if english else None,
    )
    return recipe.changed(changes)


def weights_of(teacher: Path) -> dict[str, torch.Tensor]:
    """Return all tensors of a saved teacher."""
    return {**load_file(teacher / "heads.safetensors"), **load_file(teacher / "encoder/model.safetensors")}


def same_weights(one: Path, other: Path) -> bool:
    """Tell whether two saved teachers have the same weights, to the bit."""
    first, second = weights_of(one), weights_of(other)
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def train_in(work: Path, recipe: dict[str, Any], data: Path) -> Outcome:
    """Train by a recipe's values; what a process of its own runs."""
    from edgewise_cloud.teacher import pipeline

    pipeline.available_threads = lambda: 1
    return train_teacher(recipe_from(recipe), load_catalogue(data), work)
