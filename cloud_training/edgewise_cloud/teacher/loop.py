"""The plain loop of pre-training and alignment: one process, a checkpoint every so many steps."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from edgewise_cloud.teacher.errors import DivergedError
from edgewise_cloud.teacher.files import first_line, read_torch, write_torch
from edgewise_cloud.teacher.train import set_rate
from edgewise_cloud.train.work_folder import WorkFileError
from edgewise_distill.student.data import ahead

logger = logging.getLogger(__name__)
_WARM_UP = 0.06


def run_steps(
    module: nn.Module,
    batches: Sequence[Any],
    make: Callable[[Any], Any],
    loss_of: Callable[[Any], Tensor],
    checkpoint: Path,
    *,
    rate: float,
    seed: int,
    every: int = 200,
) -> None:
    """Train on batches in order; a killed run goes on from its checkpoint, to the same weights.

    Args:
        module: All that learns; changed in place.
        batches: One a step.
        make: Makes the tensors of (step, batch), in a thread and ahead of the step; its random choices follow
            from the number of the step alone.
        loss_of: Returns the loss of what `make` made; its random choices follow from torch's generator, which
            is seeded for each step.
        checkpoint: File to write and to go on from.
        rate: Highest learning rate.
        seed: Of dropout.
        every: Steps between two checkpoints.

    Raises:
        WorkFileError: The checkpoint is broken.
        CheckpointWriteError: A checkpoint can't be written.
        DivergedError: The loss is no number any more.
    """
    optimizer = torch.optim.AdamW(module.parameters(), lr=rate, weight_decay=0.01, fused=True)
    for group in optimizer.param_groups:
        group["peak"] = rate
    first = 0
    if checkpoint.exists():
        state = read_torch(checkpoint)
        try:
            module.load_state_dict(state["weights"])
            optimizer.load_state_dict(state["optimizer"])
            first = int(state["step"])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise WorkFileError(checkpoint, first_line(error)) from error
    module.train()
    running, counted = 0.0, 0
    for step, made in enumerate(ahead(make, list(enumerate(batches))[first:]), start=first):
        set_rate(optimizer, step, len(batches), _WARM_UP)
        torch.manual_seed((seed << 32) + step)
        loss = loss_of(made)
        if not torch.isfinite(loss):
            raise DivergedError(step + 1)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()
        running, counted = running + float(loss.detach()), counted + 1
        if (step + 1) % 100 == 0:
            logger.info(
                "%s: step %d of %d, loss %.4f", checkpoint.stem, step + 1, len(batches), running / counted
            )
            running, counted = 0.0, 0
        if (step + 1) % every == 0 or step + 1 == len(batches):
            state = {"weights": module.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}
            write_torch(checkpoint, state)
    # What trains the module next must not find the gradients of the last step.
    optimizer.zero_grad(set_to_none=True)
