"""What the machine is, as far as it matters to a model: for `edgewise doctor` and beside measurements."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from edgewise_runtimes.cgroup import memory_limit
from edgewise_runtimes.threads import ThreadReport, thread_report

FLAGS_OF_INTEREST = (
    *("avx2", "avx512f", "avx_vnni", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16"),
    *("asimd", "asimddp", "i8mm", "bf16", "sve"),
)
"""Processor features that decide how fast small models run: x86 first, then ARM, as Linux names them."""


@dataclass(frozen=True)
class HardwareReport:
    """What the machine is.

    Attributes:
        system: Operating system and its release.
        machine: Architecture, for example `"x86_64"`.
        cpu: Model of the processor; the architecture again where the system does not say.
        flags: Its features of interest; empty where the system does not say.
        threads: Threads worth using, and why.
        memory_bytes: Memory of the machine in bytes, or None where the system does not say.
        memory_limit_bytes: Memory its container may use in bytes, or None without a limit.
    """

    system: str
    machine: str
    cpu: str
    flags: tuple[str, ...]
    threads: ThreadReport
    memory_bytes: int | None
    memory_limit_bytes: int | None


def hardware_report(root: Path = Path("/")) -> HardwareReport:
    """Find out what the machine is.

    Args:
        root: Where `proc` and `sys` are found.
    """
    facts = _cpu_facts(root / "proc/cpuinfo")
    flags = f"{facts.get('flags', '')} {facts.get('Features', '')}".split()
    names = (facts.get(key) for key in ("model name", "Model", "Hardware", "cpu model"))
    return HardwareReport(
        system=f"{platform.system()} {platform.release()}".strip(),
        machine=platform.machine(),
        # `platform.processor` starts a process on some systems, so it comes last.
        cpu=next((name for name in names if name), "") or platform.processor() or platform.machine(),
        flags=tuple(flag for flag in FLAGS_OF_INTEREST if flag in flags),
        threads=thread_report(root),
        memory_bytes=_memory(),
        memory_limit_bytes=memory_limit(root),
    )


def _cpu_facts(file: Path) -> dict[str, str]:
    """Read the `key : value` lines of the first processor, and those after the last one on ARM boards."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    facts: dict[str, str] = {}
    for line in lines:
        key, _, value = line.partition(":")
        facts.setdefault(key.strip(), value.strip())
    return facts


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None  # Windows has no such call
