"""Registry and channel move together, or neither does; what is interrupted is finished or undone."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.channels import document
from tests.support.experiments import NOW

from edgewise.updates.channels_document import Channels
from edgewise.updates.channels_errors import (
    ChannelTargetError,
    UnknownArmError,
    UnknownChannelModelError,
    UnknownExperimentError,
)
from edgewise.updates.errors import StoreWriteError
from edgewise_cloud.experiment import FilePlace, read_channels, stop
from edgewise_cloud.experiment.errors import (
    BusyError,
    ChannelsMissingError,
    ExperimentStoppedError,
    MoveUndoneError,
    MoveUnfinishedError,
    WrongBundleError,
)
from edgewise_cloud.experiment.moves import Mover
from edgewise_cloud.experiment.place import locked, write_channels
from edgewise_cloud.registry import (
    CHALLENGER,
    CHAMPION,
    GateNotPassedError,
    NoFormerChampionError,
    RegistryAwayError,
    UnknownVersionError,
    Version,
)


class Kill(BaseException):
    """Stands for a kill: nothing catches it, and nothing is tidied up."""


class FakeRegistry:
    """The registry's rules in memory; versions hold bundles. Fails when told to."""

    def __init__(self, bundles: dict[int, str], champion: int | None, challenger: int | None) -> None:
        self.bundles = bundles
        self.aliases = {CHAMPION: champion, CHALLENGER: challenger}
        self.past: list[int] = []
        self.failed_gates: set[int] = set()
        self.fail: BaseException | None = None
        self.away = False

    def version(self, name: str, which: str | int) -> Version:
        if self.away:
            raise RegistryAwayError("sqlite:///x", "gone")
        number = self.aliases.get(str(which)) if str(which) in self.aliases else int(which)
        if number not in self.bundles:
            raise UnknownVersionError(name, str(which), [str(each) for each in self.bundles])
        aliases = tuple(alias for alias, at in self.aliases.items() if at == number)
        gate = "failed" if number in self.failed_gates else "passed"
        return Version(name, int(number), gate, aliases, "", "", "", "", {})

    def list(self, name: str | None = None) -> tuple[Version, ...]:
        return tuple(self.version(str(name), number) for number in self.bundles)

    def history(self, name: str) -> tuple[int, ...]:
        return tuple(self.past)

    def promote(self, name: str, version: str | int) -> Version:
        self._maybe_fail()
        number = self.version(name, version).version
        if self.aliases[CHAMPION] not in (None, number):
            self.past.append(int(self.aliases[CHAMPION] or 0))
        self.aliases[CHAMPION] = number
        if self.aliases[CHALLENGER] == number:
            self.aliases[CHALLENGER] = None
        return self.version(name, number)

    def rollback(self, name: str) -> Version:
        self._maybe_fail()
        if not self.past:
            raise NoFormerChampionError(name)
        self.aliases[CHAMPION] = self.past.pop()
        return self.version(name, CHAMPION)

    def challenge(self, name: str, version: str | int) -> Version:
        self.aliases[CHALLENGER] = int(version)
        return self.version(name, version)

    def fetch(self, name: str, which: str | int, to: Path) -> Path:
        to.mkdir(parents=True)
        if bundle := self.bundles[int(which)]:
            model, _, version = bundle.partition("@")
            (to / "manifest.json").write_text(json.dumps({"name": model, "version": version}))
        return to

    def state(self) -> tuple[Any, ...]:
        return dict(self.aliases), tuple(self.past)

    def _maybe_fail(self) -> None:
        if self.away:
            raise RegistryAwayError("sqlite:///x", "gone")
        if self.fail is not None:
            raise self.fail


class Place(FilePlace):
    """A file that fails when told to."""

    fail: BaseException | None = None
    versions: tuple[str, ...] | None = None
    writes_first = False

    def write(self, data: bytes) -> None:
        if self.fail is not None:
            if self.writes_first:
                super().write(data)
            raise self.fail
        super().write(data)

    def published(self, name: str) -> tuple[str, ...] | None:
        return self.versions


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path / "channels.json")
    made.write(json.dumps(document()).encode())
    return made


@pytest.fixture
def registry() -> FakeRegistry:
    return FakeRegistry({1: "base@1.0.0", 2: "base@1.1.0"}, champion=1, challenger=2)


@pytest.fixture
def mover(registry: FakeRegistry, place: Place) -> Mover:
    return Mover(registry, place, lambda: NOW)


def promote(mover: Mover) -> None:
    mover.promote("tone", "challenger", "edgewise-base")


def stable(place: Place) -> tuple[str, bool]:
    target = read_channels(place).target("stable", "base")
    return target.model, target.downgrade


def test_promotion_moves_both_and_ends_the_experiment(
    mover: Mover, registry: FakeRegistry, place: Place
) -> None:
    promote(mover)
    assert registry.state() == ({CHAMPION: 2, CHALLENGER: None}, (1,))
    assert stable(place) == ("base@1.1.0", False)
    channels = read_channels(place)
    assert (channels.version, channels.experiment("tone").state) == (4, "stopped")
    assert channels.experiment("tone").reason == "promoted challenger"
    assert not place.journal.exists()


def test_one_command_moves_both_back_and_devices_go_back_too(
    mover: Mover, registry: FakeRegistry, place: Place
) -> None:
    promote(mover)
    mover.rollback("edgewise-base", "stable")
    assert registry.state() == ({CHAMPION: 1, CHALLENGER: None}, ())
    assert stable(place) == ("base@1.0.0", True)
    with pytest.raises(NoFormerChampionError):
        mover.rollback("edgewise-base", "stable")


def test_a_rollback_ends_what_runs_on_the_channel(mover: Mover, registry: FakeRegistry, place: Place) -> None:
    registry.bundles[3] = "base@1.2.0"
    registry.aliases[CHAMPION], registry.past = 3, [1]
    mover.rollback("edgewise-base", "stable")
    assert read_channels(place).experiment("tone").state == "stopped"


@pytest.mark.parametrize("kind", [StoreWriteError("channels.json", "disk full"), OSError(28, "full")])
def test_when_the_channel_fails_the_registry_is_put_back(
    mover: Mover, registry: FakeRegistry, place: Place, kind: Exception
) -> None:
    before, data = registry.state(), place.read()
    place.fail = kind
    with pytest.raises(MoveUndoneError, match="as they were before"):
        promote(mover)
    assert (registry.state(), place.read()) == (before, data)
    assert not place.journal.exists()
    place.fail = None
    promote(mover)
    assert stable(place)[0] == "base@1.1.0"


def test_a_failed_way_back_is_put_back_too(mover: Mover, registry: FakeRegistry, place: Place) -> None:
    promote(mover)
    before, data = registry.state(), place.read()
    place.fail = OSError(28, "full")
    with pytest.raises(MoveUndoneError):
        mover.rollback("edgewise-base", "stable")
    assert (registry.state(), place.read()) == (before, data)


def test_when_the_registry_fails_nothing_has_moved(
    mover: Mover, registry: FakeRegistry, place: Place
) -> None:
    before, data = registry.state(), place.read()
    registry.fail = RegistryAwayError("sqlite:///x", "locked")
    with pytest.raises(MoveUndoneError, match="locked"):
        promote(mover)
    assert (registry.state(), place.read()) == (before, data)


def test_a_first_champion_cannot_be_undone_so_it_is_finished_later(
    mover: Mover, registry: FakeRegistry, place: Place
) -> None:
    registry.aliases[CHAMPION] = None
    place.fail = OSError(28, "full")
    with pytest.raises(MoveUnfinishedError, match="edgewise experiment resume"):
        promote(mover)
    place.fail = None
    with pytest.raises(MoveUnfinishedError, match="interrupted"):
        promote(mover)
    with pytest.raises(MoveUnfinishedError):
        write_channels(place, read_channels(place))
    assert mover.resume() is not None
    assert (registry.aliases[CHAMPION], stable(place)[0]) == (2, "base@1.1.0")
    assert mover.resume() is None


def test_a_write_that_failed_after_it_was_done_goes_forward(
    mover: Mover, registry: FakeRegistry, place: Place
) -> None:
    place.fail, place.writes_first = OSError(5, "I/O error"), True
    with pytest.raises(MoveUnfinishedError):
        promote(mover)
    place.fail = None
    assert mover.resume() is not None
    assert (registry.aliases[CHAMPION], stable(place)[0]) == (2, "base@1.1.0")
    assert read_channels(place).version == 4


@pytest.mark.parametrize("operation", ["promote", "rollback"])
@pytest.mark.parametrize("where", ["registry", "channel", "after channel"])
@pytest.mark.parametrize("then", ["resume", "undo"])
def test_a_kill_anywhere_leaves_a_journal_that_leads_out(
    mover: Mover, registry: FakeRegistry, place: Place, operation: str, where: str, then: str
) -> None:
    if operation == "rollback":
        promote(mover)
    before, data = registry.state(), place.read()
    if where == "registry":
        registry.fail = Kill()
    else:
        place.fail, place.writes_first = Kill(), where == "after channel"
    with pytest.raises(Kill):
        promote(mover) if operation == "promote" else mover.rollback("edgewise-base", "stable")
    registry.fail = place.fail = None
    assert place.journal.exists()
    if then == "undo" and where == "after channel":
        with pytest.raises(MoveUnfinishedError, match="has moved"):
            mover.undo()
        return
    assert (mover.resume() if then == "resume" else mover.undo()) is not None
    assert not place.journal.exists()
    if then == "undo":
        assert (registry.state(), place.read()) == (before, data)
    else:
        want = (2, ("base@1.1.0", False)) if operation == "promote" else (1, ("base@1.0.0", True))
        assert (registry.aliases[CHAMPION], stable(place)) == want


def test_resuming_while_the_registry_is_away_keeps_the_journal(
    mover: Mover, registry: FakeRegistry, place: Place
) -> None:
    place.fail = Kill()
    with pytest.raises(Kill):
        promote(mover)
    place.fail, registry.away = None, True
    for call in (mover.resume, mover.undo):
        with pytest.raises(MoveUnfinishedError, match="gone"):
            call()
    registry.away = False
    assert mover.resume() is not None


@pytest.mark.parametrize("journal", [b"", b"{", b"[]", b'{"format": 1}', b'{"format": 9}'])
def test_a_damaged_journal_stops_every_move_and_is_named(mover: Mover, place: Place, journal: bytes) -> None:
    place.journal.write_bytes(journal)
    for call in (lambda: promote(mover), mover.resume, mover.undo):
        with pytest.raises(MoveUnfinishedError, match=r"channels\.json\.move"):
            call()


def test_what_may_not_be_promoted_is_named_before_anything_moves(
    mover: Mover, registry: FakeRegistry, place: Place
) -> None:
    before, data = registry.state(), place.read()

    def refused(kind: type[Exception], message: str, arm: str = "challenger", which: str | int = 2) -> None:
        with pytest.raises(kind, match=message):
            mover.promote("tone", arm, "edgewise-base", which)
        assert (registry.state(), place.read(), place.journal.exists()) == (before, data, False)

    refused(WrongBundleError, r"holds base@1\.0\.0, not base@1\.1\.0", which=1)
    refused(UnknownVersionError, "7", which=7)
    refused(UnknownArmError, "nobody", arm="nobody")
    place.versions = ("1.0.0",)
    refused(ChannelTargetError, r"base@1\.1\.0, which is not there")
    place.versions = None
    registry.failed_gates = {2}
    refused(GateNotPassedError, "failed its gates")
    registry.failed_gates = set()
    registry.bundles[2] = ""
    refused(WrongBundleError, "no bundle")
    with pytest.raises(UnknownExperimentError):
        mover.promote("nothing", "challenger", "edgewise-base")


def test_what_was_stopped_is_not_promoted(mover: Mover, place: Place) -> None:
    write_channels(place, stop(read_channels(place), "tone", "challenger", "harm", NOW))
    with pytest.raises(ExperimentStoppedError, match="harm"):
        promote(mover)


def test_a_former_champion_of_another_model_is_no_way_back(
    mover: Mover, registry: FakeRegistry, place: Place
) -> None:
    registry.bundles[5], registry.past = "huge@1.0.0", [5]
    with pytest.raises(UnknownChannelModelError, match="huge"):
        mover.rollback("edgewise-base", "stable")
    assert registry.aliases[CHAMPION] == 1


def test_two_commands_at_once_are_not_let_through(mover: Mover, place: Place) -> None:
    with locked(place), pytest.raises(BusyError):
        promote(mover)


def test_channels_that_are_not_there_are_named(tmp_path: Path, registry: FakeRegistry) -> None:
    with pytest.raises(ChannelsMissingError, match="edgewise experiment channel"):
        promote(Mover(registry, FilePlace(tmp_path / "nowhere.json")))


def test_others_may_change_the_channels_between_a_kill_and_resuming(
    mover: Mover, registry: FakeRegistry, place: Place
) -> None:
    place.fail = Kill()
    with pytest.raises(Kill):
        promote(mover)
    place.fail = None
    channels: Channels = read_channels(place)
    place.write(replace(channels, version=channels.version + 7).to_bytes())
    mover.resume()
    assert read_channels(place).version == channels.version + 8
    assert stable(place)[0] == "base@1.1.0"
