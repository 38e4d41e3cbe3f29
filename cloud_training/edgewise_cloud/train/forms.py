"""The forms of a bundle's students: converted from the training's own weights, each judged on dev texts."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgewise_converters.convert import Artifact, Plan, convert
from edgewise_converters.forms.catalogue import chosen_forms
from edgewise_converters.limits import Limits
from edgewise_converters.pieces import lean
from edgewise_converters.sources.find import load_source
from edgewise_converters.sources.model import Package, Source
from edgewise_converters.texts import read_texts

PRECISION = "int8-weights"
"""What every backend keeps the answers with, in a quarter of the size."""

LIMITS = Limits()
"""What the gate accepts."""

MOST_TEXTS = 20_000
"""Dev texts that judge a student, spread over languages; enough for every language to count by itself."""


def with_forms(
    spec: Mapping[str, Any],
    contents: Mapping[str, Path | bytes],
    folders: Mapping[str, Path],
    backends: Sequence[str],
    dev: Path,
    tell: Callable[[str], None],
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return a bundle's manifest and files with students in int8 for these backends.

    What two forms of a student have in common, its embedding, is stored once (`edgewise.engine.pieces`).

    Args:
        spec: The manifest.
        contents: Its files.
        folders: By model where it comes from: the work folder of its training, or a packed bundle.
        backends: `onnx` replaces the file that training left; `openvino`, which reads ONNX, and `tflite` are
            added.
        dev: Labelled texts: a file, or the data folder, of which the dev splits are taken.
        tell: Called with one line about each form.

    Raises:
        ConversionError: A form answers otherwise than the training's weights do, or cannot be made.
        EdgewiseError: A folder or the texts cannot be read.
    """
    files = {name: data if isinstance(data, bytes) else data.read_bytes() for name, data in contents.items()}
    sources = tuple(_source(spec, name, folder) for name, folder in folders.items())
    plan = Plan(tuple(chosen_forms(backends, [PRECISION])), LIMITS, MOST_TEXTS)
    done = convert(Package(spec, files, sources), plan, read_texts(dev), tell=tell)
    for _, problem in done.refused:
        raise problem
    made = copy.deepcopy(dict(spec))
    for artifact in done.made:
        files |= _added(made, artifact)
    return made, lean(files)


def _source(spec: Mapping[str, Any], name: str, folder: Path) -> Source:
    """Read a student as the bundle calls it and routes to it."""
    models = load_source(str(folder)).models
    found = next((model for model in models if model.name == name), models[0])
    special: Mapping[str, str] = spec["routes"]["by_language"]
    default = spec["routes"]["default"]
    return replace(
        found,
        name=name,
        tasks=spec["models"][name]["tasks"],
        speaks=lambda language: special.get(language, default) == name,
    )


def _added(spec: dict[str, Any], artifact: Artifact) -> dict[str, bytes]:
    """Add an artifact to the manifest, in the place of one of the same backend; return its files."""
    entries = spec["models"][artifact.model]["artifacts"]
    entry = copy.deepcopy(artifact.entry)
    for task in entry["parity"].get("metric", {}).values():
        task.pop("by_language", None)  # `edgewise evaluate` tells it of the bundle; here it is only weight
    files = {}
    for part, data in ((entry, artifact.made.data), (entry.get("weights"), artifact.made.weights)):
        if part is not None and data is not None:
            part["file"] = part["file"].replace(f".{PRECISION}.", ".")
            files[part["file"]] = data
    places = [place for place, each in enumerate(entries) if each["backend"] == entry["backend"]]
    if places:
        entries[places[0]] = entry
    else:
        entries.append(entry)
    return files
