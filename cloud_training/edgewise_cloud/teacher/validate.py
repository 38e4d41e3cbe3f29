"""What a finished teacher is measured on: test splits, slices and gates."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgewise_cloud.catalogue import Catalogue
from edgewise_cloud.evaluate import Report, Selection, evaluate_catalogue
from edgewise_cloud.evaluate.gold import gold_sets, pick_datasets
from edgewise_cloud.evaluate.languages import NAME, language_texts
from edgewise_cloud.gates import GateReport, Gates, evaluate_gates, load_gates, slice_sets
from edgewise_cloud.predictions import (
    GoldRows,
    predict_bundle,
    read_predictions,
    write_predictions,
)
from edgewise_cloud.teacher.answers import Ensemble
from edgewise_cloud.teacher.errors import NoGateError
from edgewise_cloud.train.work_folder import replace_file

LANGUAGE = "language"


@dataclass(frozen=True, slots=True)
class Validated:
    """What was found.

    Attributes:
        report: Figures per task, set and language on the test splits.
        predictions: File of the answers, for gates.
        gates: The verdict; None without gates.
    """

    report: Report
    predictions: Path
    gates: GateReport | None


def validate(
    ensemble: Ensemble,
    catalogue: Catalogue,
    out: Path,
    languages: Sequence[str] | None = None,
    gates: str | None = None,
    champion: Path | None = None,
    limit: int | None = None,
) -> Validated:
    """Measure teachers on the published test splits, judge them by gates, and write it all down.

    Args:
        ensemble: One teacher or several together.
        catalogue: The data.
        out: Folder for report.json, predictions.parquet, gates.json.
        languages: Only rows in these; None for all.
        gates: Name or path of a file of gates.
        champion: Predictions of the present champion.
        limit: Most rows a set, for a quick look.

    Raises:
        CatalogueError: The data can't be had.
        EvaluationError: There is nothing to measure on.
        GateError: The gates can't be read.
    """
    out.mkdir(parents=True, exist_ok=True)
    tasks = tuple(ensemble.labels)
    chosen = Selection(tasks=tasks, languages=tuple(languages or ()), limit=limit)
    sets = _gold_rows(catalogue, chosen)
    for rows in sets:
        ensemble.tell(rows.texts.tolist(), rows.langs.tolist())
    report = evaluate_catalogue(catalogue, chosen, _Maker(ensemble), ensemble.name)
    replace_file(out / "report.json", json.dumps(report.to_dict(), ensure_ascii=False, indent=1).encode())
    path = out / "predictions.parquet"
    analyzer: Any = ensemble
    predictions = predict_bundle(analyzer, sets, model=ensemble.name)
    write_predictions(path, predictions)
    verdict = None
    if gates is not None:
        old = read_predictions(champion) if champion is not None else None
        verdict = evaluate_gates(predictions, old, gates_for(gates, tasks))
        replace_file(out / "gates.json", json.dumps(verdict.to_dict(), ensure_ascii=False, indent=1).encode())
    return Validated(report, path, verdict)


def gates_for(name: str, tasks: Sequence[str]) -> Gates:
    """Read the gates that concern a teacher of some of the tasks.

    Raises:
        GateError: The file can't be read.
        NoGateError: It has none for these tasks, and a teacher must not pass unseen.
    """
    gates = load_gates(name)
    kept = tuple(gate for gate in gates.gates if gate.task in tasks)
    if not kept:
        raise NoGateError(name, tasks)
    return replace(gates, gates=kept)


class _Maker:
    """Gives evaluation the ensemble, whatever part of an analyzer it asks for."""

    def __init__(self, ensemble: Ensemble) -> None:
        self.ensemble = ensemble

    def __call__(self, *, tasks: Sequence[str], languages: Sequence[str] | None) -> Any:
        return self.ensemble if languages is None else self.ensemble.restricted(languages)


def _gold_rows(catalogue: Catalogue, chosen: Selection) -> list[GoldRows]:
    sets: list[GoldRows] = []
    for task in chosen.tasks:
        if task == LANGUAGE:
            texts = language_texts(catalogue, chosen.split, chosen.languages, chosen.limit, chosen.seed)
            sets.append(GoldRows.of_languages(texts.texts, texts.langs, NAME, texts.split))
            continue
        datasets = pick_datasets(catalogue, task, chosen.split, ())
        found = gold_sets(datasets, chosen.split, languages=chosen.languages, limit=chosen.limit)
        sets.extend(GoldRows.of(gold) for gold in found)
    sets.extend(slice_sets(tasks=chosen.tasks, languages=chosen.languages))
    return sets
