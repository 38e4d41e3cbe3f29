"""What a pull asks: which version of a model this device takes."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.support.channels import changed, document

from edgewise.updates.channels import Choice, choose
from edgewise.updates.channels_errors import ChannelError, ChannelTargetError, UnknownChannelError

NOW = datetime(2026, 11, 23, tzinfo=UTC)
VERSIONS = ("1.0.0", "1.1.0-rc.1", "1.1.0")


@dataclass
class State:
    arm: str | None = None
    experiment: str | None = None


@dataclass
class FakeStore:
    folder: Path
    used: State

    def state(self, name: str) -> State:
        return self.used if name == "base" else State()


@pytest.fixture
def store(tmp_path: Path) -> FakeStore:
    return FakeStore(tmp_path / "store", State())


def everyone(arm: str) -> bytes:
    """Return channels whose experiment takes every device into one arm."""
    found = document()
    for each in found["experiments"][0]["arms"]:
        each["slots"], each["share"] = ([[0, 10000]], 1.0) if each["name"] == arm else ([], 0.0)
    return json.dumps(found).encode()


def test_the_arm_decides_and_a_device_that_leaves_it_goes_back(store: FakeStore) -> None:
    found = choose(everyone("challenger"), "base", "stable", store, VERSIONS, now=NOW)
    assert found == Choice("1.1.0", False, "challenger", "tone")
    store.used = State("challenger", "tone")
    assert choose(everyone("challenger"), "base", "stable", store, VERSIONS, now=NOW) == found
    plain = json.dumps(changed("experiments", [])).encode()
    assert choose(plain, "base", "stable", store, VERSIONS, now=NOW) == Choice("1.0.0", True)
    assert choose(plain, "base", "canary", store, VERSIONS, now=NOW).version == "1.1.0-rc.1"


def test_without_a_document_stable_is_the_newest_release(store: FakeStore) -> None:
    versions = ("1.9.0", "1.10.0", "2.0.0-rc.1")
    assert choose(None, "base", "stable", store, versions) == Choice("1.10.0")
    with pytest.raises(UnknownChannelError, match="canary"):
        choose(None, "base", "canary", store, versions)
    with pytest.raises(ChannelTargetError, match="No version is published"):
        choose(None, "base", "stable", store, ())


def test_a_version_that_is_not_published_is_named(store: FakeStore) -> None:
    with pytest.raises(ChannelTargetError, match=r"tone/challenger leads to base@1\.1\.0") as caught:
        choose(everyone("challenger"), "base", "stable", store, ("1.0.0",), now=NOW)
    assert caught.value.known == ("1.0.0",)


def test_a_broken_document_is_an_update_error(store: FakeStore) -> None:
    with pytest.raises(ChannelError):
        choose(b"{}", "base", "stable", store, VERSIONS)
