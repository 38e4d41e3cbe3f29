"""Domain fine-tuning: a finished teacher goes on learning from a customer's own labelled file."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.metrics import f1_score
from torch import Tensor

from edgewise_cloud.catalogue import Catalogue, Examples
from edgewise_cloud.teacher.align import agreement
from edgewise_cloud.teacher.dev import calibration
from edgewise_cloud.teacher.devices import is_first_process, processes_here
from edgewise_cloud.teacher.errors import AdaptTaskError, RecipeError
from edgewise_cloud.teacher.losses import TeacherLoss, task_loss
from edgewise_cloud.teacher.material import Material
from edgewise_cloud.teacher.network import TeacherNetwork
from edgewise_cloud.teacher.own_rows import OwnFile, own_material
from edgewise_cloud.teacher.recipe import FineTuning, Sampling, TeacherRecipe
from edgewise_cloud.teacher.rows import TeacherRows, in_order, labelled_batch
from edgewise_cloud.teacher.saved import FloatArray, Teacher, network_logits, rows_for
from edgewise_cloud.teacher.starting import accelerator_for, claimed
from edgewise_cloud.teacher.train import Run, fine_tune
from edgewise_cloud.train.calibrate import sigmoid, softmax
from edgewise_runtimes.threads import available_threads

logger = logging.getLogger(__name__)
CALIBRATED_FROM = 100
"""Dev rows from which temperature and thresholds are chosen anew; fewer would choose at random."""

_WHOLE = 10**9


@dataclass(frozen=True, slots=True)
class Adapted:
    """A finished run.

    Attributes:
        folder: Where the adapted teacher was saved.
        rows: Rows that were trained on.
        dev_rows: Rows that it was checked with.
        before: Loss and macro-F1 of the old teacher on the dev rows.
        after: The same of the new one.
        calibrated: Whether temperature and thresholds were chosen anew.
    """

    folder: Path
    rows: int
    dev_rows: int
    before: Mapping[str, float]
    after: Mapping[str, float]
    calibrated: bool


class HeldLoss(TeacherLoss):
    """The loss of the rows' task, and how far the other tasks' answers have moved from the old teacher's.

    Args:
        network: The teacher.
        held: By task that is to stay, the old teacher's probabilities on the rows: float32 [n, labels].

    Source: Li and Hoiem, "Learning without Forgetting" (2016).
    """

    def __init__(self, network: TeacherNetwork, held: Mapping[str, FloatArray]) -> None:
        """Join a network and what it must go on saying."""
        super().__init__(network, 1, {})
        self.held = tuple(held)
        for task, values in held.items():
            self.register_buffer(f"held_{task}", torch.from_numpy(values), persistent=False)

    def forward(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the mean loss of a batch."""
        features = self.network.features(batch["ids"], batch["mask"])
        wanted = {task: self.get_buffer(f"held_{task}")[batch["row"]] for task in self.held}
        return self.mean_of(features, batch) + agreement(self.network, features, wanted).mean()


def adapt_teacher(
    folder: Path,
    file: OwnFile,
    work: Path,
    changes: Mapping[str, Any] | None = None,
    catalogue: Catalogue | None = None,
) -> Adapted:
    """Adapt a teacher to a file; a killed run goes on from its checkpoint and ends with the same weights.

    Its other tasks are held to what they said before. The best weights seen on dev rows are kept.

    Args:
        folder: Of a finished teacher; it stays as it is.
        file: Labelled rows.
        work: Folder of the run; the new teacher is saved to `work/teacher`.
        changes: Other values of "name" and of the fields of `FineTuning`, such as {"training.rate": 1e-5}.
        catalogue: Data whose test splits the rows must not stand in; None to check nothing.

    Raises:
        TeacherFolderError: There is no teacher.
        AdaptTaskError: It doesn't have the file's task.
        AdaptRowsError: The file has too few rows.
        CatalogueError: The file can't be read, or holds a label that means nothing.
        PrepareError: It has one class only, or nothing is left of it.
        RecipeError: A change is none, or impossible.
        WorkFolderError: The work folder holds another run.
        WorkFileError: A file of it is broken.
        CheckpointWriteError: A file can't be written.
    """
    teacher = Teacher.load(folder)
    if file.task not in teacher.labels or file.task == "language":
        raise AdaptTaskError(teacher.name, file.task, tuple(teacher.labels))
    recipe = recipe_for(teacher, folder, changes or {})
    torch.set_num_threads(max(available_threads() // processes_here(), 1))
    accelerator = accelerator_for(recipe)
    with (
        accelerator.main_process_first(),
        claimed(work, {"recipe": recipe.to_dict(), "own": file.facts()}),
    ):
        material = own_material(file, work, recipe.training.seed, catalogue)
    train, dev = rows_for(teacher, material.train), rows_for(teacher, material.dev)
    before = figures_of(teacher.network, dev, file.task, teacher.half)
    module = HeldLoss(teacher.network, _held(teacher, train, file.task))
    sampling = Sampling(whole=_WHOLE, thinning=1.0)
    run = Run(module, train, sampling, recipe.training, work, accelerator)
    logger.info("%d rows, %d dev rows; before: %s", len(train), len(dev), before)

    def look(network: TeacherNetwork, step: int) -> float:
        return -figures_of(network, dev, file.task, teacher.half)["loss"]

    fine_tune(run, look)
    network = run.plain.network.eval()
    after = figures_of(network, dev, file.task, teacher.half)
    made = Adapted(work / "teacher", len(train), len(dev), before, after, len(dev) >= CALIBRATED_FROM)
    if is_first_process():
        _finished(teacher, recipe, network, dev, file, material, made).save(made.folder)
    accelerator.wait_for_everyone()
    return made


def recipe_for(teacher: Teacher, folder: Path, changes: Mapping[str, Any]) -> TeacherRecipe:
    """Return the recipe of an adapted teacher: low rates, few epochs, an end when dev rows gain no more.

    Raises:
        RecipeError: A change is none, or impossible.
    """
    old = teacher.facts.get("recipe", {}).get("training", {})
    training = FineTuning(
        epochs=4,
        tokens_per_batch=2048,
        rate=3e-5,
        head_rate=3e-4,
        precision=str(old.get("precision", "bf16")),
        checkpoint_every=100,
        patience=2,
    )
    name = f"{teacher.name}-adapted"
    for place in changes:
        if place != "name" and not place.startswith("training."):
            raise RecipeError(name, place, "can't be changed when a teacher is adapted")
    tasks = tuple(teacher.labels)
    recipe = TeacherRecipe(name, str(folder), tasks, max_tokens=teacher.max_tokens, training=training)
    return recipe.changed(changes)


def figures_of(network: TeacherNetwork, rows: TeacherRows, task: str, half: bool) -> dict[str, float]:
    """Return the mean loss, and the macro-F1 where rows have one right answer, of a task on rows."""
    labels = {name: [""] * count for name, count in network.labels.items()}
    trained = network.training
    logits = network_logits(network.eval(), rows, labels, half=half)[task]
    network.train(trained)
    total = 0.0
    for chosen in in_order(rows, 1 << 16):
        batch = labelled_batch(rows, chosen)
        total += float(task_loss(task, torch.from_numpy(logits[chosen]), batch).sum())
    truth, given = _choices(rows.examples, task, logits)
    f1 = f1_score(truth, given, average="macro", labels=np.unique(truth), zero_division=0)
    return {"loss": total / max(len(rows), 1), "macro_f1": float(f1)}


def _choices(examples: Examples, task: str, logits: FloatArray) -> tuple[Any, Any]:
    """Return right answers and given ones of the rows that have a single right answer."""
    if task == "toxicity":
        toxic = examples.toxicity[:, 0]
        known = ~np.isnan(toxic)
        return toxic[known] > 0.5, logits[known, 0] > 0
    if task == "sentiment":
        known, truth, allowed = examples.sentiment >= 0, examples.sentiment, examples.sentiment_allowed
    else:
        felt = np.nan_to_num(examples.emotion)
        known, truth, allowed = felt.max(axis=1) > 0.99, felt.argmax(axis=1), ~np.isnan(examples.emotion)
    return truth[known], np.where(allowed, logits, -np.inf)[known].argmax(axis=1)


def _held(teacher: Teacher, rows: TeacherRows, task: str) -> dict[str, FloatArray]:
    """Return what a teacher says of rows in all tasks but one, as probabilities."""
    logits = network_logits(teacher.network, rows, teacher.labels, half=teacher.half)
    return {
        other: np.asarray((sigmoid if other == "toxicity" else softmax)(values), np.float32)
        for other, values in logits.items()
        if other != task
    }


def _finished(
    teacher: Teacher,
    recipe: TeacherRecipe,
    network: TeacherNetwork,
    dev: TeacherRows,
    file: OwnFile,
    material: Material,
    made: Adapted,
) -> Teacher:
    """Put the new teacher together; what few dev rows can't choose stays as it was."""
    tasks = {task: dict(spec) for task, spec in teacher.tasks.items()}
    if made.calibrated:
        logits = network_logits(network, dev, teacher.labels, half=teacher.half)
        found = calibration(dev, {file.task: logits[file.task]}, {file.task: teacher.labels[file.task]})
        old = tasks[file.task]
        tasks[file.task] = {**old, **found[file.task]}
        tasks[file.task]["thresholds"] = {**old["thresholds"], **found[file.task]["thresholds"]}
    facts = {
        **teacher.facts,
        "name": recipe.name,
        "tasks": tasks,
        "recipe": recipe.to_dict(),
        "adapted": {
            "from": teacher.name,
            **file.facts(),
            "rows": made.rows,
            "dev_rows": made.dev_rows,
            "before": dict(made.before),
            "after": dict(made.after),
            "calibrated": made.calibrated,
            "prepared": material.report,
        },
    }
    return Teacher(recipe.name, network, teacher.reader, teacher.labels, tasks, teacher.max_tokens, facts)
