"""What gates found: for people as a table, for programs as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from edgewise_cloud.evaluate.table import aligned
from edgewise_cloud.gates.gate import EVERY, Gate

Verdict = Literal["pass", "fail", "not measured", "shown"]

_DIGITS = 4


@dataclass(frozen=True, slots=True)
class GateResult:
    """What one gate found.

    Attributes:
        gate: The gate.
        verdict: "shown" where there is no limit, or only one against a champion that is not there.
        reasons: Why it failed or was not measured, and what a reader must know.
        rows: Rows that counted.
        figure: Of the challenger; None where it was not measured.
        interval: Of that figure, at the gate's confidence.
        champion: The champion's figure on the same rows; None without one.
        difference: Challenger minus champion, with its interval; on the rows that both answered.
        p: Two-sided p-value of that difference, not corrected.
        p_holm: The same, corrected for the number of comparisons of the report.
        test: What p comes from: "mcnemar" or "bootstrap"; empty without a champion.
        mcnemar: P-value of McNemar's test on the answers, where they are right or wrong.
        worst: Set and language of the figure, where the gate asks for the worst.
        by_language: The challenger's figure in each language, where the gate asks for their mean.
    """

    gate: Gate
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    rows: int = 0
    figure: float | None = None
    interval: tuple[float, float] | None = None
    champion: float | None = None
    difference: tuple[float, float, float] | None = None
    p: float | None = None
    p_holm: float | None = None
    test: str = ""
    mcnemar: float | None = None
    worst: str = ""
    by_language: tuple[tuple[str, float], ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the gate lets the model through."""
        return self.verdict in ("pass", "shown") or (
            self.verdict == "not measured" and not self.gate.required
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON-ready values, rounded to four digits; p-values to six."""
        gate = self.gate
        return {
            "name": gate.name,
            "task": gate.task,
            "dataset": gate.dataset,
            "language": gate.language,
            "split": gate.split,
            "slice": list(gate.slice),
            "metric": gate.metric,
            "at_least": gate.at_least,
            "at_most": gate.at_most,
            "not_worse_than_champion_by": gate.not_worse_than_champion_by,
            "required": gate.required,
            "verdict": self.verdict,
            "passed": self.passed,
            "reasons": list(self.reasons),
            "rows": self.rows,
            "figure": _rounded(self.figure),
            "interval": None if self.interval is None else [_rounded(x) for x in self.interval],
            "confidence": gate.confidence,
            "champion": _rounded(self.champion),
            "difference": None if self.difference is None else [_rounded(x) for x in self.difference],
            "p": _rounded(self.p, 6),
            "p_holm": _rounded(self.p_holm, 6),
            "test": self.test,
            "mcnemar": _rounded(self.mcnemar, 6),
            "worst": self.worst,
            "by_language": {language: _rounded(figure) for language, figure in self.by_language},
            "note": gate.note,
        }


def _rounded(value: float | None, digits: int = _DIGITS) -> float | None:
    return None if value is None else round(float(value), digits)


@dataclass(frozen=True, slots=True)
class GateReport:
    """What all gates of a file found.

    Attributes:
        gates: Name of the file.
        model: The challenger.
        champion: What it was compared with; empty without one.
        results: One a gate, in the order of the file.
    """

    gates: str
    model: str
    champion: str
    results: tuple[GateResult, ...]

    @property
    def passed(self) -> bool:
        """Whether every gate lets the model through."""
        return all(result.passed for result in self.results)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready values."""
        return {
            "format": 1,
            "gates": self.gates,
            "model": self.model,
            "champion": self.champion or None,
            "passed": self.passed,
            "results": [result.to_dict() for result in self.results],
        }

    def __str__(self) -> str:
        """Return a table for people, with the reasons of what did not pass below it."""
        heads = ["", "task", "rows of", "metric", "rows", "figure", "interval", "limit"]
        heads += ["champion", "p (Holm)"] if self.champion else []
        against = f" against {self.champion}" if self.champion else ", no champion"
        lines = [f"Gates {self.gates}: {self.model}{against}", ""]
        lines += aligned(heads, [self._row(result) for result in self.results])
        remarks = [
            f"{_WORDS[result.verdict]}  {result.gate.name}: {reason}"
            for result in self.results
            for reason in (*result.reasons, *filter(None, [result.gate.note]))
        ]
        lines += ["", *remarks] if remarks else []
        failed = sum(not result.passed for result in self.results)
        verdict = f"{failed} of {len(self.results)} gates failed" if failed else "All gates passed"
        return "\n".join([*lines, "", f"{verdict}."])

    def _row(self, result: GateResult) -> Sequence[str]:
        gate = result.gate
        figure = "" if result.figure is None else f"{result.figure:.4f}"
        spread = "" if result.interval is None else f"{result.interval[0]:.4f}-{result.interval[1]:.4f}"
        row = [_WORDS[result.verdict], gate.task, _place(gate), _figure(gate), f"{result.rows:,}"]
        row += [figure, spread, gate.limits]
        if self.champion:
            row += ["" if result.champion is None else f"{result.champion:.4f}", _p(result)]
        return row


_WORDS = {"pass": "pass", "fail": "FAIL", "not measured": "NOT MEASURED", "shown": "shown"}


def _place(gate: Gate) -> str:
    parts = [] if gate.dataset == EVERY else [gate.dataset.removeprefix(f"{gate.task}/")]
    parts += [] if gate.language == EVERY else [gate.language]
    parts += [" ".join(gate.slice)] if gate.slice else []
    parts += [f"only {'|'.join(gate.labels)}"] if gate.labels else []
    parts += {"rows": [], "languages": ["mean of languages"], "worst": ["worst language"]}[gate.over]
    return ", ".join(parts) or "all sets"


def _figure(gate: Gate) -> str:
    attribute = "" if gate.attribute == "toxicity" else f" of {gate.attribute}"
    return f"{gate.metric}{attribute}{' (published share)' if gate.prevalence else ''}"


def _p(result: GateResult) -> str:
    p = result.p_holm if result.p_holm is not None else result.p
    if p is None:
        return ""
    shown = "<0.001" if p < 0.001 else f"{p:.3f}"
    return f"{shown} {'McNemar' if result.test == 'mcnemar' else 'bootstrap'}"
