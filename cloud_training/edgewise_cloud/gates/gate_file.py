"""Files of gates: read, and checked field by field."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from edgewise.labels import LABELS, TASKS
from edgewise_cloud.gates.errors import GateFileError, GateFileMissingError
from edgewise_cloud.gates.gate import Gate, Gates
from edgewise_cloud.gates.metrics import METRICS

FORMAT = 1
"""Version of the form of these files."""

Check = Callable[[Any], str]
"""Says what is wrong with a value; nothing where it is right."""


def packaged_gates() -> tuple[str, ...]:
    """Return the names of the files of gates in the package.

    >>> packaged_gates()
    ('default', 'english_teacher', 'multilingual_teacher', 'student')
    """
    found = (entry.name for entry in files(__package__).iterdir())
    return tuple(sorted(name.removesuffix(".json") for name in found if name.endswith(".json")))


def load_gates(name: str | Path = "default") -> Gates:
    """Read a file of gates.

    Args:
        name: The file, or the name of one in the package.

    Raises:
        GateFileMissingError: There is none.
        GateFileError: It is not of the form that docs/gates.md tells.
    """
    known = packaged_gates()
    path = Path(str(files(__package__) / f"{name}.json")) if str(name) in known else Path(name)
    if not path.is_file():
        raise GateFileMissingError(str(name), known)
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise GateFileError(path, "the beginning", f"it is not JSON ({error})") from error
    return parse_gates(raw, path)


def parse_gates(raw: Any, path: Path) -> Gates:
    """Build gates from the JSON form of a file.

    Args:
        raw: What the file holds.
        path: Its name, for messages.

    Raises:
        GateFileError: It is not of the form that docs/gates.md tells.
    """
    _fields(path, "the beginning", raw, _FILE)
    if raw.get("format") != FORMAT:
        raise GateFileError(
            path, "format", f"{raw.get('format')!r} is not {FORMAT}, the one that is read here"
        )
    entries = raw.get("gates")
    if not entries:
        raise GateFileError(path, "gates", "there are none")
    defaults = raw.get("defaults", {})
    gates: list[Gate] = []
    for number, entry in enumerate(entries, start=1):
        for single in _each_language(entry):
            gate = _gate(path, f"gate {number}", single, defaults)
            if any(gate.name == other.name for other in gates):
                raise GateFileError(path, f"gate {number}", f"there is another one of {gate.name!r}")
            gates.append(gate)
    return Gates(
        path.stem, tuple(gates), raw.get("about", ""), raw.get("resamples", 1000), raw.get("seed", 0)
    )


def _each_language(entry: Any) -> list[Any]:
    """Return an entry that lists languages as one entry for each of them."""
    listed = entry.get("language") if isinstance(entry, dict) else None
    if not isinstance(listed, list) or not listed:
        return [entry]
    return [{**entry, "language": language} for language in listed]


def _fields(path: Path, where: str, raw: Any, checks: Mapping[str, Check]) -> None:
    if not isinstance(raw, dict):
        raise GateFileError(path, where, f"{type(raw).__name__} stands instead of an object")
    for name, value in raw.items():
        if name not in checks:
            raise GateFileError(path, where, f"{name!r} is no field; there are {', '.join(sorted(checks))}")
        problem = checks[name](value)
        if problem:
            raise GateFileError(path, f"{where}, {name}", problem)


def _gate(path: Path, where: str, entry: Any, defaults: Mapping[str, Any]) -> Gate:
    _fields(path, where, entry, _GATE)
    values = dict(defaults) | dict(entry)
    for needed in ("task", "metric"):
        if needed not in values:
            raise GateFileError(path, where, f"{needed} is missing")
    problem = _contradiction(values)
    if problem:
        raise GateFileError(path, where, problem)
    if "slice" in values:
        values["slice"] = (values["slice"],) if isinstance(values["slice"], str) else tuple(values["slice"])
    if "labels" in values:
        values["labels"] = tuple(values["labels"])
    if "prevalence" in values:
        values["prevalence"] = (values["prevalence"]["positive"], values["prevalence"]["of"])
    return Gate(**values)


def _contradiction(values: Mapping[str, Any]) -> str:
    """Say which fields of a gate do not go together; nothing where they do."""
    task, metric = values["task"], METRICS[values["metric"]]
    low, high = values.get("at_least"), values.get("at_most")
    named = (*values.get("labels", ()), *values.get("merge", {}).keys(), *values.get("merge", {}).values())
    unknown = [label for label in named if label not in LABELS.get(task, named)]
    checks = (
        (task not in metric.tasks, f"{values['metric']} is not told for {task}"),
        (low is not None and high is not None and low > high, f"at_least {low} is above at_most {high}"),
        (bool(unknown), f"{task} has no label {unknown[0] if unknown else ''!r}"),
        ("prevalence" in values and not metric.weighted, f"{values['metric']} has no weighted form"),
        ("prevalence" in values and task != "toxicity", "only rows of toxicity have a prevalence"),
        ("labels" in values and task == "toxicity", "toxicity has attributes instead of one label"),
        ("attribute" in values and task != "toxicity", "only toxicity has attributes"),
    )
    return next((problem for wrong, problem in checks if wrong), "")


def _text(value: Any) -> str:
    return "" if isinstance(value, str) and value else f"{value!r} is not a text"


def _remark(value: Any) -> str:
    return "" if isinstance(value, str) else f"{value!r} is not a text"


def _one_of(*names: str) -> Check:
    return lambda value: "" if value in names else f"{value!r} is none of {', '.join(names)}"


def _texts(value: Any) -> str:
    listed = isinstance(value, list) and bool(value) and all(isinstance(x, str) and x for x in value)
    return "" if listed else f"{value!r} is not a list of texts"


def _number(low: float, high: float) -> Check:
    def check(value: Any) -> str:
        real = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        return "" if real and low <= value <= high else f"{value!r} is not a number from {low:g} to {high:g}"

    return check


def _whole(low: int) -> Check:
    def check(value: Any) -> str:
        whole = isinstance(value, int) and not isinstance(value, bool) and value >= low
        return "" if whole else f"{value!r} is not a whole number of at least {low}"

    return check


def _yes_or_no(value: Any) -> str:
    return "" if isinstance(value, bool) else f"{value!r} is not true or false"


def _object(value: Any) -> str:
    return "" if isinstance(value, dict) else f"{value!r} is not an object"


def _list(value: Any) -> str:
    return "" if isinstance(value, list) else f"{value!r} is not a list"


def _slice(value: Any) -> str:
    return _text(value) if isinstance(value, str) else _texts(value)


def _names(value: Any) -> str:
    whole = isinstance(value, dict) and all(isinstance(x, str) for x in value.values())
    return "" if whole else f"{value!r} does not map labels to labels"


def _prevalence(value: Any) -> str:
    whole = isinstance(value, dict) and value.keys() == {"positive", "of"}
    if (
        not whole
        or _whole(1)(value["positive"])
        or _whole(2)(value["of"])
        or value["positive"] >= value["of"]
    ):
        return f'{value!r} is not like {{"positive": 10, "of": 100}}'
    return ""


def _confidence(value: Any) -> str:
    return _number(0.5, 0.9999)(value)


_DEFAULTS: Mapping[str, Check] = {
    "split": _one_of("train", "dev", "test", "-"),
    "min_rows": _whole(1),
    "confidence": _confidence,
    "strict": _yes_or_no,
    "required": _yes_or_no,
    "not_worse_than_champion_by": _number(0, 1),
}
_GATE: Mapping[str, Check] = {
    **_DEFAULTS,
    "task": _one_of(*TASKS),
    "metric": _one_of(*METRICS),
    "dataset": _text,
    "language": _text,
    "slice": _slice,
    "at_least": _number(0, 1),
    "at_most": _number(0, 1),
    "over": _one_of("rows", "languages", "worst"),
    "attribute": _one_of(*LABELS["toxicity"]),
    "labels": _texts,
    "merge": _names,
    "prevalence": _prevalence,
    "note": _remark,
}
_FILE: Mapping[str, Check] = {
    "format": _whole(1),
    "about": _remark,
    "defaults": lambda value: _object(value) or _defaults(value),
    "resamples": _whole(10),
    "seed": _whole(0),
    "gates": _list,
}


def _defaults(value: Mapping[str, Any]) -> str:
    for name, own in value.items():
        problem = _DEFAULTS[name](own) if name in _DEFAULTS else f"no default can be given for {name!r}"
        if problem:
            return problem if name not in _DEFAULTS else f"{name}: {problem}"
    return ""
