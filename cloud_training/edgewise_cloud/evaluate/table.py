"""A report as plain text: aligned columns, one table a task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from edgewise.labels import LABELS, TASKS, TOXICITY
from edgewise_cloud.evaluate.functionality import functionalities, verdict
from edgewise_cloud.evaluate.records import (
    CALIBRATION_LIMIT,
    EVERY_LANGUAGE,
    Record,
    calibration_above,
)
from edgewise_cloud.evaluate.report import MEAN_FIGURES, Report
from edgewise_cloud.evaluate.scoring import TOLD
from edgewise_cloud.evaluate.selective import selective

_HEAD = {
    "language": (
        "Accuracy is strict, und is wrong; 'close' counts hr/bs/sr, id/ms and da/nb each as one language.",
        "Two words: where words are not set apart (zh, ja, th), two characters count as one.",
    ),
    "choice": (
        "Where a set defines fewer labels than the task (told below its name), the best of them is taken;",
        "'free' is the accuracy without that help. Averages run over the labels that occur in the rows.",
    ),
    "toxicity": (
        "Toxic or not is what the product says by its threshold; AUC and ECE are of the probability.",
        "Sets differ in what they call toxic. One-sided rows have no F1 and no AUC.",
    ),
}

Column = tuple[str, Callable[[Record], str]]


def _share(name: str, digits: int = 1) -> Callable[[Record], str]:
    return lambda r: f"{100 * r.values[name]:.{digits}f} %" if name in r.values else ""


def _figure(name: str) -> Callable[[Record], str]:
    return lambda r: f"{r.values[name]:.3f}" if name in r.values else ""


_PLACE: tuple[Column, ...] = (
    ("data set", lambda r: r.dataset),
    ("lang", lambda r: r.language),
    ("rows", lambda r: f"{r.rows:,}"),
)
_COMMON: tuple[Column, ...] = (
    ("accuracy", _share("accuracy")),
    ("macro F1", _figure("macro_f1")),
    ("weighted", _figure("weighted_f1")),
    ("recall", _figure("macro_recall")),
    ("AUC", _figure("auc")),
    ("ECE", _figure("ece")),
    ("unsure", _share("unsure_rate")),
)
_CHOICE = (*_PLACE, *_COMMON, ("free", _share("accuracy_unrestricted")))
_TOXIC = (*_PLACE, ("toxic", _share("toxic_share")), *_COMMON)
_LANGUAGE: tuple[Column, ...] = (
    _PLACE[0],
    _PLACE[2],
    ("accuracy", _share("accuracy", 2)),
    ("close", _share("accuracy_close_as_one", 2)),
    ("macro F1", _figure("macro_f1")),
    ("recall", _figure("macro_recall")),
    ("AUC", _figure("auc")),
    ("ECE", _figure("ece")),
    ("unsure", _share("unsure_rate")),
    ("und", _share("undetermined_rate")),
)
_EACH_LANGUAGE: tuple[Column, ...] = (
    ("lang", lambda r: r.language),
    ("rows", lambda r: f"{r.rows:,}"),
    ("accuracy", _share("accuracy", 2)),
    ("F1", _figure("f1")),
    ("unsure", _share("unsure_rate")),
    ("", lambda r: r.note),
)


def aligned(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return lines with columns as wide as their widest cell; text to the left, figures to the right.

    >>> aligned(["set", "acc"], [["a", "9.0 %"], ["long", "10.0 %"]])
    ['set      acc', 'a      9.0 %', 'long  10.0 %']
    """
    widths = [max(len(row[i]) for row in (heads, *rows)) for i in range(len(heads))]
    left = [all(not cell[:1].isdigit() for cell in column) for column in zip(*rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        padded = (
            c.ljust(w) if to_left else c.rjust(w) for c, w, to_left in zip(cells, widths, left, strict=True)
        )
        return "  ".join(padded).rstrip()

    return [line(heads), *(line(row) for row in rows)]


def _table(columns: Sequence[Column], records: Sequence[Record]) -> list[str]:
    heads = [head for head, _ in columns]
    rows = [[cell(record) for _, cell in columns] for record in records]
    used = [i for i in range(len(heads)) if any(row[i] for row in rows)]
    return aligned([heads[i] for i in used], [[row[i] for i in used] for row in rows])


def _with_labels(lines: list[str], records: Sequence[Record]) -> list[str]:
    """Say under a set's first row which labels it has, and what else a reader must know."""
    out, before = lines[:1], ""
    for line, record in zip(lines[1:], records, strict=True):
        out.append(line)
        if record.dataset != before:
            labels = f"only {', '.join(record.labels)}" if record.labels else ""
            remark = "; ".join(filter(None, (labels, record.note)))
            out.extend([f"    {remark}"] if remark else [])
        before = record.dataset
    return out


def _choice(records: Sequence[Record]) -> list[str]:
    return [*_HEAD["choice"], "", *_with_labels(_table(_CHOICE, records), records)]


def _toxicity(records: Sequence[Record]) -> list[str]:
    out = [*_HEAD["toxicity"], "", *_with_labels(_table(_TOXIC, records), records)]
    attributes = [name for name in LABELS["toxicity"] if name != TOXICITY]
    marked = [r for r in records if any(f"auc_{name}" in r.values for name in attributes)]
    if marked:
        columns = [*_PLACE, *((name, _figure(f"auc_{name}")) for name in attributes)]
        out += ["", "AUC of each attribute, on the rows where the set marks it", "", *_table(columns, marked)]
    for record in records:
        out += _at_prevalence(record)
    return out


def _at_prevalence(record: Record) -> list[str]:
    """Say what holds at the published share of toxic texts, thresholds as they are and moved to it."""
    out = []
    for suffix, thresholds in (("", ""), (TOLD, ", thresholds for that share")):
        found = [
            record.values.get(f"{name}_at_published_prevalence{suffix}")
            for name in ("accuracy", "weighted_f1")
        ]
        if found[0] is not None and found[1] is not None:
            out += [
                "",
                f"{record.dataset}, rows weighted to the published share of toxic ones{thresholds}: "
                f"accuracy {100 * found[0]:.1f} %, weighted F1 {found[1]:.3f}",
            ]
    return out


def _languages(records: Sequence[Record]) -> list[str]:
    together = [r for r in records if r.language == EVERY_LANGUAGE]
    each = sorted((r for r in records if r.language != EVERY_LANGUAGE), key=lambda r: r.values["accuracy"])
    out = [*_HEAD["language"], "", *_table(_LANGUAGE, together)]
    return [*out, "", "Each language, the hardest first", "", *_table(_EACH_LANGUAGE, each)]


def _means(means: Mapping[str, object]) -> str:
    parts = []
    for name in MEAN_FIGURES:
        if name in means:
            rest = f" ({means[f'{name}_without_en']:.3f} without en)" if f"{name}_without_en" in means else ""
            parts.append(f"{name.replace('_', ' ')} {means[name]:.3f}{rest}")
    return f"Mean over {means['languages']} languages, each counted once: {', '.join(parts)}"


def _suites(report: Report) -> list[str]:
    """Lay out what was found of each functionality, with what is promised of it."""
    found = functionalities(report.records)
    if not found:
        return []
    heads = ("suite", "task", "part", "language", "rows", "figure", "", "95 % interval", "promised", "")
    rows = [
        (
            one.suite,
            one.task,
            one.part,
            one.where,
            f"{one.rows:,}",
            one.words,
            f"{one.figure:.3f}",
            f"{one.interval[0]:.3f} to {one.interval[1]:.3f}" if one.interval else "",
            one.promise,
            {True: "kept", False: "FAILS", None: ""}[one.kept],
        )
        for one in found
    ]
    return ["", "== functionalities ==", verdict(found), "", *aligned(heads, rows)]


def _trust(report: Report, task: str) -> list[str]:
    """Say how far the claimed probabilities and `unsure` can be relied on."""
    out = []
    above = calibration_above(report.records, task)
    if above:
        told = ", ".join(f"{language} {value:.3f}" for language, value in above)
        out.append(f"Calibration error above {CALIBRATION_LIMIT:g}: {told}")
    parts = report.judged.get(task, ())
    if any(len(part.gold) for part in parts):
        curve = selective(parts)
        half = curve.accuracy[np.searchsorted(curve.coverage, 0.5)]
        own = "none" if curve.own_accuracy is None else f"{100 * curve.own_accuracy:.1f} % right"
        out.append(
            f"All rows: {100 * curve.accuracy[-1]:.1f} % right; the surer half: {100 * half:.1f} %; "
            f"those not called unsure ({100 * curve.own_coverage:.1f} %): {own}; "
            f"area under risk and coverage {curve.aurc:.3f} (at best {curve.best_aurc:.3f})"
        )
    return ["", *out] if out else []


def show(report: Report) -> str:
    """Return the report as text for people."""
    rows = "all rows" if report.limit is None else f"at most {report.limit:,} rows a set, seed {report.seed}"
    out = [f"Model {report.model}, split {report.split}, {rows}"]
    means = {entry["task"]: entry for entry in report.means()}
    for task in TASKS:
        records = [record for record in report.records if record.task == task and not record.is_suite]
        if not records:
            continue
        body = {"language": _languages, "toxicity": _toxicity}.get(task, _choice)(records)
        out += ["", f"== {task} ==", *body]
        if task in means and means[task]["languages"] > 1:
            out += ["", _means(means[task])]
        out += _trust(report, task)
    out += _suites(report)
    return "\n".join(out)
