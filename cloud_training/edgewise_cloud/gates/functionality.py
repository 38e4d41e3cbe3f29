"""The suites of slices as a part of an evaluation: one record for each demand on a functionality."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from edgewise.labels import TASKS
from edgewise_cloud.evaluate.answers import Analyses
from edgewise_cloud.evaluate.functionality import AT_LEAST, AT_MOST, HIGH, LOW
from edgewise_cloud.evaluate.records import EVERY_LANGUAGE, SUITE_SPLIT, SUITES, Record
from edgewise_cloud.gates.gate import EVERY, Gate, Gates
from edgewise_cloud.gates.gate_file import load_gates
from edgewise_cloud.gates.judge import evaluate_gates
from edgewise_cloud.gates.metrics import METRICS
from edgewise_cloud.gates.needed import needed_suites
from edgewise_cloud.gates.report import GateReport, GateResult
from edgewise_cloud.gates.suites import suite_names
from edgewise_cloud.predictions import predict_bundle

_WORST = 3
"""Languages that are named beside a mean over them."""

STUDENT = "student"
"""The gates of what ships: they say which functionalities a report tells, and what is promised of each."""


def suite_gates(gates: Gates, tasks: Collection[str] = TASKS, languages: Collection[str] = ()) -> Gates:
    """Return the gates about suites alone.

    Args:
        gates: All of them.
        tasks: Only those of these.
        languages: Only those in one of these or over all languages; all by default.
    """
    kept = tuple(
        gate
        for gate in gates.gates
        if suite_of(gate) and gate.task in tasks and (not languages or gate.language in (EVERY, *languages))
    )
    return replace(gates, gates=kept)


def suite_of(gate: Gate) -> str:
    """Return the suite that a gate is about; empty where it is about sets.

    >>> suite_of(Gate("sentiment", "accuracy", slice=("negation", "kind=x")))
    'negation'
    """
    if gate.dataset.startswith(SUITES):
        return gate.dataset.removeprefix(SUITES)
    return next((tag for tag in gate.slice if tag in suite_names()), "")


def suite_records(
    analyzer: Analyses, model: str, *, tasks: Collection[str] = TASKS, languages: Collection[str] = ()
) -> list[Record]:
    """Ask a bundle about the suites, and return what was found of each functionality that students promise.

    Args:
        analyzer: An `edgewise.Analyzer`, or what behaves like one.
        model: Its name and version.
        tasks: Only these.
        languages: Only texts in these, and those in none; all by default.
    """
    gates = suite_gates(load_gates(STUDENT), tasks, languages)
    sets = list(needed_suites(gates, tasks, languages=languages))
    if not sets:
        return []
    return records_of(evaluate_gates(predict_bundle(analyzer, sets, model=model), None, gates))


def records_of(report: GateReport) -> list[Record]:
    """Return the gates about suites that were measured, as records."""
    return [
        _record(result) for result in report.results if suite_of(result.gate) and result.figure is not None
    ]


def _mean_of(result: GateResult) -> str:
    """Say that a figure is a mean of languages, and name the worst of them."""
    low_is_good = METRICS[result.gate.metric].lower_is_better
    ranked = sorted(result.by_language, key=lambda pair: -pair[1] if low_is_good else pair[1])
    worst = ", ".join(f"{language} {figure:.2f}" for language, figure in ranked[:_WORST])
    return f"mean of languages (worst: {worst})" if len(ranked) > 1 else "mean of languages"


def _record(result: GateResult) -> Record:
    gate = result.gate
    suite = suite_of(gate)
    part = " ".join(tag for tag in gate.slice if tag != suite)
    values = {gate.metric: result.figure or 0.0}
    if result.interval is not None:
        values |= {LOW: result.interval[0], HIGH: result.interval[1]}
    if gate.at_least is not None:
        values[AT_LEAST] = gate.at_least
    if gate.at_most is not None:
        values[AT_MOST] = gate.at_most
    note = {"rows": "", "languages": _mean_of(result), "worst": f"worst: {result.worst}"}[gate.over]
    return Record(
        task=gate.task,
        dataset=f"{SUITES}{suite}:{part}" if part else f"{SUITES}{suite}",
        split=SUITE_SPLIT,
        language=EVERY_LANGUAGE if gate.language == EVERY else gate.language,
        rows=result.rows,
        values=values,
        note=note,
    )
