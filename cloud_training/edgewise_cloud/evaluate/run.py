"""Evaluating a model: set by set, through the very analyzer that an app uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edgewise.labels import TASKS
from edgewise_cloud.catalogue import Catalogue
from edgewise_cloud.evaluate.answers import Analyses, ask
from edgewise_cloud.evaluate.errors import NothingToEvaluateError
from edgewise_cloud.evaluate.gold import Gold, gold_sets, pick_datasets
from edgewise_cloud.evaluate.languages import NAME, LanguageTexts, language_texts, score_languages
from edgewise_cloud.evaluate.report import Report, collect
from edgewise_cloud.evaluate.scoring import Scored, score_choice, score_toxicity
from edgewise_cloud.evaluate.user_file import read_labelled, user_gold, user_languages

Notice = Callable[[str], None]
"""Told what is being worked on."""


class MakeAnalyzer(Protocol):
    """Makes the analyzer to evaluate."""

    def __call__(self, *, tasks: Sequence[str], languages: Sequence[str] | None) -> Analyses:
        """Return an analyzer for some tasks, that may answer with these languages only (None: all)."""
        ...


@dataclass(frozen=True, slots=True)
class Selection:
    """What to evaluate on.

    Attributes:
        tasks: Which tasks.
        datasets: Names of sets; all of tier main when empty.
        languages: Only rows in these; all when empty.
        split: train, dev or test.
        limit: Most rows a set; None for all.
        seed: Of the choice of rows.
    """

    tasks: tuple[str, ...] = TASKS
    datasets: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    split: str = "test"
    limit: int | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class UserFile:
    """A file of one's own with right answers.

    Attributes:
        path: CSV, TSV, JSONL or Parquet.
        task: The task that its labels are of.
        text: Column of texts.
        label: Column of right answers.
        language: Column of language codes; None if it has none.
    """

    path: Path
    task: str
    text: str = "text"
    label: str = "label"
    language: str | None = None


def evaluate_catalogue(
    catalogue: Catalogue,
    selection: Selection,
    make: MakeAnalyzer,
    model: str,
    notice: Notice = lambda _: None,
) -> Report:
    """Evaluate a model on the sets of the catalogue.

    Args:
        catalogue: The data.
        selection: Which part of it.
        make: Makes the analyzer.
        model: Name and version of the model, for the report.
        notice: Called with a line for each set before it is run.

    Raises:
        NothingToEvaluateError: Nothing fits the selection.
        CatalogueError: A set is unknown, or its file missing or broken.
    """
    scored = list(_scored(catalogue, selection, make, notice))
    if not scored:
        raise NothingToEvaluateError(selection.tasks, selection.split, selection.languages)
    records, judged = collect([(part.records, part.judged) for part in scored])
    return Report(model, selection.split, selection.limit, selection.seed, records, judged)


def evaluate_file(file: UserFile, make: MakeAnalyzer, model: str) -> Report:
    """Evaluate a model on a file of one's own.

    Raises:
        CommandError: The file cannot be read.
        EvaluationError: It lacks a column, or rows.
        UnknownDataLabelError: A label is none of the task's.
    """
    texts, labels, languages = read_labelled(file.path, file.text, file.label, file.language)
    if file.task == "language":
        found = _languages(user_languages(texts, labels), make, file.path.name)
        if found is None:
            raise NothingToEvaluateError([file.task], "-", sorted(set(labels)))
    else:
        found = _labelled(user_gold(file.path, file.task, texts, labels, languages), make)
    records, judged = collect([(found.records, found.judged)])
    return Report(model, "-", None, 0, records, judged)


def _scored(
    catalogue: Catalogue, selection: Selection, make: MakeAnalyzer, notice: Notice
) -> Iterator[Scored]:
    for task in selection.tasks:
        if task == "language":
            found = _language_task(catalogue, selection, make, notice)
            if found is not None:
                yield found
            continue
        datasets = pick_datasets(catalogue, task, selection.split, selection.datasets)
        sets = gold_sets(
            datasets,
            selection.split,
            languages=selection.languages,
            limit=selection.limit,
            seed=selection.seed,
        )
        for number, gold in enumerate(sets, start=1):
            notice(f"{gold.name} ({number} of {len(datasets)}): {len(gold.examples):,} texts")
            yield _labelled(gold, make)


def _labelled(gold: Gold, make: MakeAnalyzer) -> Scored:
    answers = ask(make(tasks=(gold.task,), languages=None), gold.examples.texts, gold.task)
    return score_toxicity(gold, answers) if gold.task == "toxicity" else score_choice(gold, answers)


def _language_task(
    catalogue: Catalogue, selection: Selection, make: MakeAnalyzer, notice: Notice
) -> Scored | None:
    if selection.datasets and NAME not in selection.datasets:
        return None
    texts = language_texts(catalogue, selection.split, selection.languages, selection.limit, selection.seed)
    notice(f"{NAME}: {len(texts.texts):,} texts")
    return _languages(texts, make, NAME)


def _languages(texts: LanguageTexts, make: MakeAnalyzer, name: str) -> Scored | None:
    return score_languages(texts, lambda only: make(tasks=("language",), languages=only), name)
