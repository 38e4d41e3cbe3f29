"""Judging a model by gates: figures, intervals, the comparison with the champion, verdicts."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgewise_cloud.gates.bootstrap import Floats
from edgewise_cloud.gates.gate import Gate, Gates
from edgewise_cloud.gates.measure import Measure
from edgewise_cloud.gates.metrics import METRICS
from edgewise_cloud.gates.paired import holm, mcnemar
from edgewise_cloud.gates.report import GateReport, GateResult, Verdict
from edgewise_cloud.gates.rows import beside, cells, select
from edgewise_cloud.gates.spread import difference_p, interval
from edgewise_cloud.predictions import Predictions, TaskPredictions


@dataclass(frozen=True, slots=True)
class _Found:
    """A gate's figure of one or two models on the same rows.

    Attributes:
        rows: Rows that counted.
        figures: One a model [models].
        resampled: The same on units drawn again [resamples, models].
        alone: Units that only the first, only the second model got right.
        exact: Whether McNemar's test is a test of the figure.
        worst: Set and language, where the gate asks for the worst.
        shares: Units that the figure is a share of; 0 where it is not a share.
        by_language: The first model's figure in each language, where the gate asks for their mean.
    """

    rows: int
    figures: Floats
    resampled: Floats
    alone: tuple[int, int] | None
    exact: bool
    worst: str = ""
    shares: int = 0
    by_language: tuple[tuple[str, float], ...] = ()


def evaluate_gates(challenger: Predictions, champion: Predictions | None, gates: Gates) -> GateReport:
    """Judge a model.

    Args:
        challenger: The model's answers.
        champion: Answers of the model that it would replace; None where there is none yet: comparisons with
            it then count as passed.
        gates: The demands.
    """
    results = [_result(gate, challenger, champion, gates) for gate in gates.gates]
    compared = [i for i, one in enumerate(results) if one.p is not None and _compares(one.gate)]
    for i, p in zip(compared, holm([results[i].p or 0.0 for i in compared]), strict=True):
        results[i] = replace(results[i], p_holm=p)
    judged = tuple(_judge(result, champion is not None) for result in results)
    return GateReport(gates.name, challenger.model, champion.model if champion else "", judged)


def _compares(gate: Gate) -> bool:
    return gate.not_worse_than_champion_by is not None


def _result(gate: Gate, challenger: Predictions, champion: Predictions | None, gates: Gates) -> GateResult:
    """Return figures without a verdict; only what cannot be measured has one already."""
    part = challenger.tasks.get(gate.task)
    if part is None:
        return GateResult(gate, "not measured", (f"the model gave no answers to {gate.task}",))
    rows = select(part, gate)
    if len(rows) < gate.min_rows:
        return _too_few(gate, len(rows))
    found = _find(gate, [rows], gates)
    if found is None:
        return GateResult(gate, "not measured", ("the rows do not allow the figure",), len(rows))
    if found.rows < gate.min_rows:
        return _too_few(gate, found.rows)
    figure = float(found.figures[0])
    result = GateResult(
        gate,
        "pass",
        rows=found.rows,
        figure=figure,
        interval=interval(figure, found.resampled[:, 0], gate.confidence, found.shares),
        worst=found.worst,
        by_language=found.by_language,
    )
    other = champion.tasks.get(gate.task) if champion else None
    return result if other is None else _compare(result, rows, select(other, gate), gates)


def _too_few(gate: Gate, rows: int) -> GateResult:
    return GateResult(gate, "not measured", (f"{rows:,} rows, and {gate.min_rows:,} are needed",), rows)


def _compare(result: GateResult, rows: TaskPredictions, other: TaskPredictions, gates: Gates) -> GateResult:
    both, champion = beside(rows, other)
    gate = result.gate
    if len(champion) < gate.min_rows:
        return result
    found = _find(gate, [rows.take(both), champion], gates)
    if found is None or found.rows < gate.min_rows:
        return result
    difference = float(found.figures[0] - found.figures[1])
    moved = found.resampled[:, 0] - found.resampled[:, 1]
    test = None if found.alone is None else mcnemar(*found.alone)
    exact = found.exact and test is not None
    reasons = result.reasons
    if found.rows < result.rows:
        reasons += (f"compared with the champion on the {found.rows:,} rows that both answered",)
    return replace(
        result,
        reasons=reasons,
        champion=float(found.figures[1]),
        difference=(difference, *interval(difference, moved, gate.confidence)),
        p=test if exact else difference_p(difference, moved),
        test="mcnemar" if exact else "bootstrap",
        mcnemar=test,
    )


def _find(gate: Gate, models: Sequence[TaskPredictions], gates: Gates) -> _Found | None:
    """Measure a gate's figure of one or two models on the same rows; None where these do not allow it."""
    whole = [("", "", np.ones(len(models[0]), dtype=np.bool_))]
    places = whole if gate.over == "rows" else cells(models[0])
    found: list[tuple[str, str, _Found]] = []
    for dataset, language, kept in places:
        measure = METRICS[gate.metric].build(
            [model.take(kept) for model in models], gate.attribute, gate.prevalence
        )
        if measure is not None:
            key = f"{gate.name}\n{dataset}\n{language}".encode()
            generator = np.random.default_rng([gates.seed, zlib.crc32(key)])
            found.append((dataset, language, _measured(measure, generator, gates.resamples)))
    if not found:
        return None
    if gate.over == "rows":
        return found[0][2]
    return _mean(found) if gate.over == "languages" else _worst(found, METRICS[gate.metric].lower_is_better)


def _measured(measure: Measure, generator: np.random.Generator, resamples: int) -> _Found:
    return _Found(
        measure.rows,
        measure.units.figures(),
        measure.units.resampled(generator, resamples),
        measure.alone(),
        measure.exact,
        shares=int(measure.units.counts.sum()) if measure.exact else 0,
    )


def _mean(found: Sequence[tuple[str, str, _Found]]) -> _Found:
    """Return the mean over languages, each the mean over its sets, as `edgewise evaluate` counts it."""
    languages = sorted({language for _, language, _ in found})
    own = [[part for _, code, part in found if code == language] for language in languages]
    figures = [np.mean([part.figures for part in parts], axis=0) for parts in own]
    return _Found(
        sum(part.rows for _, _, part in found),
        np.mean(figures, axis=0),
        np.mean([np.mean([part.resampled for part in parts], axis=0) for parts in own], axis=0),
        _together([part for _, _, part in found]),
        exact=False,
        by_language=tuple(
            (language, float(figure[0])) for language, figure in zip(languages, figures, strict=True)
        ),
    )


def _worst(found: Sequence[tuple[str, str, _Found]], lower_is_better: bool) -> _Found:
    """Return the worst figure of any set and language; of each model its own worst."""
    pick = np.max if lower_is_better else np.min
    figures = np.stack([part.figures for _, _, part in found])
    which = int(figures[:, 0].argmax() if lower_is_better else figures[:, 0].argmin())
    return _Found(
        sum(part.rows for _, _, part in found),
        pick(figures, axis=0),
        pick(np.stack([part.resampled for _, _, part in found]), axis=0),
        _together([part for _, _, part in found]),
        exact=False,
        worst=f"{found[which][0]} {found[which][1]}",
    )


def _together(parts: Sequence[_Found]) -> tuple[int, int] | None:
    alone = [part.alone for part in parts if part.alone is not None]
    return (sum(a for a, _ in alone), sum(b for _, b in alone)) if alone else None


def _judge(result: GateResult, has_champion: bool) -> GateResult:
    """Give the verdict, now that p-values are corrected."""
    gate = result.gate
    if result.figure is None or result.interval is None:
        return result
    low, high = result.interval if gate.strict else (result.figure, result.figure)
    what = "the interval" if gate.strict else "the figure"
    reasons = [f"the worst is {result.worst}"] if result.worst else []
    reasons += result.reasons
    failed = False
    if gate.at_least is not None and low < gate.at_least:
        failed = True
        reasons.append(f"{what} lies {gate.at_least - low:.4f} below {gate.at_least:g}")
    if gate.at_most is not None and high > gate.at_most:
        failed = True
        reasons.append(f"{what} lies {high - gate.at_most:.4f} above {gate.at_most:g}")
    verdict: Verdict = "fail" if failed else "pass"
    margin = gate.not_worse_than_champion_by
    if margin is not None and has_champion:
        if result.champion is None:
            verdict = verdict if failed else "not measured"
            reasons.append("the champion did not answer enough of these rows")
        else:
            worse, why = _worse(result, margin)
            verdict = "fail" if worse else verdict
            reasons += [why] if why else []
    if not gate.limits and (margin is None or not has_champion):
        verdict = "shown"
    return replace(result, verdict=verdict, reasons=tuple(reasons))


def _worse(result: GateResult, margin: float) -> tuple[bool, str]:
    """Say whether the challenger is worse than the champion by more than the margin, and why."""
    gate = result.gate
    difference, low, high = result.difference or (0.0, 0.0, 0.0)
    lower_is_better = METRICS[gate.metric].lower_is_better
    loss, most = (difference, high) if lower_is_better else (-difference, -low)
    p = result.p_holm if result.p_holm is not None else 1.0
    if gate.strict:
        if most <= margin:
            return False, ""
        return True, f"up to {most:.4f} worse than the champion's {result.champion:.4f} is not ruled out"
    if loss <= margin:
        return False, ""
    said = f"{loss:.4f} worse than the champion's {result.champion:.4f}"
    if p > 1 - gate.confidence:
        return False, f"{said}, which may be chance (p = {p:.3f})"
    return True, f"{said} (p = {p:.3g}), and {margin:g} is allowed"
