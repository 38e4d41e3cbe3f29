"""A class whose slots are filled quickly is the dataclass that it was."""

import copy
import inspect
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, dataclass, fields, replace

import pytest

from edgewise import Analyzer
from edgewise.results import Analysis, Prediction
from edgewise.slotted import Late, late, quick_init
from edgewise.text import Normalized


@dataclass(frozen=True, slots=True)
class Plain:
    """As `dataclass` makes it."""

    first: int
    second: str = "two"


@quick_init
@dataclass(frozen=True, slots=True)
class Quick:
    """The same, quickly."""

    first: int
    second: str = "two"


def test_it_is_made_with_positions_names_and_defaults() -> None:
    assert repr(Quick(1)) == "Quick(first=1, second='two')"
    assert Quick(1, "x") == Quick(second="x", first=1) != Quick(1)
    assert hash(Quick(1)) == hash(Quick(1, "two"))


def test_its_signature_is_that_of_the_dataclass() -> None:
    assert inspect.signature(Quick) == inspect.signature(Plain)
    assert Quick.__init__.__annotations__ == Plain.__init__.__annotations__
    assert Quick.__init__.__module__ == __name__
    assert Quick.__match_args__ == Plain.__match_args__
    assert [each.name for each in fields(Quick)] == [each.name for each in fields(Plain)]


@pytest.mark.parametrize("arguments", [(), (1, "x", 3)])
def test_wrong_arguments_are_refused_in_the_same_words(arguments: tuple[object, ...]) -> None:
    with pytest.raises(TypeError) as plain:
        Plain(*arguments)  # type: ignore[arg-type]
    with pytest.raises(TypeError) as quick:
        Quick(*arguments)  # type: ignore[arg-type]
    assert str(quick.value) == str(plain.value).replace("Plain", "Quick")


def test_it_stays_frozen_and_takes_no_other_attribute() -> None:
    with pytest.raises(FrozenInstanceError):
        Quick(1).first = 2  # type: ignore[misc]
    with pytest.raises((FrozenInstanceError, TypeError)):
        Quick(1).third = 2  # type: ignore[attr-defined]


def test_it_can_be_copied_replaced_and_pickled() -> None:
    made = Quick(1, "x")
    assert copy.deepcopy(made) == replace(made) == pickle.loads(pickle.dumps(made)) == made
    assert replace(made, first=2) == Quick(2, "x")


@pytest.mark.parametrize("kind", [Prediction, Analysis, Normalized])
def test_the_sdk_uses_it_on_classes_that_it_suits(kind: type) -> None:
    names = [each.name for each in fields(kind)]
    code = vars(kind)["__init__"].__code__
    assert list(code.co_varnames[1 : code.co_argcount]) == names
    assert f"set_{names[0]}" in code.co_names


@late("second")
@quick_init
@dataclass(frozen=True, slots=True)
class Slow:
    """One field of it may be made later."""

    first: int
    second: str = "two"


def test_a_late_value_is_made_once_when_it_is_read() -> None:
    made: list[int] = []

    def make() -> str:
        made.append(1)
        return "late"

    slow = Slow(1, Late(make))  # type: ignore[arg-type]
    assert made == []
    assert [slow.second, slow.second] == ["late", "late"]
    assert made == [1]
    assert Slow(1).second == "two"


@pytest.mark.parametrize("use", [copy.copy, copy.deepcopy, replace, lambda x: pickle.loads(pickle.dumps(x))])
def test_what_has_a_late_value_is_like_what_has_it_already(use: Callable[[Slow], Slow]) -> None:
    def given() -> Slow:
        return Slow(1, Late(lambda: "late"))  # type: ignore[arg-type]

    assert use(given()) == Slow(1, "late")
    assert repr(given()) == "Slow(first=1, second='late')"
    assert hash(given()) == hash(Slow(1, "late"))
    assert asdict(given()) == {"first": 1, "second": "late"}
    with pytest.raises(FrozenInstanceError):
        given().second = "other"  # type: ignore[misc]


def test_the_languages_of_an_answer_are_named_when_they_are_asked_for() -> None:
    with Analyzer(tasks=["language"]) as analyzer:
        told, again = (analyzer.analyze("What a lovely day this is!").language for _ in range(2))
    assert pickle.loads(pickle.dumps(told)) == again
    assert told.scores is told.scores
    assert told.scores[told.label] == told.score
    assert sum(told.scores.values()) == pytest.approx(1.0, abs=1e-5)
