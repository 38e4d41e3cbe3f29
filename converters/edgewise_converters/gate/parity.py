"""Answers to real texts, before and after: probabilities, verdicts and quality, by task and language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgewise.bundle.manifest import TaskSpec
from edgewise_converters.errors import GateError
from edgewise_converters.gate.metric import quality
from edgewise_converters.gate.rows import Array, Rows, probabilities, verdicts
from edgewise_converters.limits import Limits

REST = "other"
"""Languages with too few texts are judged together under this name."""


@dataclass(frozen=True)
class Task:
    """The answers to one task, before and after.

    Attributes:
        name: The task.
        spec: How to read it.
        before: Probabilities [n, labels].
        after: The same of the converted model.
    """

    name: str
    spec: TaskSpec
    before: Array
    after: Array


def compare(
    form: str, exact: str, specs: Mapping[str, TaskSpec], rows: Rows, before: Any, after: Any, limits: Limits
) -> dict[str, Any]:
    """Compare logits on texts and judge them.

    Args:
        form: What to call it.
        exact: "exact" or "half" where probabilities must be the same within that precision, else "".
        specs: The tasks.
        rows: n texts.
        before: By task logits [n, labels] of the model that was converted.
        after: The same of what came out.
        limits: What is accepted.

    Returns:
        The report: `difference`, `agreement` and `metric` by task and language.

    Raises:
        GateError: One is outside; the message names the text or the language.
    """
    languages = list(rows.languages)
    tasks = [
        Task(name, spec, *(probabilities(spec, logits[name], languages) for logits in (before, after)))
        for name, spec in specs.items()
    ]
    bound = {"exact": limits.exact, "half": limits.half}.get(exact)
    return {
        "difference": {task.name: _difference(form, task, rows, bound) for task in tasks},
        "agreement": {task.name: _agreement(form, task, rows, limits) for task in tasks},
        "metric": {
            task.name: found
            for task in tasks
            if (found := _metric(form, task, rows, limits.metric)) is not None
        },
    }


def _difference(form: str, task: Task, rows: Rows, bound: float | None) -> dict[str, float]:
    change = np.abs(task.after - task.before)
    worst = int(change.max(axis=1).argmax())
    if bound is not None and change.max() > bound:
        raise GateError(
            form,
            "probabilities",
            f"{task.name} of the text {rows.texts[worst].text[:80]!r} ({rows.texts[worst].language}) "
            f"differs by {change.max():.4f}, more than {bound}",
        )
    return {"max": float(f"{change.max():.3g}"), "mean": float(f"{change.mean():.3g}")}


def groups_of(languages: Array, least: int) -> dict[str, Array]:
    """Return which rows belong to each language with enough texts; the others are one group."""
    names, counts = np.unique(languages.astype(str), return_counts=True)
    large = [str(name) for name, count in zip(names, counts, strict=True) if count >= least]
    groups = {name: languages == name for name in large}
    rest = ~np.isin(languages.astype(str), large)
    return {**groups, REST: rest} if rest.any() else groups


def _agreement(form: str, task: Task, rows: Rows, limits: Limits) -> dict[str, Any]:
    """Return the share of equal verdicts by language; of several labels the least of them.

    Where there are too few texts to speak of hundredths, one of them may get another verdict.
    """
    languages = rows.languages
    same = verdicts(task.spec, task.before, list(languages)) == verdicts(
        task.spec, task.after, list(languages)
    )
    found: dict[str, Any] = {}
    for language, group in groups_of(languages, limits.least_texts).items():
        shares = same[group].mean(axis=0)
        share, place, count = float(shares.min()), int(shares.argmin()), int(group.sum())
        found[language] = {"texts": count, "share": round(share, 5)}
        lost = round(count * (1.0 - share))
        if share < limits.agreement and (count >= limits.least_texts or lost > 1):
            label = f" {task.spec.labels[place]}" if task.spec.activation == "sigmoid" else ""
            example = rows.texts[int(np.flatnonzero(group & ~same[:, place])[0])].text[:80]
            raise GateError(
                form,
                "agreement",
                f"in the language {language!r} only {share:.2%} of {count} texts get the same "
                f"{task.name}{label}, for example not {example!r}",
            )
    return found


def _metric(form: str, task: Task, rows: Rows, most: float) -> dict[str, Any] | None:
    """Return macro-F1 before and after, of all texts and by language."""
    languages = list(rows.languages)
    told = [verdicts(task.spec, likely, languages) for likely in (task.before, task.after)]
    whole = _pair(task, rows, told, np.ones(len(rows), bool))
    if whole is None:
        return None
    change = 100 * (whole["after"] - whole["before"])
    if change < -most:
        worst = _worst(task, rows, told)
        raise GateError(
            form, "metric", f"the macro-F1 of {task.name} on dev changes by {change:+.2f} points{worst}"
        )
    by_language = {
        language: found
        for language, group in groups_of(rows.languages, 1).items()
        if (found := _pair(task, rows, told, group)) is not None
    }
    return {"all": whole, "by_language": by_language}


def _pair(task: Task, rows: Rows, told: list[Array], group: Array) -> dict[str, Any] | None:
    texts = [rows.texts[int(place)] for place in np.flatnonzero(group)]
    before, after = (quality(task.spec, task.name, texts, verdict[group]) for verdict in told)
    if before is None or after is None:
        return None
    return {"rows": before[1], "before": round(before[0], 5), "after": round(after[0], 5)}


def _worst(task: Task, rows: Rows, told: list[Array]) -> str:
    found = [
        (abs(pair["after"] - pair["before"]), language)
        for language, group in groups_of(rows.languages, 1).items()
        if (pair := _pair(task, rows, told, group)) is not None
    ]
    return f", most in the language {max(found)[1]!r}" if found else ""
