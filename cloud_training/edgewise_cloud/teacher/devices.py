"""Processes and devices, as the accelerate library sees them."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import torch

_RANKS = ("RANK", "PMI_RANK", "OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK")  # of torchrun, and of MPI
_LONGEST_WAIT = timedelta(days=7)  # others wait while the first process pre-trains, aligns and calibrates


def make_accelerator(precision: str) -> Any:
    """Make an accelerator for this process; run under `accelerate launch`, it joins the others.

    Args:
        precision: "no", "bf16" or "fp16".

    Raises:
        ValueError: There is no device that can compute in it.
    """
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState
    from accelerate.utils import DistributedDataParallelKwargs, InitProcessGroupKwargs

    if AcceleratorState._shared_state and AcceleratorState().mixed_precision != precision:
        # One run after another in this process, as a tuner makes them: else the first precision would stay.
        AcceleratorState._reset_state()
    if precision == "fp16" and not torch.accelerator.is_available():
        raise ValueError("there is no GPU")
    return Accelerator(
        mixed_precision=precision,
        # A pretrained encoder may have a pooler, which nothing here reads.
        kwargs_handlers=[
            DistributedDataParallelKwargs(find_unused_parameters=True),
            InitProcessGroupKwargs(timeout=_LONGEST_WAIT),
        ],
    )


def is_first_process() -> bool:
    """Tell whether this is the process that writes files for all others; without others it is."""
    return all(os.environ.get(name, "0") == "0" for name in _RANKS)


def processes_here() -> int:
    """Return how many processes of the run share this machine."""
    return max(int(os.environ.get("LOCAL_WORLD_SIZE", "1")), 1)


def best_device() -> torch.device:
    """Return the device for a model that answers: a GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
