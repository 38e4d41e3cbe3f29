"""What other packages find through the installed metadata."""

from importlib.metadata import EntryPoint, entry_points, metadata

import click
import pytest

OURS = [
    *entry_points(group="edgewise.runtimes"),
    *entry_points(group="edgewise.commands"),
    *entry_points(group="edgewise.plots"),
    *entry_points(group="console_scripts", name="edgewise"),
]


def test_the_metadata_names_them_all() -> None:
    commands = {"convert", "data", "evaluate", "experiment", "gate", "registry", "teacher", "train", "tune"}
    backends = {"onnxruntime", "openvino", "tflite"}
    assert {entry.name for entry in OURS} == {*backends, "bench", "edgewise", *commands}


@pytest.mark.parametrize("entry", OURS, ids=lambda entry: f"{entry.group}-{entry.name}")
def test_an_entry_point_loads(entry: EntryPoint) -> None:
    found = entry.load()
    assert callable(found)
    if entry.group == "edgewise.commands":
        assert isinstance(found, click.Command)
        assert found.name == entry.name


def test_the_extras_are_those_the_readme_names() -> None:
    extras = set(metadata("edgewise").get_all("Provides-Extra") or [])
    device, made = (
        {"openvino", "tflite", "hub", "batch", "update"},
        {"cloud", "convert", "train", "track", "postgres"},
    )
    made |= {"convert-openvino", "convert-tflite", "optimum"}
    assert extras == {*device, *made, "serve", "dev"}
