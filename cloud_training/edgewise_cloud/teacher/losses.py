"""The loss of a step over all tasks, with what each data set adds of its own."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from edgewise_cloud.teacher.network import TeacherNetwork
from edgewise_distill.student.losses import emotion_loss, sentiment_loss, toxicity_loss
from edgewise_distill.student.train import SetOffsets


class TeacherLoss(nn.Module):
    """A network, the offsets of the sets, and their loss: one module, as training on many devices wants.

    Args:
        network: The teacher.
        groups: Number of groups of sets.
        weights: Weight of each task's loss; 1 where none is given.
    """

    def __init__(self, network: TeacherNetwork, groups: int, weights: Mapping[str, float]) -> None:
        """Join a network and new offsets."""
        super().__init__()
        self.network = network
        self.offsets = nn.ModuleDict(
            {task: SetOffsets(groups, network.width, labels) for task, labels in network.labels.items()}
        )
        self.weights = {task: float(weights.get(task, 1.0)) for task in network.heads}

    def forward(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the mean loss of a batch over the tasks that its rows are labelled for."""
        return self.mean_of(self.network.features(batch["ids"], batch["mask"]), batch)

    def mean_of(self, features: Mapping[str, Tensor], batch: Mapping[str, Tensor]) -> Tensor:
        """Return the mean loss of a batch whose features by task [batch, width] are known."""
        total = torch.zeros_like(batch["weight"])
        for task, value in features.items():
            logits = (self.network.heads[task](value) + self.offsets[task](value, batch["group"])).float()
            total = total + self.weights[task] * task_loss(task, logits, batch)
        mean: Tensor = (total * batch["weight"]).mean()
        return mean


def task_loss(task: str, logits: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
    """Return a task's loss [batch] of logits [batch, labels]; 0 for rows that say nothing of it."""
    if task == "sentiment":
        return sentiment_loss(logits, batch["sentiment"], batch["allowed"])
    if task == "toxicity":
        return toxicity_loss(logits, batch["toxicity"])
    if task == "emotion":
        return emotion_loss(logits, batch["emotion"])
    return functional.cross_entropy(logits, batch["language"], ignore_index=-1, reduction="none")
