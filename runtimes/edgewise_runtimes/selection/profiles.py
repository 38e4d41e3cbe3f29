"""Classes of devices, and what usually runs best on each: where the selection starts.

`profiles.json` lists them, the most special first. A profile applies when each of its conditions has a
pattern (as in file names) that fits what the machine says of itself. `prefer` orders what a bundle offers;
what it does not name comes after, in the bundle's order. Other devices than the processor are tried only
where a profile names them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from edgewise_runtimes.hardware import HardwareReport
from edgewise_runtimes.selection.candidate import Candidate

CONDITIONS = ("machine", "system", "board", "flag", "accelerator")
"""What a profile may ask for."""


@dataclass(frozen=True)
class Profile:
    """A class of devices.

    Attributes:
        name: Its name.
        about: What it is, for people.
        when: By condition, patterns of which one must fit.
        prefer: Patterns of candidates, `backend:device/precision`, best first.
    """

    name: str
    about: str
    when: Mapping[str, tuple[str, ...]]
    prefer: tuple[str, ...]

    def applies(self, facts: Mapping[str, Sequence[str]]) -> bool:
        """Whether a machine with these facts, by condition, is of this class."""
        return all(
            any(fnmatchcase(fact.lower(), pattern) for fact in facts.get(key, ()) for pattern in patterns)
            for key, patterns in self.when.items()
        )

    def order(self, offered: Sequence[Candidate]) -> list[Candidate]:
        """Return candidates on the processor and on devices that the profile names, best first.

        Args:
            offered: What the bundle has, on the processor, best first.
        """
        found: dict[Candidate, None] = {}
        for pattern in self.prefer:
            backend, _, precision = pattern.partition("/")
            name, _, device = backend.partition(":")
            for each in offered:
                if each.backend == name and fnmatchcase(each.precision, precision):
                    found.setdefault(Candidate(each.backend, each.precision, device))
        return [*found, *(each for each in offered if each not in found)]


@cache
def profiles() -> tuple[Profile, ...]:
    """Return all profiles, the most special first."""
    listed = json.loads(Path(__file__).with_name("profiles.json").read_text(encoding="utf-8"))
    return tuple(
        Profile(
            each["name"],
            each["about"],
            {key: tuple(patterns) for key, patterns in each["when"].items()},
            tuple(each["prefer"]),
        )
        for each in listed
    )


def profile_of(facts: Mapping[str, Sequence[str]]) -> Profile:
    """Return the first profile that applies; the last one always does."""
    return next(profile for profile in profiles() if profile.applies(facts))


def machine_facts(report: HardwareReport, root: Path = Path("/")) -> dict[str, tuple[str, ...]]:
    """Return what a machine says of itself, by condition.

    Args:
        report: What is known of it.
        root: Where `proc`, `sys` and `dev` are found.
    """
    return {
        "machine": (report.machine,),
        "system": (sys.platform, *(("android",) if hasattr(sys, "getandroidapilevel") else ())),
        "board": (_text(root / "proc/device-tree/model"), report.cpu),
        "flag": report.flags,
        "accelerator": tuple(name for name, there in _accelerators(root).items() if there),
    }


def _accelerators(root: Path) -> dict[str, bool]:
    """Look for drivers, not for devices: without its driver a device is of no use."""
    return {
        "cuda": (root / "proc/driver/nvidia/version").exists() and (root / "dev/nvidiactl").exists(),
        "npu": any((root / "sys/bus/pci/drivers/intel_vpu").glob("0000:*")),
    }


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip("\0\n ")
    except OSError:
        return ""
