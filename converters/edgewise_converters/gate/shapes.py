"""Lengths, batches and neighbours: faults that no single text shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edgewise.errors import BackendRunError
from edgewise_converters.errors import GateError
from edgewise_converters.forms.material import feeds_of
from edgewise_converters.gate.rows import Rows, Run, answers, probabilities
from edgewise_converters.sources.model import Source

LENGTHS = (1, 2, 3, 7, 16, 31, 64, 96)
BATCHES = (1, 2, 5, 32)


def check_shapes(form: str, run: Run, source: Source, lengths: Sequence[int] = LENGTHS) -> dict[str, Any]:
    """Run every length in every batch size.

    Returns:
        What was run, for the report.

    Raises:
        GateError: A shape is not the promised one, a number is not finite, or the run failed.
    """
    tried = sorted({*(length for length in lengths if length <= source.max_tokens), source.max_tokens})
    rng = np.random.default_rng(17)
    labels = {task: len(spec.labels) for task, spec in source.specs.items()}
    for length in tried:
        for batch in BATCHES:
            rows = rng.integers(1, 5, (batch, length)).tolist()
            _check_run(form, run, rows, labels)
    return {"lengths": tried, "batches": list(BATCHES)}


def _check_run(form: str, run: Run, rows: list[list[int]], labels: Mapping[str, int]) -> None:
    where = f"length {len(rows[0])} in a batch of {len(rows)}"
    try:
        found = run(feeds_of(rows))
    except BackendRunError as error:
        raise GateError(form, "shapes", f"{where}: {error.reason}") from error
    for task, count in labels.items():
        if task not in found:
            raise GateError(form, "shapes", f"it has no output {task!r}")
        if found[task].shape != (len(rows), count):
            raise GateError(
                form,
                "shapes",
                f"{where} gives {task} the shape {found[task].shape}, not {(len(rows), count)}",
            )
        if not np.isfinite(found[task]).all():
            raise GateError(form, "values", f"{where} gives {task} numbers that are not finite")


def check_neighbours(
    form: str, run: Run, source: Source, rows: Rows, most: float, *, refuse: bool = True, count: int = 64
) -> dict[str, Any]:
    """Compare texts run alone with the same texts in batches of other texts, padded and unpadded.

    Args:
        form: What to call it.
        run: The model.
        source: What it was made from.
        rows: Texts.
        most: The largest difference of a probability that is accepted.
        refuse: False when a difference is known and wanted all the same; it is reported.
        count: Texts that are tried.

    Raises:
        GateError: An answer changes; the message names the text.
    """
    ids = list(rows.ids[:count])
    if len(ids) < 2:
        return {"texts": len(ids), "max_difference": 0.0}
    texts = rows.texts[: len(ids)]
    languages = [text.language for text in texts]
    tasks = list(source.tasks)
    alone = {task: np.concatenate(parts) for task, parts in _each(run, ids, tasks).items()}
    together = _padded(run, ids, tasks, source.pad_id)
    equal = answers(run, ids, tasks)
    worst, which = 0.0, 0
    for task, spec in source.specs.items():
        base = probabilities(spec, alone[task], languages)
        for other in (together, equal):
            change = np.abs(probabilities(spec, other[task], languages) - base).max(axis=1)
            if change.max() > worst:
                worst, which = float(change.max()), int(change.argmax())
    if refuse and worst > most:
        raise GateError(
            form,
            "neighbours",
            f"the text {texts[which].text[:80]!r} moves by {worst:.4f} with what shares its batch",
        )
    return {"texts": len(ids), "max_difference": _short(worst)}


def _each(run: Run, ids: Sequence[Sequence[int]], tasks: Sequence[str]) -> dict[str, list[Any]]:
    runs = [run(feeds_of([row])) for row in ids]
    return {task: [found[task] for found in runs] for task in tasks}


def _padded(run: Run, ids: Sequence[Sequence[int]], tasks: Sequence[str], pad_id: int) -> dict[str, Any]:
    """Run in batches of 16 of all lengths."""
    parts = [run(feeds_of(ids[first : first + 16], pad_id)) for first in range(0, len(ids), 16)]
    return {task: np.concatenate([part[task] for part in parts]) for task in tasks}


def _short(value: float) -> float:
    """Keep four digits: reports are read by people."""
    return float(f"{value:.4g}")
