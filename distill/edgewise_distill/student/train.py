"""Train a student on all tasks at once."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from edgewise_distill.student.data import Batch, LabelledTokens, ahead, bucketed, make_batch
from edgewise_distill.student.losses import emotion_loss, sentiment_loss, soft_loss, toxicity_loss
from edgewise_distill.student.model import Student

logger = logging.getLogger(__name__)

Monitor = Callable[[Student, int], None]
_AVERAGED_EVERY = 8  # steps


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """How a student is trained.

    Attributes:
        epochs: Passes over the sampled rows.
        tokens_per_batch: Size of a step, padding included.
        rate: Highest learning rate of AdamW; it warms up for 2 % of the steps, then falls as a cosine.
        decay: Weight decay.
        token_dropout: Probability with which a token is hidden (replaced by unknown) in training.
        task_weights: Weight of each task's loss.
        soft_weight: Weight of what a teacher says beside what the labels say.
        average: Decay of the moving average of the weights that is kept, per step.
        seed: Of every random choice.
        half: Multiply matrices in bf16: 1.3 times faster on processors that have it.
    """

    epochs: int = 2
    tokens_per_batch: int = 8192
    rate: float = 2e-3
    decay: float = 0.01
    token_dropout: float = 0.1
    task_weights: tuple[float, float, float] = (1.0, 0.7, 1.0)
    soft_weight: float = 1.0
    average: float = 0.999
    seed: int = 17
    half: bool = False


class SetOffsets(nn.Module):
    """What a data set adds to the shared logits: its own bias and a low-rank deviation.

    Sets define labels differently (swearing is toxic in one and not in another), so each may deviate from the
    shared head, which is all that ships. This is regularised multi-task learning (Evgeniou and Pontil, 2004).
    Group 0 never deviates: the sets that say what the product means by its labels. Half the logarithm of a
    group's label frequencies is added as it stands, so that the head needn't learn which labels are frequent
    where (logit adjustment: Menon et al., 2021).
    """

    prior: Tensor

    def __init__(
        self, groups: int, hidden: int, labels: int, rank: int = 8, prior: Tensor | None = None
    ) -> None:
        """Make offsets that start at zero; `prior` [groups, labels] is added to the logits."""
        super().__init__()
        self.bias = nn.Embedding(groups, labels)
        self.down = nn.Linear(hidden, rank, bias=False)
        self.up = nn.Embedding(groups, rank * labels)
        nn.init.zeros_(self.bias.weight)
        nn.init.zeros_(self.up.weight)
        self.rank = rank
        self.register_buffer("prior", torch.zeros(groups, labels) if prior is None else prior)

    def forward(self, features: Tensor, group: Tensor) -> Tensor:
        """Return what to add to the logits [batch, labels]."""
        up = self.up(group).view(len(group), self.rank, -1)
        own: Tensor = self.bias(group) + torch.bmm(self.down(features).unsqueeze(1), up).squeeze(1)
        return own * (group > 0).unsqueeze(1) + self.prior[group]


def label_prior(group: NDArray[np.int64], target: NDArray[np.float32], strength: float = 0.5) -> Tensor:
    """Return `strength` times the logarithm of the label frequencies of each group, 0 for group 0.

    Args:
        group: int64 [n].
        target: [n, labels], a distribution over the labels that are not NaN; rows of other tasks are all NaN.
        strength: 1 takes the frequencies out of the head altogether, 0 leaves them in.

    Returns:
        float32 [groups, labels]; 0 for labels that a group lacks.
    """
    groups = int(group.max()) + 1
    sums = np.zeros((groups, target.shape[1]))
    np.add.at(sums, group, np.nan_to_num(target))
    known = sums > 0
    share = (sums + 1.0) / (sums + known).sum(axis=1, keepdims=True).clip(min=1.0)
    prior = np.where(known, strength * np.log(share * known.sum(axis=1, keepdims=True).clip(min=1)), 0.0)
    prior[0] = 0.0
    return torch.from_numpy(prior.astype(np.float32))


def batch_loss(
    student: Student,
    offsets: nn.ModuleDict,
    batch: Batch,
    weights: tuple[float, float, float],
    soft_weight: float = 1.0,
    half: bool = False,
) -> Tensor:
    """Return the mean loss of a batch over the tasks that its rows are labelled for.

    What a teacher says is learned by the shared heads alone, without the offsets of the row's set.
    """
    with torch.autocast(batch.ids.device.type, torch.bfloat16, enabled=half):
        found = student.features(batch.ids, batch.mask)
    features = {task: value.float() for task, value in found.items()}
    shared = {task: student.heads[task](value) for task, value in features.items()}
    logits = {task: shared[task] + offsets[task](value, batch.group) for task, value in features.items()}
    total = (
        weights[0] * sentiment_loss(logits["sentiment"], batch.sentiment, batch.allowed)
        + weights[1] * toxicity_loss(logits["toxicity"], batch.toxicity)
        + weights[2] * emotion_loss(logits["emotion"], batch.emotion)
    )
    total = total * batch.weight
    if batch.soft is not None:
        first = 0
        for weight, (task, value) in zip(weights, shared.items(), strict=True):
            wanted = batch.soft[:, first : first + value.shape[1]]
            total = total + soft_weight * weight * soft_loss(value, wanted, task != "toxicity")
            first += value.shape[1]
    return total.mean()


def _rate_at(step: int, steps: int, warm: int) -> float:
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1.0 + math.cos(math.pi * (step - warm) / max(steps - warm, 1))) + 0.01


def _hide(ids: Tensor, share: float, generator: torch.Generator) -> Tensor:
    hidden = torch.rand(ids.shape, generator=generator) < share
    return torch.where(hidden & (ids > 0), torch.ones_like(ids), ids)


class _Run:
    """Everything that a step changes, and a checkpoint holds; on a GPU where there is one."""

    def __init__(self, student: Student, data: LabelledTokens, config: TrainConfig) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.student = student
        self.config = config
        hidden, groups = student.config.hidden, int(data.group.max()) + 1
        prior = {"emotion": label_prior(data.group, data.emotion)}
        self.offsets = nn.ModuleDict(
            {
                task: SetOffsets(groups, hidden, count, prior=prior.get(task))
                for task, count in student.config.labels.items()
            }
        )
        self.both = nn.ModuleList([student, self.offsets]).to(self.device)
        self.optimizer = torch.optim.AdamW(
            self.both.parameters(), lr=config.rate, weight_decay=config.decay, fused=True
        )
        self.averaged = {name: value.detach().clone() for name, value in student.state_dict().items()}
        self.epoch = 0
        self.step = 0

    def load(self, path: Path) -> None:
        """Go on from a checkpoint."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.both.load_state_dict(state["weights"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.averaged, self.epoch, self.step = state["averaged"], state["epoch"], state["step"]
        logger.info("going on after epoch %d", self.epoch)

    def save(self, path: Path) -> None:
        """Write a checkpoint, as a whole or not at all."""
        part = path.with_suffix(".part")
        state = {
            "weights": self.both.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "averaged": self.averaged,
            "epoch": self.epoch,
            "step": self.step,
        }
        torch.save(state, part)
        part.replace(path)

    def take_step(self, batch: Batch, rate: float) -> float:
        """Learn from a batch; returns its loss."""
        for parameters in self.optimizer.param_groups:
            parameters["lr"] = rate
        config = self.config
        loss = batch_loss(
            self.student, self.offsets, batch, config.task_weights, config.soft_weight, config.half
        )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.both.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        if self.step % _AVERAGED_EVERY == 0:
            self._average()
        return float(loss.detach())

    def _average(self) -> None:
        """Move the average towards the weights; early on it forgets faster, as it began with noise."""
        keep = 0.0
        if self.step > _AVERAGED_EVERY:
            young = 1.0 - _AVERAGED_EVERY / (self.step + _AVERAGED_EVERY)
            keep = min(self.config.average, young) ** _AVERAGED_EVERY
        with torch.no_grad():
            for name, value in self.student.state_dict().items():
                self.averaged[name].lerp_(value, 1.0 - keep)

    def result(self) -> Student:
        """Return a student with the averaged weights, in evaluation mode."""
        student = Student(self.student.config)
        student.load_state_dict(self.averaged)
        return student.eval()


def train(
    student: Student,
    data: LabelledTokens,
    rows_of_epoch: Callable[[int, np.random.Generator], NDArray[np.int64]],
    config: TrainConfig,
    checkpoint: Path | None = None,
    monitor: Monitor | None = None,
) -> Student:
    """Train a student and return the moving average of its weights.

    Args:
        student: Untrained; where there is a checkpoint, its weights are replaced by those.
        data: Training rows.
        rows_of_epoch: Rows to visit in an epoch: the place for balancing sets and languages.
        config: How.
        checkpoint: File written after each epoch; if it is there, training goes on from it, to the same end.
        monitor: Called after each epoch with the averaged student and the number of the epoch, from 0.

    Returns:
        A student in evaluation mode. The average is taken every eight steps: fewer leave it untrained.
    """
    torch.manual_seed(config.seed)
    run = _Run(student, data, config)
    steps = config.epochs * _steps_per_epoch(data, rows_of_epoch, config)
    if checkpoint is not None and checkpoint.exists():
        run.load(checkpoint)
    for epoch in range(run.epoch, config.epochs):
        _train_epoch(run, data, rows_of_epoch, epoch, steps)
        run.epoch = epoch + 1
        if checkpoint is not None:
            run.save(checkpoint)
        if monitor is not None:
            monitor(run.result(), epoch)
    return run.result()


def _steps_per_epoch(
    data: LabelledTokens,
    rows_of_epoch: Callable[[int, np.random.Generator], NDArray[np.int64]],
    config: TrainConfig,
) -> int:
    """Count the batches of the first epoch; later ones have about as many."""
    rows = rows_of_epoch(0, np.random.default_rng(config.seed))
    plan = np.random.default_rng(config.seed)
    return sum(1 for _ in bucketed(data.lengths, rows, config.tokens_per_batch, plan))


def _train_epoch(
    run: _Run,
    data: LabelledTokens,
    rows_of_epoch: Callable[[int, np.random.Generator], NDArray[np.int64]],
    epoch: int,
    steps: int,
) -> None:
    """Visit the rows of an epoch; every random choice depends on the seed and the epoch alone."""
    config = run.config
    run.both.train()
    rng = np.random.default_rng((config.seed, epoch))
    generator = torch.Generator().manual_seed(config.seed * 1000 + epoch)
    torch.manual_seed(config.seed * 1000 + epoch)
    warm = max(steps // 50, 1)
    running = 0.0
    batches = bucketed(data.lengths, rows_of_epoch(epoch, rng), config.tokens_per_batch, rng)

    def made(rows: NDArray[np.int64]) -> Batch:
        batch = make_batch(data, rows)
        return replace(batch, ids=_hide(batch.ids, config.token_dropout, generator)).to(run.device)

    for count, batch in enumerate(ahead(made, batches), start=1):
        running += run.take_step(batch, config.rate * _rate_at(run.step, steps, warm))
        if run.step % 200 == 0:
            logger.info("epoch %d step %d of %d loss %.4f", epoch, run.step, steps, running / count)
