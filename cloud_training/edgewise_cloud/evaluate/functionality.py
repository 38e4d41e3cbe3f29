"""What a model can do, functionality by functionality: the records of suites, as a reader wants them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgewise.labels import TASKS
from edgewise_cloud.evaluate.records import EVERY_LANGUAGE, SUITES, Record

WORDS = {
    "accuracy": "right",
    "false_positive_rate": "called toxic",
    "false_negative_rate": "missed",
    "pair_consistency": "pairs with every member right",
    "twin_gap": "score gap of twins, mean",
    "largest_twin_gap": "score gap of twins, largest",
    "score_gap": "gap between mean scores of terms",
    "rate_gap": "gap between shares called toxic of terms",
    "macro_f1": "macro F1",
    "auc": "AUC",
    "ece": "calibration error",
}
"""What a figure is, for people."""

LOW, HIGH, AT_LEAST, AT_MOST = "low", "high", "at_least", "at_most"
"""Names beside the figure in a record: its interval, and what was promised."""


@dataclass(frozen=True, slots=True)
class Functionality:
    """One thing that a model was asked to do.

    Attributes:
        suite: Name of the suite.
        part: Which of its rows; empty for all.
        task: The task.
        language: ISO code, or "all".
        rows: Texts measured.
        metric: Name of the figure.
        figure: As measured.
        interval: Lower and upper end of its confidence interval; None where it was not told.
        at_least: What was promised, from below.
        at_most: What was promised, from above.
        note: How languages were put together.
    """

    suite: str
    part: str
    task: str
    language: str
    rows: int
    metric: str
    figure: float
    interval: tuple[float, float] | None
    at_least: float | None
    at_most: float | None
    note: str

    @property
    def kept(self) -> bool | None:
        """Whether the figure keeps to what was promised; None where nothing was."""
        if self.at_least is None and self.at_most is None:
            return None
        low_enough = self.at_most is None or self.figure <= self.at_most
        return low_enough and (self.at_least is None or self.figure >= self.at_least)

    @property
    def promise(self) -> str:
        """What was promised, as a person writes it; empty where nothing was."""
        parts = [f">= {self.at_least:g}"] if self.at_least is not None else []
        return " ".join([*parts, *([f"<= {self.at_most:g}"] if self.at_most is not None else [])])

    @property
    def words(self) -> str:
        """What the figure is, for people."""
        return WORDS.get(self.metric, self.metric)

    @property
    def where(self) -> str:
        """In which language, for people."""
        return self.note or ("all together" if self.language == EVERY_LANGUAGE else self.language)


def functionalities(records: Iterable[Record]) -> list[Functionality]:
    """Return what the records of suites tell, in the order of suites, tasks and parts."""
    found = [_read(record) for record in records if record.is_suite]
    return sorted(
        (one for one in found if one is not None),
        key=lambda one: (
            one.suite,
            TASKS.index(one.task),
            one.part,
            one.metric,
            one.language == EVERY_LANGUAGE,
        ),
    )


def verdict(found: Sequence[Functionality]) -> str:
    """Say how many promises are kept.

    >>> verdict([])
    'No functionality was measured.'
    """
    promised = [one for one in found if one.kept is not None]
    if not promised:
        return "No functionality was measured."
    return f"{sum(bool(one.kept) for one in promised)} of {len(promised)} promises are kept."


def _read(record: Record) -> Functionality | None:
    values = record.values
    metric = next((name for name in values if name not in (LOW, HIGH, AT_LEAST, AT_MOST)), None)
    if metric is None or record.task not in TASKS:
        return None
    suite, _, part = record.dataset.removeprefix(SUITES).partition(":")
    return Functionality(
        suite=suite,
        part=part,
        task=record.task,
        language=record.language,
        rows=record.rows,
        metric=metric,
        figure=values[metric],
        interval=(values[LOW], values[HIGH]) if LOW in values and HIGH in values else None,
        at_least=values.get(AT_LEAST),
        at_most=values.get(AT_MOST),
        note=record.note,
    )
