"""Recipes: those of the package, and what a file may not say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.labels import TASKS
from edgewise_cloud.gates import load_gates
from edgewise_cloud.teacher.errors import RecipeError, RecipeNotFoundError
from edgewise_cloud.teacher.recipe import (
    TeacherRecipe,
    load_overrides,
    load_recipe,
    recipe_from,
    recipe_names,
    tiny,
)

SMALL = {"name": "mine", "encoder": "folder", "tasks": ["sentiment"]}

NAMES = (
    "bert_sentiment",
    "compact_multilingual",
    "distilbert_emotion",
    "minilm_english",
    "roberta_toxicity",
    "xlmr_language",
)


def test_the_package_has_the_promised_recipes() -> None:
    assert set(NAMES) <= set(recipe_names())


@pytest.mark.parametrize("name", NAMES)
def test_a_packaged_recipe_loads_and_comes_back_from_its_json(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.tasks
    assert set(recipe.tasks) <= set(TASKS)
    assert recipe_from(recipe.to_dict()) == recipe
    assert json.loads(json.dumps(recipe.to_dict())) == recipe.to_dict()
    if recipe.gates is not None:
        assert any(gate.task in recipe.tasks for gate in load_gates(recipe.gates).gates)


@pytest.mark.parametrize(
    ("name", "encoder", "task"),
    [
        ("bert_sentiment", "bert-base-uncased", "sentiment"),
        ("roberta_toxicity", "roberta-base", "toxicity"),
        ("distilbert_emotion", "distilbert-base-uncased", "emotion"),
        ("xlmr_language", "xlm-roberta-base", "language"),
    ],
)
def test_the_four_begin_with_what_is_promised(name: str, encoder: str, task: str) -> None:
    recipe = load_recipe(name)
    assert recipe.encoder.split("/")[-1] == encoder
    assert recipe.tasks == (task,)


def test_values_are_changed_by_dotted_names() -> None:
    recipe = recipe_from(SMALL)
    changed = recipe.changed(
        {
            "training.rate": 1e-4,
            "encoder": "other",
            "prepare.limit": 5,
            "sampling.most": {"sentiment/en_sst": 9},
            "pretraining.texts": 7,
        }
    )
    assert (changed.training.rate, changed.encoder, changed.prepare) == (1e-4, "other", {"limit": 5})
    assert changed.sampling.most == {"sentiment/en_sst": 9}
    assert changed.pretraining is not None
    assert changed.pretraining.texts == 7
    assert recipe.pretraining is None
    assert changed.changed({"pretraining": None}).pretraining is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"nothing": 1}, "nothing"),
        ({"training.nothing": 1}, "training.nothing"),
        ({"name.first": "x"}, "name.first"),
        ({"training": 3}, "training"),
        ({"training": None, "sampling": []}, "sampling"),
        ({"name": 3}, "name"),
        ({"encoder": None}, "encoder"),
        ({"tasks": []}, "tasks"),
        ({"tasks": 5}, "tasks"),
        ({"tasks": "sentiment"}, "tasks"),
        ({"tasks": ["mood"]}, "tasks"),
        ({"tasks": ["sentiment", "sentiment"]}, "tasks"),
        ({"tasks": ["sentiment", "language"]}, "tasks"),
        ({"languages": "en"}, "languages"),
        ({"languages": []}, "languages"),
        ({"encoder": ""}, "encoder"),
        ({"compact.width": 64}, "encoder"),
        ({"encoder": "", "compact": {"width": 65, "heads": 4}}, "compact.width"),
        ({"encoder": "", "compact.layers": 0}, "compact.layers"),
        ({"max_tokens": 3}, "max_tokens"),
        ({"max_tokens": 64.0}, "max_tokens"),
        ({"prepare": [1]}, "prepare"),
        ({"gates": 5}, "gates"),
        ({"sampling.most": {"a": 0}}, "sampling.most"),
        ({"sampling.most": {"a": "many"}}, "sampling.most"),
        ({"sampling.thinning": 1.5}, "sampling.thinning"),
        ({"training.precision": "half"}, "training.precision"),
        ({"training.epochs": True}, "training.epochs"),
        ({"training.epochs": 0}, "training.epochs"),
        ({"training.rate": "fast"}, "training.rate"),
        ({"training.rate": float("nan")}, "training.rate"),
        ({"training.rate": -1}, "training.rate"),
        ({"training.dropout": 1}, "training.dropout"),
        ({"training.seed": -1}, "training.seed"),
        ({"training.task_weights": {"emotion": 2}}, "training.task_weights"),
        ({"training.task_weights": [1]}, "training.task_weights"),
        ({"pretraining.share": 0}, "pretraining.share"),
        ({"alignment": {}}, "alignment.teacher"),
        ({"alignment.pairs": 3}, "alignment.teacher"),
    ],
)
def test_what_a_recipe_cannot_say_names_the_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(RecipeError) as caught:
        recipe_from(SMALL).changed(changes)
    assert f"{field} " in str(caught.value)
    assert "\n" not in str(caught.value)


@given(
    st.dictionaries(
        st.sampled_from([*SMALL, "training", "sampling", "languages", "max_tokens", "compact", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2)
            ),
            max_leaves=4,
        ),
    )
)
def test_whatever_a_file_says_is_a_recipe_or_a_named_error(values: dict[str, Any]) -> None:
    try:
        assert isinstance(recipe_from({**SMALL, **values}), TeacherRecipe)
    except RecipeError as error:
        assert "can't be used" in str(error)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_a_missing_field_is_named(name: str) -> None:
    with pytest.raises(RecipeError, match=f"{name} (is missing|must)"):
        recipe_from({key: value for key, value in SMALL.items() if key != name})


def test_a_recipe_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(RecipeNotFoundError, match="minilm_english"):
        load_recipe("minilm")


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "\xff"])
def test_a_file_that_is_no_recipe_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(RecipeError, match="mine"):
        load_recipe(path)
    with pytest.raises(RecipeError, match="mine"):
        load_overrides(path)


def test_overrides_are_read_as_tuning_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "best.json"
    path.write_text(
        '{"training": {"rate": 0.1}, "max_tokens": 9, "sampling.whole": 3, "prepare": {"limit": 4}}'
    )
    found = load_overrides(path)
    assert found == {"training.rate": 0.1, "max_tokens": 9, "sampling.whole": 3, "prepare": {"limit": 4}}
    assert recipe_from(SMALL).changed(found).training.rate == 0.1


def test_a_quick_try_is_short_and_takes_few_rows() -> None:
    recipe = tiny(load_recipe("roberta_toxicity"), 50)
    assert recipe.prepare["limit"] == 50
    assert recipe.training.epochs == 1
    assert recipe.max_tokens <= 32
    assert recipe.tasks == ("toxicity",)
