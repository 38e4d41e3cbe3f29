"""From a recipe to a teacher: prepare, pre-train, fine-tune, align, calibrate, save."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from edgewise_cloud.catalogue import SHIPPABLE, Catalogue, Examples
from edgewise_cloud.teacher.align import align, load_pairs
from edgewise_cloud.teacher.dev import calibration, dev_figures
from edgewise_cloud.teacher.devices import processes_here
from edgewise_cloud.teacher.errors import RecipeError
from edgewise_cloud.teacher.lines import pretraining_lines
from edgewise_cloud.teacher.losses import TeacherLoss
from edgewise_cloud.teacher.material import (
    Material,
    begin,
    languages_of,
    load_material,
    rows_used,
)
from edgewise_cloud.teacher.network import TeacherNetwork
from edgewise_cloud.teacher.pretrain import pretrain
from edgewise_cloud.teacher.recipe import Alignment, MaskedPretraining, TeacherRecipe
from edgewise_cloud.teacher.rows import TeacherRows, few_of_each, make_rows, part_of, unlabelled
from edgewise_cloud.teacher.saved import Teacher, carry_heads, labels_of, network_logits
from edgewise_cloud.teacher.starting import accelerator_for, check_ahead, claimed
from edgewise_cloud.teacher.train import Look, Run, fine_tune
from edgewise_cloud.train.texts import normalize_all
from edgewise_runtimes.threads import available_threads

logger = logging.getLogger(__name__)

Report = Callable[[int, float], None]
Note = Callable[[Mapping[str, float], int], None]
CALIBRATION_ROWS = 3000  # of each set and language


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished run.

    Attributes:
        folder: Where the teacher was saved.
        dev: One figure a task, on dev.
        best: The best mean of them that was seen while training.
    """

    folder: Path
    dev: Mapping[str, float]
    best: float


def train_teacher(
    recipe: TeacherRecipe,
    catalogue: Catalogue,
    work: Path,
    licences: Iterable[str] = SHIPPABLE,
    report: Report = lambda _, __: None,
    note: Note = lambda _, __: None,
    rows: Path | None = None,
) -> Outcome:
    """Train a teacher; a killed run goes on from its checkpoint and ends with the same weights.

    Several processes may call it together under `accelerate launch`.

    Args:
        recipe: What to train.
        catalogue: The data.
        work: Folder of this run; the teacher is saved to `work/teacher`.
        licences: Licence classes that may be trained on.
        report: Told the step and the mean dev figure at each look at dev; may raise to end the run (a tuner
            that prunes).
        note: Told figures by name, with the step, as they come.
        rows: Folder of prepared rows, for runs that share them; None for `work`.

    Raises:
        CatalogueError: The data can't be had.
        PrepareError: The rows can't be prepared as the recipe says.
        TeacherError: The recipe, its encoder or its rows are at fault.
        CheckpointNotFoundError: Its encoder is not there.
        WorkFolderError: The folder holds another run.
        WorkFileError: A file of the folder is broken.
    """
    licences = frozenset(licences)
    torch.set_num_threads(max(available_threads() // processes_here(), 1))
    accelerator = accelerator_for(recipe)
    with accelerator.main_process_first():
        check_ahead(recipe, catalogue)
        settings = {"recipe": recipe.to_dict(), "licences": sorted(licences)}
        with claimed(work, settings):
            material = load_material(catalogue, recipe, licences, rows or work)
            torch.manual_seed(recipe.training.seed)
            encoder, reader = begin(recipe, catalogue, material.train, licences, work)
    languages = languages_of(recipe, material.train)
    labels = labels_of(recipe.tasks, languages)
    train = make_rows(material.train, reader, recipe.max_tokens, (), languages)
    dev = make_rows(material.dev, reader, recipe.max_tokens, train.groups, languages)
    if recipe.pretraining is not None and not (work / "checkpoint.pt").exists():
        with accelerator.main_process_first():
            lines = pretraining_lines(catalogue, recipe, material.train, licences, rows or work)
            _pretrain(recipe, recipe.pretraining, encoder.to(accelerator.device), reader, lines, work)
    torch.manual_seed(recipe.training.seed + 1)
    network = TeacherNetwork(
        encoder, {task: len(names) for task, names in labels.items()}, recipe.training.dropout
    )
    if carried := carry_heads(network, recipe.encoder):
        logger.info("going on with the heads of %s for %s", recipe.encoder, ", ".join(carried))
    module = TeacherLoss(network, len(train.groups), recipe.training.task_weights)
    run = Run(module, train, recipe.sampling, recipe.training, work, accelerator)
    look = _looker(dev, labels, languages, recipe, report, note)
    fine_tune(run, look, note)
    network = run.plain.network
    folder, figures = work / "teacher", dict[str, float]()
    if accelerator.is_main_process:
        if recipe.alignment is not None:
            done = run.progress.step
            _align(recipe, recipe.alignment, network, reader, catalogue, work, lambda now: look(now, done))
        network.eval()
        teacher, figures = _finished(recipe, network, reader, labels, dev, material, sorted(licences))
        teacher.save(folder)
    accelerator.wait_for_everyone()
    return Outcome(folder, figures, run.progress.best)


def _pretrain(
    recipe: TeacherRecipe,
    settings: MaskedPretraining,
    encoder: nn.Module,
    reader: Any,
    lines: Examples,
    work: Path,
) -> None:
    """Pre-train an encoder on raw lines."""
    if reader.mask_token_id is None:
        raise RecipeError(recipe.name, "pretraining", "needs a tokenizer that has a token for what is hidden")
    logger.info("pre-training on %d raw lines", len(lines))
    raw = make_rows(lines, reader, recipe.max_tokens, ("",))
    training = recipe.training
    pretrain(
        encoder,
        raw,
        int(reader.mask_token_id),
        settings,
        work,
        training.seed,
        training.precision == "bf16",
        training.checkpoint_every,
    )


def _looker(
    dev: TeacherRows,
    labels: Mapping[str, tuple[str, ...]],
    languages: Sequence[str] | None,
    recipe: TeacherRecipe,
    report: Report,
    note: Note,
) -> Look:
    """Return what measures a network on a few dev rows of each set."""
    few = part_of(dev, few_of_each(dev.examples, recipe.training.dev_rows, recipe.training.seed))

    def look(network: TeacherNetwork, step: int) -> float:
        logits = network_logits(network, few, labels, half=recipe.training.precision == "bf16")
        figures = dev_figures(few, logits, languages)
        mean = sum(figures.values()) / max(len(figures), 1)
        logger.info("dev: %s", ", ".join(f"{task} {value:.4f}" for task, value in figures.items()))
        note({f"dev.{task}": value for task, value in figures.items()}, step)
        report(step, mean)
        return mean

    return look


def _align(
    recipe: TeacherRecipe,
    alignment: Alignment,
    network: TeacherNetwork,
    reader: Any,
    catalogue: Catalogue,
    work: Path,
    look: Callable[[TeacherNetwork], float],
) -> None:
    """Align a network to the recipe's English teacher, unless that costs too much on dev."""
    seed, half = recipe.training.seed, recipe.training.precision == "bf16"
    pairs = load_pairs(catalogue, alignment.pairs, seed)
    english = Teacher.load(Path(alignment.teacher))
    logger.info("alignment to %s on %d pairs", english.name, len(pairs.english))
    targets = english.probabilities(pairs.english)
    sides = [
        make_rows(
            unlabelled(normalize_all(texts), codes, "language/parallel"), reader, recipe.max_tokens, ("",)
        )
        for texts, codes in (
            (pairs.english, ["en"] * len(pairs.english)),
            (pairs.other, pairs.languages),
        )
    ]
    wanted = {task: values for task, values in targets.items() if task in network.heads}
    before = {name: value.clone() for name, value in network.state_dict().items()}
    good = look(network.eval())
    align(network, sides[0], sides[1], wanted, alignment, work, seed, half, recipe.training.checkpoint_every)
    cost = good - look(network.eval())
    logger.info("alignment cost %.4f on dev, %.4f is allowed", cost, alignment.cost)
    if cost > alignment.cost:
        network.load_state_dict(before)


def _finished(
    recipe: TeacherRecipe,
    network: TeacherNetwork,
    reader: Any,
    labels: Mapping[str, tuple[str, ...]],
    dev: TeacherRows,
    material: Material,
    licences: Sequence[str],
) -> tuple[Teacher, dict[str, float]]:
    """Calibrate a network on dev and put all that is known of it together."""
    part = part_of(dev, few_of_each(dev.examples, CALIBRATION_ROWS, recipe.training.seed))
    languages = languages_of(recipe, material.train)
    logits = network_logits(network, part, labels, half=recipe.training.precision == "bf16")
    figures = dev_figures(part, logits, languages)
    tasks = calibration(part, logits, labels)
    facts = {
        "name": recipe.name,
        "labels": {task: list(names) for task, names in labels.items()},
        "tasks": tasks,
        "max_tokens": recipe.max_tokens,
        "recipe": recipe.to_dict(),
        "licences": list(licences),
        "rows": rows_used(material.train),
        "dev": figures,
    }
    teacher = Teacher(recipe.name, network, reader, labels, tasks, recipe.max_tokens, facts)
    return teacher, figures
