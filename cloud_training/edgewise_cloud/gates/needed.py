"""The rows that a file of gates wants a model to be asked about."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from edgewise.labels import TASKS
from edgewise_cloud.catalogue import Catalogue
from edgewise_cloud.evaluate.gold import gold_sets, pick_datasets
from edgewise_cloud.evaluate.languages import NAME, language_lists, language_texts
from edgewise_cloud.gates.errors import NothingToPredictError
from edgewise_cloud.gates.gate import EVERY, Gate, Gates
from edgewise_cloud.gates.rows import SLICES
from edgewise_cloud.gates.suites import slice_sets, suite_names
from edgewise_cloud.predictions import GoldRows

Notice = Callable[[str], None]
"""Told what is being worked on."""


def _say_nothing(line: str) -> None:
    """Take a notice, and do nothing with it."""


def needed_sets(
    gates: Gates,
    catalogue: Catalogue,
    tasks: Collection[str] = TASKS,
    limit: int | None = None,
    notice: Notice = _say_nothing,
    seed: int = 0,
) -> Iterator[GoldRows]:
    """Yield the sets and suites that gates name, each once: what to give to `predict_with`.

    Where a gate names every set, those of tier main with rows in its split are meant.

    Args:
        gates: The gates.
        catalogue: The data.
        tasks: What the model does.
        limit: At most so many rows a set, chosen by the seed; suites are whole.
        notice: Called with a line for each set before it is yielded.
        seed: Of that choice.

    Raises:
        NothingToPredictError: The gates are about other tasks.
        CatalogueError: A set is unknown, or its file missing or broken.
        UnknownSuiteError: A gate names a suite that there is not.
    """
    wanted = [gate for gate in gates.gates if gate.task in tasks]
    if not wanted:
        raise NothingToPredictError(gates.name, list(tasks))
    for task in TASKS:
        own = [gate for gate in wanted if gate.task == task]
        for split in sorted({gate.split for gate in own if not _is_slice(gate)}):
            names = {gate.dataset for gate in own if not _is_slice(gate) and gate.split == split}
            # Where one gate names every set, the others' sets are mostly among them.
            yield from _of_catalogue(catalogue, task, split, names, limit, notice, seed)
        yield from needed_suites(gates, (task,), notice)


def needed_suites(
    gates: Gates,
    tasks: Collection[str] = TASKS,
    notice: Notice = _say_nothing,
    languages: Collection[str] = (),
) -> Iterator[GoldRows]:
    """Yield the suites that gates name, each once for each task; they need no data.

    Args:
        gates: The gates.
        tasks: What the model does.
        notice: Called with a line for each suite before it is yielded.
        languages: Only texts in these, and those in none; all by default.

    Raises:
        UnknownSuiteError: A gate names a suite that there is not.
    """
    for task in TASKS:
        own = [gate for gate in gates.gates if gate.task == task and task in tasks and _is_slice(gate)]
        suites = sorted({name for gate in own for name in _suites(gate)})
        for rows in slice_sets(suites, tasks=(task,), languages=languages) if suites else ():
            notice(f"{rows.dataset} ({task}): {len(rows):,} texts")
            yield rows


def _of_catalogue(
    catalogue: Catalogue,
    task: str,
    split: str,
    names: Collection[str],
    limit: int | None,
    notice: Notice,
    seed: int,
) -> Iterator[GoldRows]:
    if task == "language":
        yield _languages(catalogue, split, limit, notice, seed)
        return
    named = [name for name in sorted(names) if name != EVERY]
    datasets = {one.name: one for one in pick_datasets(catalogue, task, split, named)} if named else {}
    if EVERY in names:
        datasets |= {one.name: one for one in pick_datasets(catalogue, task, split, ())}
    for gold in gold_sets([datasets[name] for name in sorted(datasets)], split, limit=limit, seed=seed):
        notice(f"{gold.name}: {len(gold.examples):,} texts")
        yield GoldRows.of(gold)


def _languages(catalogue: Catalogue, split: str, limit: int | None, notice: Notice, seed: int) -> GoldRows:
    """Return the texts of the languages that `edgewise evaluate` counts."""
    texts = language_texts(catalogue, split, language_lists().targets, limit, seed)
    notice(f"{NAME}: {len(texts.texts):,} texts")
    return GoldRows.of_languages(texts.texts, texts.langs, NAME, split)


def _is_slice(gate: Gate) -> bool:
    return bool(gate.slice) or gate.dataset.startswith(SLICES)


def _suites(gate: Gate) -> Sequence[str]:
    """Return the suites that a gate may be about: those that it names, else all."""
    named = [tag for tag in gate.slice if tag in suite_names()]
    own = [gate.dataset.removeprefix(SLICES)] if gate.dataset.startswith(SLICES) else []
    return [*named, *own] or suite_names()
