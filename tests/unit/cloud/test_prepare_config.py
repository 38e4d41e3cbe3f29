"""Settings of data preparation: read from JSON, checked."""

from typing import Any

import pytest

pytest.importorskip("pyarrow")

from edgewise_cloud.prepare import PrepareConfig, PrepareConfigError
from edgewise_cloud.prepare.config import KINDS, AugmentKind


def test_nothing_said_is_the_default() -> None:
    assert PrepareConfig.from_dict({}) == PrepareConfig()


def test_settings_go_there_and_back() -> None:
    raw = {
        "tiers": ["main"],
        "limit": 50,
        "near": {"on": False, "threshold": 1},
        "sampling": {"by": "language", "temperature": 3.3, "rows": None},
        "augment": {"on": True, "kinds": [{"name": "typos", "share": 0.25}, {"name": "emoji"}]},
    }
    config = PrepareConfig.from_dict(raw)
    assert config.tiers == ("main",)
    assert config.near.threshold == 1
    assert config.augment.kinds == (AugmentKind("typos", 0.25), AugmentKind("emoji"))
    assert PrepareConfig.from_dict(config.to_dict()) == config


def test_all_kinds_are_made_unless_some_are_named() -> None:
    assert tuple(kind.name for kind in PrepareConfig().augment.kinds) == KINDS
    assert not PrepareConfig().augment.on


@pytest.mark.parametrize(
    ("raw", "setting", "message"),
    [
        ({"nere": {}}, "nere", "known are"),
        ({"near": {"treshold": 1}}, "near.treshold", "threshold"),
        ({"near": 3}, "near", "expected an object"),
        ({"near": {"threshold": 1.5}}, "near.threshold", "between 0 and 1"),
        ({"near": {"on": 1}}, "near.on", "expected bool"),
        ({"limit": True}, "limit", "expected int"),
        ({"limit": 0}, "limit", "smaller than 1"),
        ({"limit": "5"}, "limit", "expected int"),
        ({"leaks": "keep"}, "leaks", "drop, fail"),
        ({"tiers": "main"}, "tiers", "expected a list"),
        ({"tiers": [1]}, "tiers", "expected str"),
        ({"noisy": {"folds": 1}}, "noisy.folds", "smaller than 2"),
        ({"sampling": {"temperature": 0.5}}, "sampling.temperature", "smaller than 1"),
        ({"augment": {"kinds": [{"share": 0.5}]}}, "augment.kinds", "name"),
        ({"augment": {"kinds": [{"name": "rhymes"}]}}, "augment.kinds.name", "typos"),
        ({"augment": {"kinds": [{"name": "typos", "share": -1}]}}, "augment.kinds.share", "between"),
        ([], "(all)", "expected an object"),
    ],
)
def test_a_wrong_setting_is_named(raw: Any, setting: str, message: str) -> None:
    with pytest.raises(PrepareConfigError, match=message) as caught:
        PrepareConfig.from_dict(raw)
    assert caught.value.setting == setting
