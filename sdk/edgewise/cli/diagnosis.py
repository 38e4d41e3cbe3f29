"""What `edgewise doctor` looks at. Every check reports; none of them raises."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from edgewise import __version__
from edgewise.cli.self_test import check_bundle
from edgewise.errors import EdgewiseError
from edgewise_runtimes import hardware_report, openvino_import, runtimes
from edgewise_runtimes.onnxruntime_import import OFF, SWITCH, telemetry

_NEEDED = ("numpy", "onnxruntime", "tokenizers", "click", "platformdirs")
_OPTIONAL = ("pyarrow",)
_ONNX_FOLDER = "onnxruntime"
"""Several distributions put their files into this folder; two of them at once overwrite each other's."""


@dataclass
class Diagnosis:
    """What was found.

    Attributes:
        facts: By section, facts by name; a fact is a value, or a mapping whose `shown` is for people.
        warnings: What may bite later.
        problems: What is needed and broken.
    """

    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {"ok": not self.problems, **self.facts, "warnings": self.warnings, "problems": self.problems}


def diagnose(model: str | None = None) -> Diagnosis:
    """Look at everything.

    Args:
        model: Name or folder of the bundle to check; None for all bundles of the package.
    """
    found = Diagnosis()
    found.facts["machine"] = _machine()
    found.facts["versions"] = _versions(found)
    found.facts["backends"] = _backends(found)
    found.facts["privacy"] = _privacy(found)
    found.facts["paths"] = _paths(found)
    found.facts["models"] = _models(found, model)
    found.facts["chosen backends"] = _choices(found.facts["models"])
    return found


def _machine() -> dict[str, Any]:
    report = hardware_report()
    return {
        "system": report.system,
        "machine": report.machine,
        "cpu": report.cpu,
        "flags": {"names": list(report.flags), "shown": " ".join(report.flags) or "unknown"},
        "threads": {**asdict(report.threads), "shown": str(report.threads)},
        "memory": _bytes(report.memory_bytes),
        "memory limit": _bytes(report.memory_limit_bytes, "none"),
    }


def _versions(found: Diagnosis) -> dict[str, Any]:
    facts: dict[str, Any] = {"edgewise": __version__, "python": _python()}
    for name in _NEEDED:
        facts[name] = version = version_of(name)
        if version is None and name != _ONNX_FOLDER:
            found.problems.append(f"{name} is not installed. Run: pip install edgewise")
    facts |= {name: version_of(name) or "not installed" for name in _OPTIONAL}
    _check_onnxruntime(found, facts)
    return {name: version or "not installed" for name, version in facts.items()}


def _check_onnxruntime(found: Diagnosis, facts: dict[str, Any]) -> None:
    """Look for distributions that share a folder: whichever was installed last has overwritten the others."""
    owners = _onnx_distributions()
    if list(owners) != [_ONNX_FOLDER]:
        facts[_ONNX_FOLDER] = ", ".join(f"{name} {version}" for name, version in owners.items()) or None
    if not owners:
        found.problems.append("onnxruntime is not installed. Run: pip install onnxruntime")
    if len(owners) > 1:
        found.warnings.append(
            f"{' and '.join(owners)} are both installed and overwrite each other's files. "
            f"Run: pip uninstall -y {' '.join(owners)} && pip install {_ONNX_FOLDER}"
        )


def _onnx_distributions() -> dict[str, str]:
    names = (_ONNX_FOLDER, *(f"{_ONNX_FOLDER}-{kind}" for kind in ("gpu", "openvino", "directml", "silicon")))
    return {name: version for name in names if (version := version_of(name)) is not None}


def version_of(distribution: str) -> str | None:
    """Return the installed version of a distribution, or None."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _backends(found: Diagnosis) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    usable = False
    for name, runtime in runtimes().items():
        probe = runtime.probe()
        usable = usable or probe.ok
        hint = "" if probe.ok or not runtime.hint else f". {runtime.hint}"
        state = (
            f"ok, {probe.reason}, on {', '.join(probe.devices)}" if probe.ok else f"no: {probe.reason}{hint}"
        )
        facts[name] = {"ok": probe.ok, "reason": probe.reason, "devices": list(probe.devices), "shown": state}
    if not usable:
        found.problems.append("Not one backend can be used here; the reasons stand above.")
    return facts


def _privacy(found: Diagnosis) -> dict[str, Any]:
    state = telemetry()
    if state != OFF:
        found.warnings.append(
            f"onnxruntime may report to its maker: its telemetry is {state}. Set {SWITCH}=1 to end that."
        )
    facts = {"telemetry of onnxruntime": state}
    if openvino_import.installed():
        facts["telemetry of openvino"] = other = openvino_import.telemetry()
        if other != OFF:
            found.warnings.append(f"openvino may report to its maker: its telemetry is {other}.")
    return facts


def _paths(found: Diagnosis) -> dict[str, Any]:
    facts: dict[str, Any] = {"package": str(Path(__file__).resolve().parents[1]), "python": sys.executable}
    try:
        import platformdirs
    except ImportError:
        return facts
    app = platformdirs.PlatformDirs("edgewise", appauthor=False)
    for name, folder in (
        ("data", app.user_data_path),
        ("cache", app.user_cache_path),
        ("config", app.user_config_path),
    ):
        writable = _can_write(folder)
        state = ("" if folder.exists() else ", not made yet") + ("" if writable else ", NOT WRITABLE")
        facts[name] = {"path": str(folder), "writable": writable, "shown": f"{folder}{state}"}
        if not writable:
            found.warnings.append(
                f"The {name} folder {folder} cannot be written to. Analysing does not need it."
            )
    return facts


def _can_write(folder: Path) -> bool:
    """Whether a folder can be written to, or made."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _models(found: Diagnosis, model: str | None) -> dict[str, Any]:
    from edgewise.bundle import DEFAULT_BUNDLE, bundled, resolve

    try:
        bundles: Mapping[str, Path] = bundled() if model is None else {model: resolve(model)}
    except EdgewiseError as error:
        found.problems.append(str(error))
        return {}
    if model is None and DEFAULT_BUNDLE not in bundles:
        found.problems.append(f"The package holds no {DEFAULT_BUNDLE!r}. Install edgewise again.")
    facts = {}
    for name, folder in bundles.items():
        problem, shown = check_bundle(folder)
        facts[name] = {"ok": problem is None, "folder": str(folder), "shown": shown}
        if problem:
            found.problems.append(f"{name}: {problem}")
    return facts


def _choices(models: Mapping[str, Any]) -> dict[str, Any]:
    """Say what runs each model that is well, why, and why not the others."""
    from edgewise.analyzer import Analyzer

    facts: dict[str, Any] = {}
    for name, model in models.items():
        if not model["ok"]:
            continue
        try:
            with Analyzer(model["folder"]) as analyzer:
                choice = analyzer.backend_report()
        except EdgewiseError as error:
            facts[name] = {"chosen": None, "shown": f"none: {error}"}
            continue
        how = f"{choice.how}; " if choice.how else ""
        profile = f"profile {choice.profile}; " if choice.profile else ""
        facts[name] = {
            **asdict(choice),
            "label": choice.label,
            "shown": f"{choice} ({profile}{how}".rstrip("; ") + ")",
        }
    return facts


def _python() -> str:
    return f"{platform.python_version()} ({platform.python_implementation()})"


def _bytes(count: int | None, otherwise: str = "unknown") -> dict[str, Any]:
    return {"bytes": count, "shown": otherwise if count is None else f"{count / 2**30:.1f} GiB"}
