"""Recipes: a teacher as a file, from the encoder it begins with to the rates it is trained at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from edgewise_cloud.teacher.errors import RecipeError, RecipeNotFoundError
from edgewise_cloud.teacher.recipe_check import demand_sense, made

FOLDER = Path(__file__).parent / "recipes"


@dataclass(frozen=True, slots=True)
class FineTuning:
    """How an encoder is fine-tuned.

    Attributes:
        epochs: Passes over the sampled rows.
        tokens_per_batch: Size of a micro-batch, padding included.
        accumulate: Micro-batches of a step, over all processes together at least one each.
        rate: Highest learning rate of the encoder; it warms up, then falls in a line to 0.
        head_rate: Learning rate of what is new: heads and offsets.
        warm_up: Share of the steps.
        decay: Weight decay, of matrices only.
        clip: Largest norm of the gradient.
        precision: "no", "bf16" or "fp16" (the last on GPUs only).
        dropout: Of the pooled features; the encoder keeps its own.
        task_weights: Weight of each task's loss; 1 where none is given.
        evaluate_every: Steps between two looks at dev; 0: after each epoch.
        checkpoint_every: Steps between two checkpoints.
        patience: Looks at dev without gain after which training ends; 0: never early.
        dev_rows: Rows of each set that a look at dev takes, at most.
        seed: Of every random choice.
    """

    epochs: int = 2
    tokens_per_batch: int = 4096
    accumulate: int = 1
    rate: float = 5e-5
    head_rate: float = 5e-4
    warm_up: float = 0.06
    decay: float = 0.01
    clip: float = 1.0
    precision: str = "bf16"
    dropout: float = 0.1
    task_weights: Mapping[str, float] = field(default_factory=dict)
    evaluate_every: int = 0
    checkpoint_every: int = 200
    patience: int = 0
    dev_rows: int = 400
    seed: int = 17


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which rows an epoch visits.

    Attributes:
        whole: Rows of a set that are visited in every epoch; of more rows, a thinned share.
        thinning: Power to which the rest is raised.
        most: Rows a set at most, by name, where the rule above takes too many.
    """

    whole: int = 8000
    thinning: float = 0.8
    most: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MaskedPretraining:
    """Continued pre-training on raw text (Gururangan et al., "Don't Stop Pretraining", 2020).

    Attributes:
        texts: Raw lines a language, at most.
        sentences: Lines a language from the sentences for language identification, at most.
        pairs: English sentences with their translation behind them, at most (Conneau and Lample,
            "Cross-lingual Language Model Pretraining", 2019).
        labelled: Whether the texts of the training rows are read, too.
        epochs: Passes over them.
        share: Share of the tokens to be guessed.
        rate: Highest learning rate.
        tokens_per_batch: Size of a step.
    """

    texts: int = 20_000
    sentences: int = 0
    pairs: int = 0
    labelled: bool = False
    epochs: int = 1
    share: float = 0.15
    rate: float = 1e-4
    tokens_per_batch: int = 4096


@dataclass(frozen=True, slots=True)
class Alignment:
    """Alignment to an English teacher through parallel sentences (Reimers and Gurevych, 2020).

    Attributes:
        teacher: Folder of the English teacher; its side is read by it, both sides by the one in training.
        pairs: Pairs at most.
        epochs: Passes over them.
        rate: Highest learning rate.
        tokens_per_batch: Size of a step.
        cost: Points of the dev figure (0.01 is one) that it may cost; if it costs more, it is undone.
    """

    teacher: str
    pairs: int = 88_000
    epochs: int = 1
    rate: float = 3e-4
    tokens_per_batch: int = 4096
    cost: float = 0.005


@dataclass(frozen=True, slots=True)
class Compact:
    """An encoder of BERT's form made from nothing, with a tokenizer of its own, where none can be had.

    Attributes:
        vocabulary: Tokens.
        width: Features of a token.
        layers: Transformer layers.
        heads: Attention heads.
        inner: Features inside a feed-forward layer.
        begin: Pretrained encoder of the same width, whose layers and words it begins with (see
            `edgewise_cloud.teacher.growing`); empty: it begins at random.
    """

    vocabulary: int = 32_000
    width: int = 256
    layers: int = 4
    heads: int = 4
    inner: int = 1024
    begin: str = ""


@dataclass(frozen=True, slots=True)
class TeacherRecipe:
    """A teacher.

    Attributes:
        name: Short name, also that in the registry.
        encoder: What it begins with: a folder, a hub name, or package:NAME; empty with `compact`.
        tasks: Tasks that it learns.
        languages: Languages of its rows; None for all.
        max_tokens: Tokens of a text, special ones included.
        prepare: Settings of `edgewise_cloud.prepare.PrepareConfig`.
        sampling: Which rows an epoch visits.
        training: How it is fine-tuned.
        compact: Make the encoder from nothing instead.
        pretraining: Masked language modelling before fine-tuning.
        alignment: Alignment to an English teacher, after fine-tuning.
        gates: Name or path of the file of gates that it must pass.
    """

    name: str
    encoder: str
    tasks: tuple[str, ...]
    languages: tuple[str, ...] | None = None
    max_tokens: int = 64
    prepare: Mapping[str, Any] = field(default_factory=dict)
    sampling: Sampling = field(default_factory=Sampling)
    training: FineTuning = field(default_factory=FineTuning)
    compact: Compact | None = None
    pretraining: MaskedPretraining | None = None
    alignment: Alignment | None = None
    gates: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as JSON-ready values."""
        values: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return values

    def changed(self, changes: Mapping[str, Any]) -> TeacherRecipe:
        """Return the recipe with some values replaced: {"training.rate": 1e-4, "encoder": "folder"}.

        Raises:
            RecipeError: A name is none of the recipe's fields, or a value is impossible.
        """
        whole = self.to_dict()
        for name, value in changes.items():
            place, *rest = name.split(".")
            inner = whole
            while rest:
                if inner is whole and place in _PARTS and whole[place] is None:
                    whole[place] = {}
                if not isinstance(inner.get(place), dict):
                    raise RecipeError(self.name, name, "is not a field")
                inner, place, rest = inner[place], rest[0], rest[1:]
            if place not in inner and inner is whole:
                raise RecipeError(self.name, name, "is not a field")
            inner[place] = value
        return recipe_from(whole, self.name)


_PARTS = {
    "sampling": Sampling,
    "training": FineTuning,
    "compact": Compact,
    "pretraining": MaskedPretraining,
    "alignment": Alignment,
}


def recipe_from(values: Mapping[str, Any], name: str = "recipe") -> TeacherRecipe:
    """Make a recipe of JSON values.

    Raises:
        RecipeError: A field is unknown, missing or impossible.
    """
    name = str(values.get("name", name))
    given = dict(values)
    for part, kind in _PARTS.items():
        if given.get(part) is not None:
            given[part] = made(kind, given[part], name, f"{part}.")
        elif part in ("sampling", "training"):
            given.pop(part, None)
    recipe: TeacherRecipe = made(TeacherRecipe, given, name, "")
    demand_sense(recipe)
    return recipe


def recipe_names() -> list[str]:
    """Return the names of the recipes that come with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def load_recipe(name: str | Path) -> TeacherRecipe:
    """Read a recipe.

    Args:
        name: Path of a JSON file, or the name of a recipe that comes with the package.

    Raises:
        RecipeNotFoundError: There is none.
        RecipeError: It is no JSON, or says something impossible.
    """
    path = Path(name)
    if not path.is_file():
        path = FOLDER / f"{name}.json"
    if not path.is_file():
        raise RecipeNotFoundError(str(name), recipe_names())
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecipeError(path.stem, "the file", f"is no JSON ({error})") from error
    if not isinstance(values, dict):
        raise RecipeError(path.stem, "the file", "must be a JSON object")
    return recipe_from(values, path.stem)


def load_overrides(path: Path) -> dict[str, Any]:
    """Read changes for `TeacherRecipe.changed` from a JSON file, values inside objects or by dotted names.

    Raises:
        RecipeError: It is no JSON object.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecipeError(path.name, "the file", f"is no JSON ({error})") from error
    if not isinstance(values, dict):
        raise RecipeError(path.name, "the file", "must be a JSON object")
    found: dict[str, Any] = {}
    for name, value in values.items():
        inside = isinstance(value, dict) and name in _PARTS
        found |= {f"{name}.{key}": each for key, each in value.items()} if inside else {name: value}
    return found


def tiny(recipe: TeacherRecipe, rows: int) -> TeacherRecipe:
    """Return the recipe for a quick try: `rows` of each set, short texts, one epoch."""
    return replace(
        recipe,
        max_tokens=min(recipe.max_tokens, 32),
        prepare={**recipe.prepare, "limit": rows},
        training=replace(
            recipe.training, epochs=1, tokens_per_batch=min(recipe.training.tokens_per_batch, 1024)
        ),
    )
