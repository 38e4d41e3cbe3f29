"""Search spaces as data, and their faults."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise_cloud.tune import SpaceError, SpaceFileError, load_space, nested, parse_space, write_overrides

GOOD = {
    "training.rate": {"type": "float", "low": 1e-5, "high": 1e-3, "log": True},
    "training.epochs": {"type": "int", "low": 1, "high": 4},
    "pooling": {"type": "choice", "choices": ["mean", "first", None, 1, True]},
}


def test_a_space_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "space.json"
    path.write_text(json.dumps(GOOD), encoding="utf-8")
    space = load_space(path)
    assert parse_space(space.to_dict()) == space
    assert [each.name for each in space.parameters] == list(GOOD)
    assert space.parameters[1].to_dict() == {"type": "int", "low": 1, "high": 4, "log": False}


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ("0.1", "type"),
        ({}, "type"),
        ({"type": "uniform", "low": 0, "high": 1}, "type"),
        ({"type": "float", "low": 0}, "'high' is None"),
        ({"type": "float", "low": 2, "high": 1}, "above"),
        ({"type": "float", "low": 0, "high": 1, "log": True}, "above 0"),
        ({"type": "float", "low": 0, "high": 1, "log": "yes"}, "neither"),
        ({"type": "float", "low": "0", "high": 1}, "'low' is '0'"),
        ({"type": "float", "low": 0, "high": float("inf")}, "inf"),
        ({"type": "int", "low": 0.5, "high": 1}, "0.5"),
        ({"type": "int", "low": True, "high": 1}, "True"),
        ({"type": "int", "low": 0, "high": 1, "step": 2}, "'step'"),
        ({"type": "choice"}, "no list"),
        ({"type": "choice", "choices": []}, "no list"),
        ({"type": "choice", "choices": [[1]]}, "not all"),
        ({"type": "choice", "choices": ["a", "a"]}, "twice"),
    ],
)
def test_a_parameter_that_cannot_be_is_named(facts: object, message: str) -> None:
    with pytest.raises(SpaceError, match=message) as caught:
        parse_space({"training.rate": facts})
    assert caught.value.name == "training.rate"


@pytest.mark.parametrize("name", ["", "a.", ".a", "a..b"])
def test_a_name_is_a_dotted_path(name: str) -> None:
    with pytest.raises(SpaceError, match="empty"):
        parse_space({name: {"type": "int", "low": 0, "high": 1}})


@pytest.mark.parametrize("content", ["", "[]", "{}", "{", "\x00"])
def test_what_is_no_space_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "space.json"
    with pytest.raises(SpaceFileError, match=r"space\.json"):
        load_space(path)
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SpaceFileError, match=r"docs/tuning\.md"):
        load_space(path)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,4}\.[a-z]{1,4}", fullmatch=True), st.integers()))
def test_overrides_hold_every_value_at_its_place(params: dict[str, int]) -> None:
    found = nested(params)
    assert {f"{a}.{b}": value for a, inner in found.items() for b, value in inner.items()} == params


def test_overrides_are_written_in_the_form_of_a_recipe(tmp_path: Path) -> None:
    write_overrides({"training.rate": 0.1, "name": "ä"}, tmp_path / "new" / "best.json")
    text = (tmp_path / "new" / "best.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"training": {"rate": 0.1}, "name": "ä"}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["best.json"]
