"""Which backends are found and which one is chosen."""

import sys
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from types import ModuleType, SimpleNamespace

import pytest

from edgewise_runtimes import (
    Artifact,
    BackendUnavailableError,
    Probe,
    Runtime,
    Session,
    SessionOptions,
    UnknownBackendError,
    choose,
    registry,
    runtime,
    runtimes,
)


@dataclass(frozen=True)
class Backend:
    """A third party's backend."""

    name: str = "abacus"
    ok: bool = True
    hint: str = "Buy beads."

    def probe(self) -> Probe:
        return Probe(self.ok, "version 1" if self.ok else "no beads", ("wood",) if self.ok else ())

    def load(self, artifact: Artifact, options: SessionOptions) -> Session:
        raise NotImplementedError


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch):
    """Install backends for the time of a test: name to what its module offers as `BACKEND`."""

    def install(**backends: object) -> None:
        entries = []
        for name, value in backends.items():
            module = ModuleType(f"third_party_{name}")
            module.__dict__["BACKEND"] = value
            monkeypatch.setitem(sys.modules, module.__name__, module)
            entries.append(EntryPoint(name, f"{module.__name__}:BACKEND", registry.GROUP))
        monkeypatch.setattr(registry, "_entry_points", lambda: entries)

    install()
    return install


BUILT_IN = ["onnxruntime", "openvino", "tflite"]


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_built_in_backends_are_there_without_metadata(installed, name: str) -> None:
    assert list(runtimes()) == BUILT_IN
    assert isinstance(runtime(name), Runtime)
    assert runtime(name).name == name


@pytest.mark.parametrize("value", [Backend(), Backend], ids=["an object", "a class"])
def test_a_third_party_backend_is_found_by_its_entry_point(installed, value: object) -> None:
    installed(abacus=value)
    assert list(runtimes()) == [*BUILT_IN, "abacus"]
    assert runtime("abacus") == Backend()
    assert choose(["abacus"]).chosen == "abacus"


@pytest.mark.parametrize("name", BUILT_IN)
def test_nobody_replaces_a_built_in_backend(installed, name: str) -> None:
    installed(**{name: Backend(name)})
    assert not isinstance(runtimes()[name], Backend)


@pytest.mark.parametrize("value", [SimpleNamespace(name="broken"), 7])
def test_what_is_no_runtime_is_listed_with_the_reason(installed, value: object) -> None:
    installed(broken=value)
    probe = runtimes()["broken"].probe()
    assert not probe.ok
    assert "no Runtime" in probe.reason


def test_a_backend_that_does_not_import_is_listed_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("broken", "third_party_that_is_not_there:BACKEND", registry.GROUP)
    monkeypatch.setattr(registry, "_entry_points", lambda: [entry])
    broken = runtimes()["broken"]
    assert not broken.probe().ok
    assert "third_party_that_is_not_there" in broken.probe().reason
    with pytest.raises(BackendUnavailableError, match="third_party_that_is_not_there"):
        broken.load(Artifact("a", "broken", "fp32", b""), SessionOptions())
    assert choose(["broken", "onnxruntime"]).rejected == (("broken", broken.probe().reason),)


def test_the_entry_points_of_this_environment_can_be_read() -> None:
    assert "onnxruntime" in runtimes()
    assert all(isinstance(found, Runtime) for found in runtimes().values())


def test_auto_takes_the_first_that_is_usable(installed) -> None:
    installed(abacus=Backend(), tally=Backend("tally", ok=False))
    choice = choose(["nowhere", "tally", "abacus", "onnxruntime"])
    assert choice.chosen == "abacus"
    assert [name for name, _ in choice.rejected] == ["nowhere", "tally"]
    assert dict(choice.rejected)["tally"] == "no beads"
    assert "not tally: no beads" in str(choice)


def test_auto_with_nothing_usable_gives_all_reasons_and_hints(installed) -> None:
    installed(tally=Backend("tally", ok=False))
    with pytest.raises(BackendUnavailableError) as caught:
        choose(["tally", "nowhere"])
    assert caught.value.name == "auto"
    for part in ("tally: no beads", "nowhere", "Buy beads."):
        assert part in str(caught.value)


def test_auto_without_artifacts() -> None:
    with pytest.raises(BackendUnavailableError, match="no artifact"):
        choose([])


def test_a_wanted_backend_is_taken_even_if_others_come_first(installed) -> None:
    installed(abacus=Backend())
    assert choose(["onnxruntime", "abacus"], "abacus").chosen == "abacus"


def test_a_wanted_backend_that_does_not_exist(installed) -> None:
    installed(abacus=Backend())
    with pytest.raises(UnknownBackendError) as caught:
        choose(["onnxruntime"], "abakus")
    assert isinstance(caught.value, ValueError)
    assert caught.value.known == (*BUILT_IN, "abacus")


def test_a_wanted_backend_without_artifact(installed) -> None:
    installed(abacus=Backend())
    with pytest.raises(BackendUnavailableError, match="no artifact for it, only for onnxruntime"):
        choose(["onnxruntime"], "abacus")


def test_a_wanted_backend_that_is_not_usable_is_not_replaced_silently(installed) -> None:
    installed(tally=Backend("tally", ok=False))
    with pytest.raises(BackendUnavailableError) as caught:
        choose(["tally", "onnxruntime"], "tally")
    assert isinstance(caught.value, ImportError)
    assert (caught.value.reason, caught.value.hint) == ("no beads", "Buy beads.")
