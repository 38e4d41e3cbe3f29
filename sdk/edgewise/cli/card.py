"""A model's card on the terminal: what it is, what it was measured at, what it was made from."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from edgewise.bundle import Bundle, Manifest, ModelSpec, TaskSpec
from edgewise.cli.inventory import languages_of, means, tasks_of
from edgewise.cli.show import one_line, table

_COUNT_KEYS = ("task", "dataset", "split", "language", "rows")


def card(bundle: Bundle) -> str:
    """Lay a bundle's card out in plain text."""
    manifest = bundle.manifest
    parts = [_head(bundle), *(_model(model) for model in manifest.models.values())]
    parts += [_metrics(manifest), _provenance(manifest.provenance)]
    return "\n\n".join(part for part in parts if part)


def _head(bundle: Bundle) -> str:
    manifest = bundle.manifest
    lines = [f"{manifest.name} {manifest.version}"]
    if manifest.description:
        lines.append(one_line(manifest.description, 110))
    facts = {
        "licence": manifest.licence,
        "created": manifest.created,
        "folder": str(bundle.folder),
        "size": f"{sum(ref.size for ref in manifest.files) / 1e6:.1f} MB in {len(manifest.files)} files",
        "tasks": ", ".join(tasks_of(manifest)),
        "languages": _wrapped(languages_of(manifest)),
        "means": ", ".join(f"{task} {value:.3f}" for task, value in means(manifest).items()),
        "signed": "yes" if manifest.signature else "no",
    }
    return "\n".join([*lines, *(f"  {name:<10} {value}" for name, value in facts.items() if value)])


def _model(model: ModelSpec) -> str:
    artifacts = ", ".join(
        f"{each.backend} {each.precision} {each.file.size / 1e6:.1f} MB" for each in model.artifacts
    )
    lines = [f"model {model.name}: {model.kind}", f"  files      {artifacts}"]
    if model.tokenizer:
        lines.append(f"  tokens     {model.tokenizer.max_tokens} a window, {model.tokenizer.stride} shared")
    for name, task in model.tasks.items():
        lines += _task(name, task)
    return "\n".join(lines)


def _task(name: str, task: TaskSpec) -> Iterator[str]:
    shown = f"{len(task.labels)} labels" if len(task.labels) > 12 else ", ".join(task.labels)
    yield f"  {name:<10} {shown}"
    for label, threshold in task.thresholds.items():
        measured = [
            f"{word} {value:.2f}"
            for word, value in (("precision", threshold.precision), ("recall", threshold.recall))
            if value is not None
        ]
        own = f"; own for {', '.join(threshold.by_language)}" if threshold.by_language else ""
        at = f" ({', '.join(measured)})" if measured else ""
        yield f"{'':13}threshold {label} {threshold.value:.2f}{at}{own}"


def _metrics(manifest: Manifest) -> str:
    """Lay out every measured figure, one row a task, data set, split and language."""
    rows = manifest.metrics
    if not rows:
        return "metrics: none were measured"
    figures = list(dict.fromkeys(key for row in rows for key in row if key not in _COUNT_KEYS))
    head = [*_COUNT_KEYS, *figures]
    cells = [[_figure(row.get(key)) for key in head] for row in rows]
    return "metrics\n" + textwrap.indent(table(head, cells, right=["rows", *figures]), "  ")


def _provenance(provenance: Mapping[str, Any]) -> str:
    datasets = provenance.get("datasets") or []
    rest = {key: value for key, value in provenance.items() if key not in ("datasets", "config") and value}
    lines = ["made from"]
    if datasets:
        head = ["name", "licence", "rows"]
        rows = [[_figure(each.get(key)) for key in head] for each in datasets]
        lines.append(textwrap.indent(table(head, rows, right=["rows"]), "  "))
    lines += [f"  {key:<10} {one_line(_figure(value), 100)}" for key, value in rest.items()]
    return "\n".join(lines) if len(lines) > 1 else ""


def _figure(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}"
    return (
        f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else one_line(str(value), 60)
    )


def _wrapped(names: Sequence[str]) -> str:
    return textwrap.fill(" ".join(names), 97, subsequent_indent=" " * 13)
