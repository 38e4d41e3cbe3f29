"""Which version a device takes, and what it does with it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.update_repository import Made
from tests.unit.updates.conftest import Take

from edgewise import Analyzer
from edgewise.bundle import Bundle, resolve
from edgewise.errors import BundleNotFoundError
from edgewise.updates import Limits, Store
from edgewise.updates.catalogue import Catalogue
from edgewise.updates.errors import (
    DoesNotFitError,
    NotInstalledError,
    OlderRevisionError,
    PreflightError,
    RefusedBeforeError,
    SourceError,
    StoreBusyError,
    TrustError,
    UnknownRevisionError,
)
from edgewise.updates.locking import Lease
from edgewise.updates.preflight import Preflight, run_preflight
from edgewise.updates.publishing import publish_bundle
from edgewise.updates.pulling import How, pull
from edgewise.updates.upkeep import pin, prune, reject, rollback, use


def test_the_newest_release_is_fetched_tried_and_used(made: Made, store: Store) -> None:
    made.publish("1.0.0")
    made.publish("1.2.0-rc.1")
    done = pull("tiny", store=store, source=made.folder, trust=made.trust)
    assert (done.version, done.changed) == ("1.0.0", True)
    assert done.fetched == sum(path.stat().st_size for path in done.folder.iterdir())
    assert done.latency_ms is not None
    assert done.latency_ms > 0
    with Analyzer("tiny") as analyzer:
        assert analyzer.bundle.folder == done.folder
        assert analyzer.analyze("great").sentiment.label == "positive"
    again = pull("tiny", store=store, trust=made.trust)
    assert (again.changed, again.fetched, again.latency_ms) == (False, 0, None)


def test_a_new_version_costs_only_what_is_new(made: Made, take: Take) -> None:
    made.publish("1.0.0", extra=b"a" * 100_000)
    take()
    made.publish("1.1.0", extra=b"a" * 100_000)
    done = take()
    assert done.changed
    assert done.fetched == (done.folder / "manifest.json").stat().st_size


def test_a_version_or_its_beginning_can_be_asked_for(made: Made, take: Take, store: Store) -> None:
    for version in ("1.4.0", "1.4.2", "1.5.0", "1.40.0", "1.4.3-rc.1"):
        made.publish(version)
    assert take("tiny@1.4").version == "1.4.2"
    assert take("tiny@1.4.3-rc.1").version == "1.4.3-rc.1"
    assert take("tiny").version == "1.40.0"
    assert resolve("tiny@1.4") == store.home("tiny") / take("tiny@1.4").folder.name
    with pytest.raises(UnknownRevisionError, match=r"1\.6"):
        take("tiny@1.6")
    with pytest.raises(UnknownRevisionError, match="nobody"):
        take("nobody")


def test_a_pin_holds_until_it_is_taken_off(made: Made, take: Take, store: Store) -> None:
    for version in ("1.4.0", "2.0.0"):
        made.publish(version)
    assert pin(store, "tiny@1.4") == "1.4"
    assert take().version == "1.4.0"
    made.publish("1.4.1")
    assert take().version == "1.4.1"
    assert pin(store, "tiny@current") is None
    assert take().version == "2.0.0"


def test_older_is_refused_unless_signed_or_asked_for(made: Made, take: Take) -> None:
    made.publish("1.0.0")
    made.publish("1.1.0")
    take()
    repository = made.open()
    repository.remove("tiny", "1.1.0")
    repository.commit()
    with pytest.raises(OlderRevisionError, match=r"1\.0\.0 is older than 1\.1\.0"):
        take()
    assert take("tiny@1.0.0").version == "1.0.0"
    take_back = made.bundle("1.0.0")
    repository = made.open()
    publish_bundle(repository, take_back, downgrade=True)
    repository.commit()
    assert take().version == "1.0.0"


@pytest.mark.parametrize(
    ("limits", "edit", "reason"),
    [
        (Limits(), {"min_sdk_version": "99.0.0"}, "needs edgewise 99.0.0"),
        (Limits(bundle_bytes=1000), {}, "the limit is 1000"),
        (Limits(file_bytes=1000), {}, "the limit is 1000"),
        (Limits(files=2), {}, "the limit is 2"),
        (Limits(spare_bytes=1 << 60), {}, "are free"),
    ],
)
def test_what_does_not_fit_is_not_fetched(
    made: Made, take: Take, store: Store, limits: Limits, edit: dict, reason: str
) -> None:
    made.publish("1.0.0")
    take()
    if edit:  # a bundle that needs a newer SDK cannot be packed by this one, but metadata can say so
        original = Catalogue.revision
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Catalogue, "revision", lambda *a: replace(original(*a), **edit))
            made.publish("1.1.0")
            with pytest.raises(DoesNotFitError, match=reason):
                take()
    else:
        made.publish("1.1.0", extra=b"b" * 5000)
        with pytest.raises(DoesNotFitError, match=reason):
            take(how=How(limits=limits))
    assert store.known() == ("tiny@1.0.0",)


def test_a_model_for_other_backends_does_not_fit(made: Made, take: Take) -> None:
    def other(spec: dict) -> None:
        spec["models"]["encoder"]["artifacts"][0]["backend"] = "abacus"

    made.publish("1.0.0", other)
    with pytest.raises(DoesNotFitError, match="no backend"):
        take()


def wrong_answers(spec: dict) -> None:
    spec["models"]["encoder"]["golden"] = [{"text": "great", "expected": {"sentiment": "negative"}}]


def test_a_model_that_answers_wrongly_is_left_and_remembered(made: Made, store: Store) -> None:
    made.publish("1.0.0")
    where = {"store": store, "source": made.folder, "trust": made.trust}
    pull("tiny", **where)
    made.publish("1.1.0", wrong_answers)
    with pytest.raises(PreflightError, match="is positive, not negative"):
        pull("tiny", **where)
    assert Store().resolve("tiny").name.startswith("1.0.0")
    assert not [path for path in store.home("tiny").iterdir() if path.name.endswith(".partial")]
    with pytest.raises(RefusedBeforeError, match="failed on this device before"):
        pull("tiny", **where)
    made.publish("1.1.1")
    assert pull("tiny", **where).version == "1.1.1"


def test_a_model_slower_than_its_budget_is_left(made: Made, store: Store) -> None:
    made.publish("1.0.0", budget_ms=0.001)
    with pytest.raises(PreflightError, match=r"its budget is 0\.001 ms"):
        pull("tiny", store=store, source=made.folder, trust=made.trust)
    slow = How(preflight=Preflight(budget_ms=1e-9))
    made.publish("1.1.0")
    with pytest.raises(PreflightError, match="its budget"):
        pull("tiny", store=store, source=made.folder, trust=made.trust, how=slow)


def test_a_trial_that_crashes_or_hangs_is_a_failed_trial(made: Made, tmp_path: Path) -> None:
    folder = made.bundle("1.0.0")
    crash = tmp_path / "crash"
    crash.write_text("#!/bin/sh\necho last words >&2\nkill -SEGV $$\n")
    crash.chmod(0o755)
    with pytest.raises(PreflightError, match="crashed with code -11: last words"):
        run_preflight(folder, "tiny@1.0.0", None, Preflight(executable=str(crash)))
    crash.write_text("#!/bin/sh\nexec sleep 60\n")
    with pytest.raises(PreflightError, match="not done after"):
        run_preflight(folder, "tiny@1.0.0", None, Preflight(seconds=0.2, executable=str(crash)))
    with pytest.raises(PreflightError, match="no process could be started"):
        run_preflight(folder, "tiny@1.0.0", None, Preflight(executable=str(tmp_path / "nobody")))


def test_the_last_versions_are_kept_and_what_is_in_use(made: Made, take: Take, store: Store) -> None:
    for number in range(5):
        made.publish(f"1.{number}.0")
        take(how=How(keep=5))
    lease = Lease(store.resolve("tiny@1.0") / "manifest.json")
    with store.lock():
        gone = prune(store, "tiny", keep=2)
    assert sorted(name[:5] for name in gone) == ["1.1.0", "1.2.0"]
    lease.release()
    with store.lock():
        assert [name[:5] for name in prune(store, "tiny", keep=2)] == ["1.0.0"]
    assert store.known() == ("tiny@1.4.0", "tiny@1.3.0")
    assert sorted(path.name[:5] for path in store.home("tiny").iterdir() if path.suffix != ".json") == [
        "1.3.0", "1.3.0", "1.4.0", "1.4.0"
    ]  # fmt: skip


def test_back_and_forth(made: Made, take: Take, store: Store) -> None:
    made.publish("1.0.0")
    take()
    made.publish("1.1.0")
    take()
    assert rollback(store, "tiny").name.startswith("1.0.0")
    with pytest.raises(RefusedBeforeError, match="by hand"):
        take()
    assert use(store, "tiny@1.1.0").name.startswith("1.1.0")
    assert take().changed is False
    with pytest.raises(NotInstalledError, match=r"1\.7"):
        use(store, "tiny@1.7")


def test_without_a_version_before_it_the_one_in_use_stays_or_that_of_the_package_is_used(
    made: Made, take: Take, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = made.publish("1.0.0")
    folder = take().folder
    with pytest.raises(NotInstalledError, match=r"before 1\.0\.0"):
        rollback(store, "tiny")
    assert store.active("tiny") == folder
    assert store.state("tiny").refused == {}
    with store.lock():
        assert prune(store, "tiny", keep=1) == []
    monkeypatch.setattr("edgewise.updates.upkeep.bundled", lambda: {"tiny": packed})
    assert rollback(store, "tiny") == packed
    assert store.active("tiny") is None
    with pytest.raises(RefusedBeforeError, match="by hand"):
        take()


def test_a_rejected_version_makes_way_and_stays_away(made: Made, take: Take, store: Store) -> None:
    made.publish("1.0.0")
    first = take().folder
    assert reject(store, "tiny", first.name, "it is bad") is None
    with pytest.raises(BundleNotFoundError):
        Analyzer("tiny")
    with pytest.raises(RefusedBeforeError, match="it is bad"):
        take()
    assert take(how=How(again=True)).folder == first
    assert store.installed("tiny")[0].refused is None


def test_a_damaged_version_is_fetched_again(made: Made, take: Take, store: Store) -> None:
    made.publish("1.0.0")
    folder = take().folder
    damaged = folder / "tiny.onnx"
    damaged.write_bytes(bytes(damaged.stat().st_size))
    done = take()
    assert done.fetched == damaged.stat().st_size
    Bundle.open(store.resolve("tiny")).verify()


@pytest.mark.parametrize("text", ["", "{", '{"format": 1, "active": "../../etc"}', '{"format": 9}'])
def test_a_damaged_pointer_leads_to_a_whole_model(made: Made, take: Take, store: Store, text: str) -> None:
    made.publish("1.0.0")
    folder = take().folder
    (store.home("tiny") / "state.json").write_text(text)
    assert store.resolve("tiny") == folder


def test_a_store_that_another_process_works_on_is_busy(made: Made, take: Take, store: Store) -> None:
    made.publish("1.0.0")
    with store.lock(), pytest.raises(StoreBusyError):
        take(how=How(wait=0.1))


def test_without_source_or_root_nothing_is_asked(made: Made, store: Store, take: Take) -> None:
    made.publish("1.0.0")
    with pytest.raises(TrustError, match="nor this wheel"):
        pull("tiny", store=store, source=made.folder)
    with pytest.raises(SourceError, match="no source was named"):
        pull("tiny", store=store, trust=made.trust)
    made.trust.keep(store)
    assert pull("tiny", store=store, source=made.folder).version == "1.0.0"
    assert json.loads((store.folder / "source.json").read_text())["bases"][0].startswith("file://")
