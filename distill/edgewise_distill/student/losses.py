"""Losses that read a set's labels as that set means them: what it does not say is masked."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

BLOCKED = -1e4


def sentiment_loss(logits: Tensor, target: Tensor, allowed: Tensor) -> Tensor:
    """Cross-entropy over the labels which the row's set has.

    Args:
        logits: [batch, 3].
        target: [batch], index of the label; -1 is masked.
        allowed: bool [batch, 3]; a set of two classes has no neutral, so its rows say nothing about it.

    Returns:
        [batch], 0 where masked.
    """
    masked = logits.masked_fill(~allowed, BLOCKED)
    return functional.cross_entropy(masked, target, ignore_index=-1, reduction="none", label_smoothing=0.0)


def toxicity_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Binary cross-entropy of each attribute that the row's set annotates.

    Args:
        logits: [batch, 7].
        target: [batch, 7], 0 or 1; NaN is masked.

    Returns:
        [batch], the sum over the annotated attributes, 0 where there are none.
    """
    known = ~torch.isnan(target)
    loss = functional.binary_cross_entropy_with_logits(
        logits, torch.where(known, target, 0.0), reduction="none"
    )
    return (loss * known).sum(dim=1)


def emotion_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy against a distribution over the labels which the row's set has.

    Args:
        logits: [batch, 8].
        target: [batch, 8], sums to 1 over the labels that are not NaN; all NaN is masked.

    Returns:
        [batch], 0 where masked.
    """
    known = ~torch.isnan(target)
    log_probability = functional.log_softmax(logits.masked_fill(~known, BLOCKED), dim=1)
    return -(torch.where(known, target, 0.0) * log_probability).sum(dim=1)


def soft_loss(logits: Tensor, wanted: Tensor, one_is_right: bool) -> Tensor:
    """Cross-entropy against a teacher's probabilities (Hinton et al., "Distilling the Knowledge", 2015).

    Args:
        logits: [batch, labels].
        wanted: [batch, labels]; NaN is masked: whole rows; of a sigmoid single labels, too.
        one_is_right: Whether the probabilities of a row sum to 1.

    Returns:
        [batch], 0 where masked.
    """
    known = ~torch.isnan(wanted)
    target = torch.nan_to_num(wanted)
    if one_is_right:
        return -(target * functional.log_softmax(logits, dim=1)).sum(dim=1) * known[:, 0]
    each = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return (each * known).sum(dim=1)
