"""The model card: what a bundle's manifest says of itself, in words that a reader can judge it by."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from edgewise.bundle import Manifest, read_manifest
from edgewise.labels import LABELS, TASKS, TOXICITY
from edgewise_cloud.card_suites import suites_section
from edgewise_cloud.catalogue.licences import REFUSED
from edgewise_cloud.evaluate.records import (
    CALIBRATION_LIMIT,
    EVERY_LANGUAGE,
    Record,
    calibration_above,
    language_means,
)
from edgewise_cloud.evaluate.report import MEAN_FIGURES

CARD = "MODEL_CARD.md"

_PLACE = ("task", "dataset", "split", "language", "rows", "labels", "note")
_COLUMNS = (
    ("accuracy", "accuracy"),
    ("macro_f1", "macro F1"),
    ("auc", "AUC"),
    ("ece", "calibration error"),
    ("unsure_rate", "unsure"),
)
_WEAK = 0.5
"""Mean macro F1 below which the card names a language."""


def write_card(folder: str | Path) -> Path:
    """Write MODEL_CARD.md beside the manifest of a bundle folder.

    Returns:
        The file.

    Raises:
        BundleError: There is no bundle, or its manifest is refused.
        OSError: The file cannot be written.
    """
    path = Path(folder) / CARD
    path.write_text(model_card(read_manifest(folder)), encoding="utf-8")
    return path


def model_card(manifest: Manifest) -> str:
    """Return the model card of a manifest as Markdown, ending with a newline."""
    records = [_record(entry) for entry in manifest.metrics]
    means = language_means(records, MEAN_FIGURES)
    template = Template((files(__package__) / "card_template.md").read_text(encoding="utf-8"))
    text = template.substitute(
        name=manifest.name,
        version=manifest.version,
        description=manifest.description or "No description was given.",
        licence=manifest.licence,
        created=manifest.created or "not told",
        format_version=manifest.format_version,
        min_sdk_version=manifest.min_sdk_version,
        signed="yes" if manifest.signature else "no",
        size=_megabytes(sum(ref.size for ref in manifest.files)),
        tasks=_tasks(manifest),
        routes=_routes(manifest),
        means=_means(means),
        metrics=_metrics([record for record in records if not record.is_suite]),
        suites=suites_section(records),
        thresholds=_thresholds(manifest),
        datasets=_datasets(manifest),
        licences=_licences(manifest),
        limits=_bullets(_limits(manifest, records)),
        biases=_bullets(_biases(manifest)),
        provenance=_provenance(manifest),
        files=_files(manifest),
    )
    return text.rstrip() + "\n"


def _record(entry: Mapping[str, Any]) -> Record:
    values = {
        name: float(value)
        for name, value in entry.items()
        if name not in _PLACE and isinstance(value, int | float) and not isinstance(value, bool)
    }
    return Record(
        task=entry["task"],
        dataset=entry["dataset"],
        split=entry["split"],
        language=entry.get("language", EVERY_LANGUAGE),
        rows=int(entry.get("rows", 0)),
        values=values,
        labels=tuple(entry.get("labels", ())),
        note=entry.get("note", ""),
    )


def _rows(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table, or a sentence where it would have no rows."""
    lines = ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    if not lines:
        return "Nothing is stated."
    return "\n".join(["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads), *lines])


def _bullets(sentences: Iterable[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"


def _tasks(manifest: Manifest) -> str:
    rows = [
        (task, model.name, model.kind, len(spec.labels), ", ".join(spec.labels))
        for model in manifest.models.values()
        for task, spec in model.tasks.items()
    ]
    rows.sort(key=lambda row: TASKS.index(row[0]))
    return _rows(("task", "model", "kind", "labels", "which"), rows)


def _routes(manifest: Manifest) -> str:
    routes = manifest.routes
    told = f"the language is told by `{routes.language}`" if routes.language else "the language is not told"
    own = "".join(
        f"; `{model}` answers for {language}" for language, model in sorted(routes.by_language.items())
    )
    beside = "".join(
        f" Beside `{name}` answers `{model.beside.model}`; of what both say it counts "
        + ", ".join(f"{share:.0%} in {task}" for task, share in model.beside.share.items())
        + ", in languages that it has a model of."
        for name, model in sorted(manifest.models.items())
        if model.beside is not None
    )
    return f"{told}; `{routes.default}` answers{' for all others' if own else ''}{own}.{beside}"


def _means(means: Sequence[Mapping[str, Any]]) -> str:
    if not means:
        return "No figures over several languages are stated."
    figures = (*MEAN_FIGURES, "macro_f1_without_en")
    rows = [
        (entry["task"], entry["languages"], *(_number(entry.get(name)) for name in figures))
        for entry in means
    ]
    return "Means over languages, each counted once:\n\n" + _rows(
        ("task", "languages", "accuracy", "macro F1", "AUC", "macro F1 without English"), rows
    )


def _number(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, int | float) else ""


def _metrics(records: Sequence[Record]) -> str:
    """Return one table a task."""
    out = []
    for task in TASKS:
        found = [record for record in records if record.task == task]
        if not found:
            continue
        columns = [(name, head) for name, head in _COLUMNS if any(name in record.values for record in found)]
        rows = [
            (r.dataset, r.language, f"{r.rows:,}", *(_number(r.values.get(name)) for name, _ in columns))
            for r in found
        ]
        heads = ("data set", "language", "rows", *(head for _, head in columns))
        out.append(f"### {task}\n\n{_rows(heads, rows)}")
    return "\n\n".join(out) if out else "No figures are stated."


def _thresholds(manifest: Manifest) -> str:
    rows = [
        (
            task,
            label,
            language,
            f"{threshold.value:.3f}",
            _number(threshold.precision),
            _number(threshold.recall),
        )
        for model in manifest.models.values()
        for task, spec in model.tasks.items()
        for label, general in spec.thresholds.items()
        for language, threshold in (("all others", general), *sorted(general.by_language.items()))
    ]
    return _rows(("task", "label", "language", "threshold", "precision", "recall"), rows)


def _entries(manifest: Manifest) -> list[Mapping[str, Any]]:
    return list(manifest.provenance.get("datasets", ()))


def _datasets(manifest: Manifest) -> str:
    rows = [
        (entry["name"], entry["licence"], entry.get("licence_class", ""), f"{entry.get('rows', 0):,}")
        for entry in sorted(_entries(manifest), key=lambda entry: str(entry.get("file", entry["name"])))
    ]
    return _rows(("data set", "licence as stated by its source", "class", "rows"), rows)


def _licences(manifest: Manifest) -> str:
    classes: dict[str, int] = defaultdict(int)
    for entry in _entries(manifest):
        classes[entry.get("licence_class", "not told")] += int(entry.get("rows", 0))
    if not classes:
        return "The training data is not stated."
    told = ", ".join(f"{name} {rows:,}" for name, rows in sorted(classes.items(), key=lambda item: -item[1]))
    refused = sorted(REFUSED & classes.keys())
    verdict = (
        f"The classes {', '.join(refused)} forbid commercial use or derived works: mind that before you ship."
        if refused
        else "No set known to forbid commercial use or derived works is among them."
    )
    return (
        f"Rows by licence class: {told}. *Unstated* means that where a set was found no licence is named. "
        f"{verdict} The texts hold hateful and obscene language."
    )


def _limits(manifest: Manifest, records: Sequence[Record]) -> list[str]:
    out = []
    measured = {name for record in records for name in record.values}
    models = [model for model in manifest.models.values() if "toxicity" in model.tasks]
    offered = {label for model in models for label in model.tasks["toxicity"].labels} - {TOXICITY}
    unmeasured = [name for name in LABELS["toxicity"] if name in offered and f"auc_{name}" not in measured]
    if unmeasured:
        out.append(
            f"No figure measures these attributes, so take them as weak hints: {', '.join(unmeasured)}."
        )
    for task in ("sentiment", "toxicity", "emotion"):
        weak = _weak_languages(records, task)
        if weak:
            out.append(f"{task}: the macro F1 is below {_WEAK} in {', '.join(weak)}.")
        above = [language for language, _ in calibration_above(records, task)]
        if above:
            out.append(
                f"{task}: probabilities are off by more than {CALIBRATION_LIMIT} on average (expected "
                f"calibration error) in {', '.join(above)}, the worst first."
            )
    return out


def _weak_languages(records: Sequence[Record], task: str) -> list[str]:
    found: dict[str, list[float]] = defaultdict(list)
    for record in records:
        own = (
            record.task == task
            and record.language != EVERY_LANGUAGE
            and not (record.is_view or record.is_suite)
        )
        if own and "macro_f1" in record.values:
            found[record.language].append(record.values["macro_f1"])
    return sorted(language for language, values in found.items() if sum(values) / len(values) < _WEAK)


def _biases(manifest: Manifest) -> list[str]:
    stems = {Path(str(entry.get("file", entry["name"]))).stem for entry in _entries(manifest)}
    remarks: dict[str, str] = json.loads(
        (files(__package__) / "card_remarks.json").read_text(encoding="utf-8")
    )
    return [remark for stem, remark in remarks.items() if stem in stems]


def _provenance(manifest: Manifest) -> str:
    about = manifest.provenance
    told = [
        f"{name}: {about[name]}"
        for name in ("commit", "seed", "teacher")
        if about.get(name) not in (None, "")
    ]
    config = about.get("config") or {}
    told += [
        f"{name}: {config[name]}" for name in sorted(config) if not isinstance(config[name], Mapping | list)
    ]
    return _bullets(told) or "Nothing is stated."


def _files(manifest: Manifest) -> str:
    return _rows(
        ("file", "size", "sha256"),
        [(f"`{r.file}`", _megabytes(r.size), f"`{r.sha256}`") for r in manifest.files],
    )
