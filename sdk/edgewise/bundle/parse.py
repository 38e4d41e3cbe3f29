"""From the bytes of `manifest.json` to a `Manifest`, or to the error that names what is wrong.

`schema.json` says the same rules for editors and other languages; a device needs no schema library. Fields
that this version does not know are kept in `Manifest.raw` and otherwise passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from edgewise.bundle.errors import (
    DuplicateLabelsError,
    FormatVersionError,
    MissingLabelsError,
    SdkVersionError,
    UnknownRouteError,
)
from edgewise.bundle.fields import Field
from edgewise.bundle.files import check_name
from edgewise.bundle.manifest import (
    DEFAULT,
    ENCODER,
    NGRAM_HEADS,
    NGRAM_LINEAR,
    ArtifactSpec,
    Beside,
    FileRef,
    Golden,
    Manifest,
    ModelSpec,
    Routes,
    TaskSpec,
    Threshold,
    TokenizerSpec,
)
from edgewise.bundle.strict_json import parse_object
from edgewise.bundle.versions import SEMANTIC_VERSION, version_key
from edgewise.labels import TASKS, TOXICITY
from edgewise.version import __version__

FORMAT_VERSIONS = (1,)
"""The format versions this reader knows."""

KINDS = (ENCODER, NGRAM_LINEAR, NGRAM_HEADS)
ACTIVATIONS = ("softmax", "sigmoid")
POOLINGS = ("mean", "max")

_NAME = r"[a-z0-9][a-z0-9._-]{0,63}"
_LANGUAGE = r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*"
_DAY = r"(\d{4}-\d{2}-\d{2})?"
_SHA256 = r"[0-9a-f]{64}"
_LARGEST = 2**53


def parse_manifest(data: bytes, path: object = "manifest.json") -> Manifest:
    """Parse a manifest and check everything that can be checked without the files.

    Args:
        data: The bytes of `manifest.json`.
        path: What to call it in messages.

    Raises:
        ManifestError: It is not the JSON that format version 1 asks for; the message names the field.
        FormatVersionError: Its format version is unknown.
        SdkVersionError: It needs a newer edgewise.
        PathEscapeError: A file name may leave the bundle folder.
        MissingLabelsError: A task has no labels.
        DuplicateLabelsError: A task has a label twice.
        UnknownRouteError: A route leads to a model that is not there.
    """
    raw = parse_object(data, path)
    top = Field(raw, "", path)
    _check_versions(top)
    models = {name: _model(name, field) for name, field in _some(top["models"]).members(_NAME)}
    manifest = Manifest(
        name=top["name"].text(_NAME),
        version=top["version"].text(SEMANTIC_VERSION),
        format_version=top["format_version"].whole(1, max(FORMAT_VERSIONS)),
        min_sdk_version=top["min_sdk_version"].text(),
        licence=top["licence"].text(),
        created=top["created"].text(_DAY, default=""),
        description=top["description"].text(default=""),
        routes=_routes(top["routes"], models),
        models=models,
        metrics=top["metrics"].all(_metric),
        provenance=_provenance(top["provenance"]),
        signature=top["signature"].optional(Field.mapping),
        raw=raw,
    )
    _check_files(manifest, top)
    _check_beside(models, top)
    return manifest


def _check_versions(top: Field) -> None:
    """Refuse what a newer writer made before judging the rest by rules that may have changed."""
    found = top["format_version"]
    if not found.there:
        found.refuse("is missing, a whole number belongs there")
    if isinstance(found.value, bool) or found.value not in FORMAT_VERSIONS:
        raise FormatVersionError(found.value, FORMAT_VERSIONS)
    needed = top["min_sdk_version"].text(SEMANTIC_VERSION)
    if version_key(needed) > version_key(__version__):
        raise SdkVersionError(needed, __version__)


def _check_files(manifest: Manifest, top: Field) -> None:
    """Refuse two names that differ in case only: some systems would see one file."""
    names: dict[str, str] = {}
    for ref in manifest.files:
        other = names.setdefault(ref.file.lower(), ref.file)
        if other != ref.file:
            top["models"].refuse(
                f"name the files {other!r} and {ref.file!r}, which some systems take for one"
            )


def _routes(field: Field, models: Mapping[str, ModelSpec]) -> Routes:
    target = partial(_target, models=models)
    language = field["language"].optional(target)
    if language is not None and "language" not in models[language].tasks:
        field["language"].refuse(f"is {language!r}, a model without the task 'language'")
    return Routes(language, target(field["default"]), field["by_language"].each(target, _LANGUAGE))


def _target(field: Field, models: Mapping[str, ModelSpec]) -> str:
    name = field.text()
    if name not in models:
        raise UnknownRouteError(field.place, name, tuple(models))
    return name


def _model(name: str, field: Field) -> ModelSpec:
    kind = field["kind"].one_of(KINDS)
    tokenizer = field["tokenizer"].optional(_tokenizer)
    if kind == ENCODER and tokenizer is None:
        field["tokenizer"].refuse("is missing, every encoder needs one")
    tasks = {task: _task(name, task, spec) for task, spec in _by_task(_some(field["tasks"]))}
    artifacts = field["artifacts"].all(_artifact)
    if not artifacts:
        field["artifacts"].refuse("lists no artifact")
    return ModelSpec(
        name=name,
        kind=kind,
        tokenizer=tokenizer,
        tasks=tasks,
        config=field["config"].mapping() if field["config"].present else {},
        artifacts=artifacts,
        golden=field["golden"].all(_golden),
        beside=field["beside"].optional(_beside),
    )


def _beside(field: Field) -> Beside:
    share = {task: part.number(0, 1) for task, part in _by_task(field["share"])}
    return Beside(field["model"].text(), share)


def _check_beside(models: Mapping[str, ModelSpec], top: Field) -> None:
    """Refuse a second model that is not there, cannot be one, lacks a task or has other labels."""
    for name, spec in models.items():
        if spec.beside is None:
            continue
        field = top["models"][name]["beside"]
        other = models[_target(field["model"], models)]
        if spec.kind != ENCODER or other.kind != NGRAM_HEADS:
            field.refuse(f"is only for encoders, and has to name a model of the kind {NGRAM_HEADS!r}")
        for task in spec.beside.share:
            if task not in spec.tasks or task not in other.tasks:
                field["share"].refuse(f"has the task {task!r}, which one of the two models does not do")
            if spec.tasks[task].labels != other.tasks[task].labels:
                field["share"].refuse(f"has the task {task!r}, of which the two models have other labels")


def _task(model: str, task: str, field: Field) -> TaskSpec:
    labels = _labels(model, task, field["labels"])
    thresholds = field["thresholds"].each(_threshold)
    for key in thresholds:
        if key != DEFAULT and key not in labels:
            field["thresholds"].refuse(f"has the key {key[:80]!r}, which is no label of the task")
    temperature = partial(Field.number, low=1e-3, high=1e3)
    return TaskSpec(
        labels=labels,
        activation=field["activation"].one_of(ACTIVATIONS),
        temperature=field["temperature"].number(1e-3, 1e3, default=1.0),
        temperature_by_language=field["temperature_by_language"].each(temperature, _LANGUAGE),
        thresholds=thresholds,
        pooling=field["pooling"].one_of(POOLINGS, default="mean"),
        unsure_margin=field["unsure_margin"].number(0, 1, default=0.1),
    )


def _labels(model: str, task: str, field: Field) -> tuple[str, ...]:
    labels = field.all(Field.text) if field.there else ()
    if not labels:
        raise MissingLabelsError(model, task)
    if len(set(labels)) < len(labels):
        raise DuplicateLabelsError(model, task, next(label for label in labels if labels.count(label) > 1))
    if task == TOXICITY and TOXICITY not in labels:
        field.refuse(f"lacks {TOXICITY!r}, the label that decides the answer")
    return labels


def _threshold(field: Field) -> Threshold:
    by_language = field["by_language"].each(_measured, _LANGUAGE)
    general = _measured(field)
    return Threshold(general.value, general.precision, general.recall, by_language)


def _measured(field: Field) -> Threshold:
    return Threshold(
        field["value"].number(0, 1),
        field["precision"].optional(_probability),
        field["recall"].optional(_probability),
    )


def _probability(field: Field) -> float:
    return field.number(0, 1)


def _tokenizer(field: Field) -> TokenizerSpec:
    most = field["max_tokens"].whole(1, 100_000)
    return TokenizerSpec(
        file=_file(field),
        max_tokens=most,
        stride=field["stride"].whole(0, most - 1),
        pad_id=field["pad_id"].whole(0, 2**31 - 1),
    )


def _artifact(field: Field) -> ArtifactSpec:
    return ArtifactSpec(
        field["backend"].text(_NAME),
        field["precision"].text(_NAME),
        _file(field),
        field["weights"].optional(_file),
    )


def _file(field: Field) -> FileRef:
    file = field["file"].text()
    check_name(file)
    return FileRef(file, field["size"].whole(1, _LARGEST), field["sha256"].text(_SHA256))


def _golden(field: Field) -> Golden:
    expected = {task: _expected(answer) for task, answer in _by_task(field["expected"])}
    return Golden(field["text"].text(empty=True), expected)


def _expected(field: Field) -> str | Mapping[str, float]:
    return field.text() if isinstance(field.value, str) else field.each(_probability)


def _metric(field: Field) -> Mapping[str, Any]:
    for key in ("task", "dataset", "split"):
        field[key].text()
    return field.mapping()


def _provenance(field: Field) -> Mapping[str, Any]:
    if not field.present:
        return {}
    for dataset in field["datasets"].items() if field["datasets"].present else ():
        dataset["name"].text()
        dataset["licence"].text()
    return field.mapping()


def _by_task(field: Field) -> Iterator[tuple[str, Field]]:
    """Read an object whose keys are tasks."""
    for task, member in field.members():
        if task not in TASKS:
            field.refuse(f"has the task {task[:80]!r}, not one of {', '.join(TASKS)}")
        yield task, member


def _some(field: Field) -> Field:
    """Refuse an empty object."""
    if not field.mapping():
        field.refuse("is empty")
    return field
