"""Fit the few numbers that turn sums of weights into probabilities, on dev texts only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from edgewise.language.features import COLUMNS

_BIAS_UNIT = 10.0  # Adam's steps are alike for all numbers, and a bias has farther to go


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is fitted.

    Attributes:
        trust: float64 [COLUMNS], factor of each column.
        bias: float64 [classes], added to the sums.
        spread: A text's scores are divided by `spread * known_features ** growth`.
        growth: See `spread`; n-grams of a text are not independent, so more of them say less each.
        loss: Weighted mean cross-entropy on the texts it was fitted on, the penalty on the bias included.
    """

    trust: NDArray[np.float64]
    bias: NDArray[np.float64]
    spread: float
    growth: float
    loss: float


def fit(
    sums: NDArray[np.float32],
    known: NDArray[np.int64],
    right: NDArray[np.bool_],
    weight: NDArray[np.float32],
    trust: NDArray[np.float64],
    *,
    steps: int = 200,
    keep_bias_small: float = 1e-4,
) -> Calibration:
    """Minimise cross-entropy against the classes of each text's language, by gradient descent.

    Args:
        sums: [texts, COLUMNS, classes], what each column says, untrusted (factor 1).
        known: [texts], known features of each text.
        right: [texts, classes], the classes of the text's language.
        weight: [texts], weight of each text.
        trust: Where to start from.
        steps: Of Adam.
        keep_bias_small: Penalty on the squared bias.

    Returns:
        What was found after the last step.

    Raises:
        ValueError: `trust` does not have one factor a column.
    """
    if len(trust) != COLUMNS:
        raise ValueError(f"{len(trust)} factors for {COLUMNS} columns")
    columns = torch.from_numpy(sums)
    count = torch.from_numpy(np.maximum(known, 1).astype(np.float32)).log()
    goal = torch.from_numpy(right)
    share = torch.from_numpy(weight / weight.sum())
    log_trust = torch.tensor(np.log(trust), dtype=torch.float32, requires_grad=True)
    bias_units = torch.zeros(sums.shape[2], requires_grad=True)
    scale = torch.tensor([0.5, 0.5], requires_grad=True)  # log spread, growth
    optimizer = torch.optim.Adam([log_trust, bias_units, scale], lr=0.05)
    value = torch.tensor(0.0)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 0.05 * (1.0 - step / steps) + 1e-3
        bias = bias_units * _BIAS_UNIT
        joined = torch.einsum("toc,o->tc", columns, log_trust.exp()) + bias
        scores = joined / torch.exp(scale[0] + scale[1] * count).unsqueeze(1)
        likely = torch.log_softmax(scores, dim=1)
        found = torch.logsumexp(likely.masked_fill(~goal, -1e9), dim=1)
        value = -(found * share).sum() + keep_bias_small * bias.square().mean()
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
    return Calibration(
        log_trust.detach().exp().numpy().astype(np.float64),
        (bias_units * _BIAS_UNIT).detach().numpy().astype(np.float64),
        float(scale[0].detach().exp()),
        float(scale[1].detach()),
        float(value.detach()),
    )
