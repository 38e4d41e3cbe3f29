"""From a model to its forms: make each, judge each, write those that passed."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from edgewise_converters.errors import ConversionError, FormError
from edgewise_converters.forms.catalogue import Form
from edgewise_converters.forms.material import Made, Material
from edgewise_converters.gate.judge import Reference, judge, refer
from edgewise_converters.gate.rows import read_rows
from edgewise_converters.limits import Limits
from edgewise_converters.sources.model import Package, Source
from edgewise_converters.texts import DevText, sample

logger = logging.getLogger(__name__)

_ENDINGS = {"onnxruntime": "onnx", "openvino": "xml", "tflite": "tflite"}
_CALIBRATION = 2000
_LEAST_GATE = 20


@dataclass(frozen=True)
class Plan:
    """What to make, and how it is judged.

    Attributes:
        forms: The forms.
        limits: What the gate accepts.
        most_texts: Texts of each model that the gate compares, at most.
        buckets: Lengths of the signatures where a backend has fixed lengths.
    """

    forms: tuple[Form, ...]
    limits: Limits = field(default_factory=Limits)
    most_texts: int = 2000
    buckets: tuple[int, ...] = (16, 32, 64, 128)


@dataclass(frozen=True)
class Artifact:
    """A model in one form that passed its gate.

    Attributes:
        model: Name of the model.
        form: The form.
        made: Its files.
        parity: What the gate measured.
    """

    model: str
    form: Form
    made: Made = field(repr=False)
    parity: dict[str, Any] = field(repr=False)

    @property
    def file(self) -> str:
        """Name of its file in the bundle."""
        return f"{self.model}.{self.form.precision}.{_ENDINGS[self.form.backend]}"

    @property
    def weights_file(self) -> str | None:
        """Name of its second file; None where it has none."""
        return None if self.made.weights is None else f"{self.model}.{self.form.precision}.bin"

    @property
    def entry(self) -> dict[str, Any]:
        """What the manifest says of it; sizes and hashes are filled in when it is packed."""
        weights = {} if self.weights_file is None else {"weights": {"file": self.weights_file}}
        named = {"backend": self.form.backend, "precision": self.form.precision, "file": self.file}
        return {**named, **weights, "parity": self.parity}


@dataclass(frozen=True)
class Conversion:
    """What came of a conversion.

    Attributes:
        package: What it started from.
        made: What passed its gate.
        refused: What did not, with the reason.
    """

    package: Package = field(repr=False)
    made: tuple[Artifact, ...]
    refused: tuple[tuple[str, ConversionError], ...]

    @property
    def spec(self) -> dict[str, Any]:
        """The manifest: what was there, and after it what was made; a form that was there is replaced."""
        spec = copy.deepcopy(dict(self.package.spec))
        for artifact in self.made:
            entries = spec["models"][artifact.model]["artifacts"]
            same = (artifact.form.backend, artifact.form.precision)
            spec["models"][artifact.model]["artifacts"] = [
                entry for entry in entries if (entry["backend"], entry["precision"]) != same
            ] + [artifact.entry]
        return spec

    @property
    def files(self) -> dict[str, bytes]:
        """The files that the manifest names."""
        files = dict(self.package.files)
        for artifact in self.made:
            files[artifact.file] = artifact.made.data
            if artifact.weights_file is not None and artifact.made.weights is not None:
                files[artifact.weights_file] = artifact.made.weights
        named = _named(self.spec)
        return {name: data for name, data in files.items() if name in named}


def convert(
    package: Package,
    plan: Plan,
    texts: Iterable[DevText] = (),
    calibrate: Iterable[DevText] = (),
    tell: Callable[[str], None] = logger.info,
) -> Conversion:
    """Make every form of every model and judge it.

    Args:
        package: The models; see `edgewise_converters.sources.find.load_source`.
        plan: What to make.
        texts: Labelled texts to judge with. Forms that keep full or half precision can be judged without.
        calibrate: Texts for forms that are calibrated or trained; without any, those of `texts` that the gate
            does not judge with.
        tell: Called with one line about each form.

    Returns:
        What passed, and what did not and why.

    Raises:
        MissingExtraError: A package that a form needs is not installed; nothing was made.
        BackendError: A tokenizer is broken.
    """
    for form in plan.forms:
        form.demand_installed()
    every, given = list(texts), list(calibrate)
    made: list[Artifact] = []
    refused: list[tuple[str, ConversionError]] = []
    for source in package.models:
        judged, others = _split([text for text in every if source.speaks(text.language)], plan.most_texts)
        rows = read_rows(source, given or others).ids[:_CALIBRATION]
        reference = refer(source, read_rows(source, judged))
        material = Material(source, rows, plan.buckets)
        for form in plan.forms:
            name = f"{source.name}: {form.name}"
            try:
                artifact = _one(source, form, material, reference, plan.limits)
            except ConversionError as error:
                refused.append((name, error))
                tell(f"{name}: refused. {error}")
            else:
                made.append(artifact)
                tell(f"{name}: {artifact.made.size} bytes, passed")
    return Conversion(package, tuple(made), tuple(refused))


def _split(texts: Sequence[DevText], most: int) -> tuple[list[DevText], list[DevText]]:
    """Divide texts into those to judge with and the others, a quarter at least where there are a few."""
    most = min(most, len(texts) - len(texts) // 4) if len(texts) >= _LEAST_GATE else most
    chosen = sample(texts, most)
    taken = set(map(id, chosen))
    return chosen, sample([text for text in texts if id(text) not in taken], _CALIBRATION)


def _one(source: Source, form: Form, material: Material, reference: Reference, limits: Limits) -> Artifact:
    narrow = source.precision not in ("fp32", "fp16")
    if form.torch and source.module is None:
        raise FormError(form.name, "it is made from a torch module, and here is only an ONNX file.")
    if form.widens and narrow and source.module is None:
        raise FormError(
            form.name, f"the weights of {source.name} are {source.precision}: a wider form adds nothing."
        )
    if not form.exact and not len(reference.rows):
        raise FormError(form.name, "its answers must be compared on texts. Give some with --dev FILE.")
    made = form.make(material)
    return Artifact(source.name, form, made, judge(form, made, reference, limits, _whole(form, material)))


def _whole(form: Form, material: Material) -> int | None:
    """Return the bytes of the model in full precision: its ONNX export, which all backends are near to."""
    if material.source.module is None and material.source.precision != "fp32":
        return None
    return int(material.onnx.ByteSize())


def _named(spec: dict[str, Any]) -> set[str]:
    """Return the names of all files in a manifest."""
    names: set[str] = set()
    for model in spec["models"].values():
        entries = [entry for entry in (model.get("tokenizer"), *model["artifacts"]) if entry]
        names |= {part["file"] for entry in entries for part in (entry, entry.get("weights")) if part}
    return names
