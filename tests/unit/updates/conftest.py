"""What the tests of updates share."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.update_repository import Made, make_repository

from edgewise.updates import Pulled, Store, pull
from edgewise.updates.network import Network
from edgewise.updates.preflight import Trial
from edgewise.updates.pulling import How

Take = Callable[..., Pulled]


@pytest.fixture(autouse=True)
def no_wait_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a power cut needs it."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture
def no_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the trial in a child process; it has tests of its own."""
    monkeypatch.setattr("edgewise.updates.pulling.run_preflight", lambda *_: Trial(1.0, 2))


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A repository with nothing in it yet."""
    return make_repository(tmp_path)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store of a device, which is also the default one."""
    monkeypatch.setenv("EDGEWISE_STORE", str(tmp_path / "store"))
    return Store()


@pytest.fixture
def take(made: Made, store: Store, no_trial: None) -> Take:
    """Pull from the repository, without a trial."""

    def take(spec: str = "tiny", **how: object) -> Pulled:
        source = how.pop("source", made.folder)
        more = how.pop("how", How(network=Network(attempts=2, sleep=lambda seconds: None, proxies={})))
        return pull(spec, store=store, source=source, trust=made.trust, how=more, **how)  # type: ignore[arg-type]

    return take
