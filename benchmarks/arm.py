"""Can Edgewise and its backends be installed on ARM? Resolves the wheels for aarch64 Linux, installs nothing.

What is asked for is what `pyproject.toml` asks for: the plain install and each extra of the device, with the
versions it allows. pip decides, as it would on that machine, from the index that it is set up with. Needs an
index that can be reached. Exit code 1 when something has no wheel.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from edgewise.cli.show import table

_PROJECT = Path(__file__).parents[1] / "pyproject.toml"
_GLIBC = 36
"""Raspberry Pi OS 12 and Debian 12 have glibc 2.36; a wheel for an older one runs there, too."""

_EXTRAS = ("", "openvino", "tflite")


def main() -> int:
    """Resolve and report."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--python", default="3.11", help="version of Python on that machine")
    options.add_argument("--glibc", type=int, default=_GLIBC, metavar="MINOR", help="its glibc is 2.MINOR")
    options.add_argument("--machine", default="aarch64")
    options.add_argument("--wheel", type=Path, help="a wheel of Edgewise that must fit there as well")
    given = options.parse_args()
    project = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]
    rows, missing = [], []
    for extra in _EXTRAS:
        wanted = project["optional-dependencies"][extra] if extra else project["dependencies"]
        asked = [*wanted, *([str(given.wheel)] if given.wheel and not extra else [])]
        found, problem = _resolve(asked, given)
        name = f"edgewise[{extra}]" if extra else "edgewise"
        for each in found:
            wheel = each["download_info"]["url"].rsplit("/", 1)[-1]
            if each["requested"]:
                rows.append([name, each["metadata"]["name"], each["metadata"]["version"], wheel])
        rows += [
            [
                name,
                "(what these need)",
                str(sum(not each["requested"] for each in found)),
                "wheels, all found",
            ]
        ]
        if problem:
            missing.append(f"{name}: {problem}")
    print(f"{given.machine}, glibc up to 2.{given.glibc}, Python {given.python}\n")
    print(table(["install", "package", "version", "wheel"], rows))
    for problem in missing:
        print(f"\nNo wheel: {problem}")
    return int(bool(missing))


def _resolve(wanted: list[str], given: argparse.Namespace) -> tuple[list[dict[str, Any]], str]:
    """Let pip resolve requirements for another machine; return what it would install, or its last words."""
    platforms = [f"manylinux_2_{minor}_{given.machine}" for minor in range(17, given.glibc + 1)]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--ignore-installed"]
        command += ["--report", str(report), "--target", folder, "--only-binary=:all:"]
        command += ["--implementation", "cp", "--python-version", given.python]
        command += [f"--platform={name}" for name in (*platforms, f"manylinux2014_{given.machine}")]
        done = subprocess.run([*command, *wanted], capture_output=True, text=True)
        if done.returncode:
            return [], next(
                (line for line in done.stderr.splitlines() if "No matching" in line), done.stderr[-300:]
            )
        found: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["install"]
        return found, ""


if __name__ == "__main__":
    sys.exit(main())
