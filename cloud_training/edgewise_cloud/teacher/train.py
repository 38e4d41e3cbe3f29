"""The training loop of a teacher: on one CPU or on many GPUs, and after a kill to the same result."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from edgewise_cloud.teacher.errors import DivergedError
from edgewise_cloud.teacher.files import first_line, read_torch, write_torch
from edgewise_cloud.teacher.losses import TeacherLoss
from edgewise_cloud.teacher.network import TeacherNetwork
from edgewise_cloud.teacher.recipe import FineTuning, Sampling
from edgewise_cloud.teacher.rows import Rows, TeacherRows, labelled_batch, plan
from edgewise_cloud.train.work_folder import WorkFileError
from edgewise_distill.student.data import ahead

logger = logging.getLogger(__name__)

Look = Callable[[TeacherNetwork, int], float]
"""Given the network and the step, returns how good it is on dev: higher is better."""


@dataclass(slots=True)
class Progress:
    """Where a run is; written with each checkpoint.

    Attributes:
        epoch: Epochs that are whole.
        within: Micro-batches of the present epoch that are done.
        step: Steps of the optimizer that are done.
        best: The best dev figure so far.
        without_gain: Looks at dev since then.
        stopped: Whether early stopping has ended the run.
        history: (step, dev figure) of each look.
    """

    epoch: int = 0
    within: int = 0
    step: int = 0
    best: float = float("-inf")
    without_gain: int = 0
    stopped: bool = False
    history: list[tuple[int, float]] = field(default_factory=list)


def optimizer_for(module: nn.Module, settings: FineTuning) -> torch.optim.Optimizer:
    """Make AdamW with a rate for the encoder and one for what is new; vectors are not decayed."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, value in module.named_parameters():
        if value.requires_grad:
            groups.setdefault((".encoder." in f".{name}", value.ndim > 1), []).append(value)
    return torch.optim.AdamW(
        [
            {
                "params": values,
                "lr": settings.rate if old else settings.head_rate,
                "peak": settings.rate if old else settings.head_rate,
                "weight_decay": settings.decay if matrix else 0.0,
            }
            for (old, matrix), values in sorted(groups.items())
        ],
        fused=True,
    )


def set_rate(optimizer: torch.optim.Optimizer, step: int, steps: int, warm_up: float) -> None:
    """Set the rates of a step: up in a line, then down in a line to 0."""
    warm = max(int(steps * warm_up), 1)
    share = (step + 1) / warm if step < warm else max(steps - step, 1) / max(steps - warm, 1)
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * min(share, 1.0)


class Run:
    """A run of fine-tuning, which a checkpoint holds whole.

    Args:
        module: Network, offsets and loss.
        rows: Training rows.
        sampling: Which rows an epoch visits.
        settings: How.
        work: Folder of checkpoint.pt and best.pt.
        accelerator: Of the accelerate library; it says how many processes take part and on what devices.
    """

    def __init__(
        self,
        module: TeacherLoss,
        rows: TeacherRows,
        sampling: Sampling,
        settings: FineTuning,
        work: Path,
        accelerator: Any,
    ) -> None:
        self.rows, self.sampling, self.settings, self.work = rows, sampling, settings, work
        self.accelerator = accelerator
        self.progress = Progress()
        self.module, self.optimizer = accelerator.prepare(module, optimizer_for(module, settings))
        self.worlds = int(accelerator.num_processes)
        # Micro-batches of a step over all processes; each process takes every `worlds`-th of them.
        self.each_step = max(settings.accumulate, self.worlds)
        self.each_step -= self.each_step % self.worlds

    @property
    def plain(self) -> TeacherLoss:
        """The module without what the accelerator wrapped it in."""
        bare: TeacherLoss = self.accelerator.unwrap_model(self.module)
        return bare

    def steps_of(self, epoch: int) -> list[Sequence[Rows]]:
        """Return the micro-batches of each step of an epoch; an incomplete last step is dropped.

        Of fewer micro-batches than a step takes, one step is made, in which every process has as many.
        """
        batches = plan(self.rows, self.sampling, self.settings.tokens_per_batch, self.settings.seed, epoch)
        size = self.each_step
        if len(batches) < size:
            batches = (batches * self.worlds)[: max(len(batches) // self.worlds, 1) * self.worlds]
            return [batches]
        whole = len(batches) - len(batches) % size
        return [batches[first : first + size] for first in range(0, whole, size)]

    def made(self, batches: Sequence[Rows]) -> list[tuple[int, dict[str, Tensor]]]:
        """Return the micro-batches of a step that this process takes, with their numbers."""
        mine = range(self.accelerator.process_index, len(batches), self.worlds)
        return [(number, self._moved(labelled_batch(self.rows, batches[number]))) for number in mine]

    def take_step(self, mine: Sequence[tuple[int, dict[str, Tensor]]], steps: int) -> float:
        """Learn from the micro-batches of a step; returns this process's share of their mean loss."""
        set_rate(self.optimizer, self.progress.step, steps, self.settings.warm_up)
        total = 0.0
        for count, (number, batch) in enumerate(mine, start=1):
            # Dropout depends on the micro-batch alone, not on the process or on what ran before it.
            torch.manual_seed((self.settings.seed << 32) + self.progress.step * 1024 + number)
            if count < len(mine):
                with self.accelerator.no_sync(self.module):
                    total += self._learn(batch, len(mine))
            else:
                total += self._learn(batch, len(mine))
        if not math.isfinite(total):
            raise DivergedError(self.progress.step + 1)
        self.accelerator.clip_grad_norm_(self.module.parameters(), self.settings.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.progress.step += 1
        return total

    def _learn(self, batch: dict[str, Tensor], parts: int) -> float:
        with self.accelerator.autocast():
            loss = self.module(batch) / parts
        self.accelerator.backward(loss)
        return float(loss.detach())

    def _moved(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        return {name: value.to(self.accelerator.device) for name, value in batch.items()}

    def agreed(self, figure: float) -> float:
        """Return the main process's figure: devices that round otherwise must still decide alike."""
        if self.worlds == 1:
            return figure
        from accelerate.utils import broadcast

        told = torch.tensor(figure, dtype=torch.float64, device=self.accelerator.device)
        return float(broadcast(told))

    def save(self) -> None:
        """Write checkpoint.pt, as a whole or not at all."""
        if self.accelerator.is_main_process:
            progress = {name: getattr(self.progress, name) for name in Progress.__slots__}
            state = {
                "weights": self.plain.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "progress": json.dumps(progress),
            }
            if self.accelerator.scaler is not None:
                state["scaler"] = self.accelerator.scaler.state_dict()
            write_torch(self.work / "checkpoint.pt", state)
        self.accelerator.wait_for_everyone()

    def load(self) -> bool:
        """Go on from checkpoint.pt; returns whether there was one.

        Raises:
            WorkFileError: It is broken.
        """
        path = self.work / "checkpoint.pt"
        if not path.exists():
            return False
        state = read_torch(path)
        try:
            self.plain.load_state_dict(state["weights"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.progress = Progress(**json.loads(state["progress"]))
            if self.accelerator.scaler is not None and "scaler" in state:
                self.accelerator.scaler.load_state_dict(state["scaler"])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise WorkFileError(path, first_line(error)) from error
        logger.info("going on after step %d of epoch %d", self.progress.step, self.progress.epoch)
        return True


def fine_tune(
    run: Run, look: Look, note: Callable[[dict[str, float], int], None] = lambda _, __: None
) -> None:
    """Train to the end, or on to it from a checkpoint; the module then holds the best weights seen on dev.

    Args:
        run: The run.
        look: Measures on dev.
        note: Told the mean loss and the speed now and then, with the step.

    Raises:
        DivergedError: The loss is no number any more.
        CheckpointWriteError: A checkpoint can't be written; the one before it is whole.
        WorkFileError: A checkpoint is broken.
    """
    run.load()
    # A pretrained encoder comes without dropout, in evaluation mode.
    run.module.train()
    settings, progress = run.settings, run.progress
    steps = settings.epochs * len(run.steps_of(0))
    while progress.epoch < settings.epochs and not progress.stopped:
        todo = run.steps_of(progress.epoch)
        running, counted, began = 0.0, 0, time.monotonic()
        for batches in ahead(run.made, todo[progress.within :]):
            running, counted = running + run.take_step(batches, steps), counted + 1
            progress.within += 1
            if progress.step % 50 == 0:
                seconds = (time.monotonic() - began) / counted
                logger.info(
                    "step %d of %d: loss %.4f, %.2f s a step",
                    progress.step,
                    steps,
                    running / counted,
                    seconds,
                )
                note({"loss": running / counted, "seconds_a_step": seconds}, progress.step)
                running, counted, began = 0.0, 0, time.monotonic()
            if settings.evaluate_every and progress.step % settings.evaluate_every == 0:
                _look(run, look)
                began = time.monotonic()
            if progress.stopped:
                break
            if progress.step % settings.checkpoint_every == 0:
                run.save()
        else:
            progress.epoch, progress.within = progress.epoch + 1, 0
            if not settings.evaluate_every:
                _look(run, look)
        run.save()
    if settings.evaluate_every and (not progress.history or progress.history[-1][0] != progress.step):
        _look(run, look)
        run.save()
    run.plain.load_state_dict(read_torch(run.work / "best.pt"))


def _look(run: Run, look: Look) -> None:
    """Measure on dev; keep the weights if they are the best so far."""
    progress = run.progress
    module = run.plain
    module.eval()
    # Every process measures the same rows.
    figure = run.agreed(look(module.network, progress.step))
    module.train()
    progress.history.append((progress.step, figure))
    if figure > progress.best:
        progress.best, progress.without_gain = figure, 0
        if run.accelerator.is_main_process:
            write_torch(run.work / "best.pt", module.state_dict())
        run.accelerator.wait_for_everyone()
    else:
        progress.without_gain += 1
        progress.stopped = bool(run.settings.patience) and progress.without_gain >= run.settings.patience
    logger.info("step %d: dev %.4f (best %.4f)", progress.step, figure, progress.best)
