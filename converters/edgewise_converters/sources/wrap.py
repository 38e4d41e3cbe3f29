"""A model of the transformers library with the inputs and outputs that every runtime knows."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class Logits(nn.Module):
    """Token ids and mask in, logits out."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor]:
        """Map int32 [batch, length] twice to ([batch, labels],)."""
        found = self.model(input_ids=input_ids.to(torch.int64), attention_mask=attention_mask.to(torch.int64))
        return (found.logits,)
