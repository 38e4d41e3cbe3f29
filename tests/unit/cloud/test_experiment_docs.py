"""docs/experiments.md says what is so."""

import inspect
import json
import re
from pathlib import Path

import pytest

import edgewise.updates.channels_errors as device_errors
import edgewise_cloud.experiment.errors as cloud_errors
from edgewise.errors import EdgewiseError
from edgewise_cloud.commands.experiment import experiment
from edgewise_cloud.experiment.metrics import KINDS
from edgewise_cloud.experiment.sequential import MIN_DEVICES

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
SCHEMA = json.loads((ROOT / "sdk/edgewise/updates/channels_schema.json").read_text(encoding="utf-8"))


def properties(schema: object) -> set[str]:
    if isinstance(schema, list):
        return set().union(*map(properties, schema))
    if not isinstance(schema, dict):
        return set()
    return set(schema.get("properties", {})).union(*map(properties, schema.values()))


def test_every_field_of_the_schema_and_every_metric_is_told() -> None:
    assert len(properties(SCHEMA)) > 20
    assert {
        name for name in properties(SCHEMA) | set(KINDS) if not re.search(rf"[`.\]]{name}`", PAGE)
    } == set()


def test_the_commands_of_the_page_are_there() -> None:
    told = set(re.findall(r"^edgewise experiment (\w+)", PAGE, re.MULTILINE)) | {"resume", "stop"}
    assert told == set(experiment.commands)


def test_the_errors_that_the_page_names_are_there() -> None:
    named = set(re.findall(r"`(\w+Error)`", PAGE)) - {"EdgewiseError"}
    assert len(named) > 8
    assert {
        name for name in named if not hasattr(device_errors, name) and not hasattr(cloud_errors, name)
    } == set()


def test_the_defaults_that_the_page_tells_are_so() -> None:
    assert f"({MIN_DEVICES} on each side are needed)" in PAGE
    effects = re.search(r"\| `effects` \|.*", PAGE)
    assert effects is not None
    for name, number in (("accuracy", 0.02), ("error_rate", 0.01), ("latency_ms", 0.1)):
        assert KINDS[name].effect == number
        assert f"{number}" in effects[0]


def test_the_example_of_shadow_mode_runs(
    tmp_path: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgewise.updates.shadow_log import ShadowLog

    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    for model in ('"edgewise-base@current"', '"edgewise-base@1.1.0"'):
        assert model in example
        example = example.replace(model, repr(str(tiny_bundle)))
    monkeypatch.setenv("EDGEWISE_STORE", str(tmp_path))
    names: dict = {}
    exec(example.replace("share=0.1", "share=1.0"), names)
    assert names["analyzer"].shadow.flush(60)
    names["analyzer"].close()
    counts = ShadowLog(tmp_path / "shadow.sqlite").read()
    assert counts.all.total() == 4
    assert not counts.differing  # the same model beside itself


FACTS = {
    "ChannelsFileError": ("channels.json", "version is missing"),
    "ChannelsVersionError": (2, [1]),
    "SharesError": ("tone", "they add up to 1.1"),
    "UnknownChannelError": ("beta", ["stable"]),
    "UnknownExperimentError": ("tone", []),
    "UnknownArmError": ("nobody", ["control"]),
    "UnknownChannelModelError": ("tiny", ["base@1.0.0"], "canary"),
    "ChannelTargetError": ("base@1.0.0", "stable", ["0.9.0"]),
    "DeviceIdError": ("/store", "Permission denied"),
    "ShadowError": ("share", 2, "a number from 0 to 1"),
    "ChallengerError": ("its process ended with code -9",),
    "RecordsFileError": ("a.csv", "no such file"),
    "ChannelsMissingError": ("channels.json",),
    "ChannelsPlaceError": ("channels.json", "Permission denied"),
    "ExperimentExistsError": ("tone",),
    "ExperimentSettingError": ("tone", "two arms are needed"),
    "ExperimentStoppedError": ("tone", "enough"),
    "WrongBundleError": ("base version 1", "base@1.0.0", "base@1.1.0"),
    "MoveUndoneError": ("The promotion", "disk full"),
    "MoveUnfinishedError": ("The promotion", "disk full"),
    "BusyError": ("channels.json",),
}


def test_every_error_has_facts_here() -> None:
    there = {
        name
        for module in (device_errors, cloud_errors)
        for name, each in vars(module).items()
        if inspect.isclass(each) and issubclass(each, EdgewiseError) and each.__module__ == module.__name__
    }
    assert there == {*FACTS, "ChannelError", "ExperimentError", "_NotThereError"}


@pytest.mark.parametrize("name", FACTS)
def test_an_error_says_its_facts_and_survives_pickling(name: str) -> None:
    import pickle

    kind = getattr(device_errors, name, None) or getattr(cloud_errors, name)
    error = kind(*FACTS[name])
    message = str(error)
    assert message[0].isupper() or message.startswith(("tone", "stable", "a.csv", "base"))
    assert message.endswith(".")
    for fact in FACTS[name]:
        for part in fact if isinstance(fact, list) else [fact]:
            assert str(part) in message
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.__dict__) == (kind, message, error.__dict__)
