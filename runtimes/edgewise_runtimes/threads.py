"""How many threads are worth using: what the process may run on, and what its container may use of it.

A container with half a processor on a 64-core machine sees 64 cores; a pool of 64 threads spends its quota on
waiting. So the count is the least of processors, affinity mask, and the cgroup's CPU quota rounded up.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

from edgewise_runtimes.cgroup import cpu_quota


@dataclass(frozen=True)
class ThreadReport:
    """Where a thread count comes from.

    Attributes:
        threads: Threads worth using, at least 1.
        processors: Logical processors of the machine.
        affinity: Processors this process may run on.
        quota: Processors its cgroup may use, as a fraction; None without a limit.
    """

    threads: int
    processors: int
    affinity: int
    quota: float | None

    def __str__(self) -> str:
        """Say the count and its reasons.

        >>> print(ThreadReport(threads=2, processors=64, affinity=8, quota=1.5))
        2 (64 processors, 8 allowed by affinity, container quota 1.5)
        """
        quota = "no container quota" if self.quota is None else f"container quota {self.quota:g}"
        return f"{self.threads} ({self.processors} processors, {self.affinity} allowed by affinity, {quota})"


def thread_report(root: Path = Path("/")) -> ThreadReport:
    """Find out how many threads are worth using, and why.

    Args:
        root: Where `proc` and `sys` are found.
    """
    processors = os.cpu_count() or 1
    affinity = _affinity() or processors
    quota = cpu_quota(root)
    limits = [processors, affinity, *([] if quota is None else [math.ceil(quota)])]
    return ThreadReport(max(1, min(limits)), processors, affinity, quota)


def available_threads(root: Path = Path("/")) -> int:
    """Return how many threads are worth using, at least 1.

    Args:
        root: Where `proc` and `sys` are found.
    """
    return thread_report(root).threads


def _affinity() -> int | None:
    try:
        return len(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        return None  # macOS and Windows have no such call
