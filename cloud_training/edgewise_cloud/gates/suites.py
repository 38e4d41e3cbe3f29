"""Suites of slices: templates in data files, and the rows that they stand for."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import product, zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from edgewise.labels import LABELS, TASKS
from edgewise_cloud.gates.errors import SliceFileError, UnknownSuiteError
from edgewise_cloud.gates.rows import SLICES
from edgewise_cloud.predictions import GoldRows
from edgewise_cloud.predictions.arrays import objects

FORMAT = 1
"""Version of the form of these files."""

_PLACE = re.compile(r"\{(\w+)(?:\.(\w+))?\}")
"""`{slot}` or `{slot.form}` in a template."""

Item = str | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SliceRow:
    """One text of a suite.

    Attributes:
        task: The task that it tests.
        lang: Language code; "und" for what has no language, such as emoji alone.
        text: The text.
        gold: Right labels.
        known: Labels that it says something about; empty for all.
        tags: What it is an example of.
    """

    task: str
    lang: str
    text: str
    gold: tuple[str, ...]
    known: tuple[str, ...]
    tags: tuple[str, ...]


def suite_names() -> tuple[str, ...]:
    """Return the names of the suites in the package."""
    found = (entry.name for entry in (files(__package__) / "slices").iterdir())
    return tuple(sorted(name.removesuffix(".json") for name in found if name.endswith(".json")))


@cache
def load_suite(name: str) -> tuple[SliceRow, ...]:
    """Return the rows of a suite in the package.

    Raises:
        UnknownSuiteError: There is none of that name.
        SliceFileError: Its file is not of the form that docs/gates.md tells.
    """
    if name not in suite_names():
        raise UnknownSuiteError(name, suite_names())
    path = Path(str(files(__package__) / "slices" / f"{name}.json"))
    return read_suite(path)


@cache
def suite_about(name: str) -> str:
    """Return what a suite in the package is about, in a sentence.

    Raises:
        UnknownSuiteError: There is none of that name.
    """
    if name not in suite_names():
        raise UnknownSuiteError(name, suite_names())
    raw = json.loads((files(__package__) / "slices" / f"{name}.json").read_text(encoding="utf-8"))
    return str(raw.get("about", ""))


def read_suite(path: Path) -> tuple[SliceRow, ...]:
    """Return the rows of a file of slices; the suite is named like the file.

    Raises:
        SliceFileError: It is not of the form that docs/gates.md tells.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SliceFileError(path, "the beginning", f"it is not JSON ({error})") from error
    if not isinstance(raw, dict) or raw.get("format") != FORMAT or not isinstance(raw.get("sets"), list):
        raise SliceFileError(path, "the beginning", f"it is not {{format: {FORMAT}, sets: [...]}}")
    rows: list[SliceRow] = []
    for number, entry in enumerate(raw["sets"], start=1):
        where = f"set {number}"
        try:
            found = [*_listed(path.stem, entry), *_templated(path.stem, entry, number)]
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise SliceFileError(path, where, f"it is not of the known form ({error!r})") from error
        for row in found:
            _check(path, where, row)
        rows += found
    return tuple(rows)


def slice_sets(
    names: Collection[str] = (), *, tasks: Collection[str] = TASKS, languages: Collection[str] = ()
) -> list[GoldRows]:
    """Return suites as sets of texts with right answers, one for each suite and task.

    Args:
        names: Which suites; all by default.
        tasks: Only rows of these.
        languages: Only rows in these, and those in no language; all by default.

    Raises:
        UnknownSuiteError: There is no suite of a name.
        SliceFileError: A file is not of the form that docs/gates.md tells.
    """
    out = []
    for name in names or suite_names():
        rows = [row for row in load_suite(name) if not languages or row.lang in (*languages, "und")]
        for task in TASKS:
            own = [row for row in rows if row.task == task]
            if own and task in tasks:
                out.append(_gold_rows(name, task, own))
    return out


def _gold_rows(name: str, task: str, rows: Sequence[SliceRow]) -> GoldRows:
    labels = LABELS.get(task) or tuple(sorted({label for row in rows for label in row.gold}))
    n = len(rows)
    gold = np.array([[label in row.gold for label in labels] for row in rows], dtype=np.bool_)
    known = np.array([[not row.known or label in row.known for label in labels] for row in rows], np.bool_)
    return GoldRows(
        task=task,
        labels=tuple(labels),
        dataset=f"{SLICES}{name}",
        split="test",
        langs=objects([row.lang for row in rows], n),
        texts=objects([row.text for row in rows], n),
        gold=gold,
        known=known,
        slices=objects([row.tags for row in rows], n),
    )


def _listed(suite: str, entry: Mapping[str, Any]) -> Iterator[SliceRow]:
    """Yield the texts that a set lists under their labels; "" stands for no label."""
    known, tags = tuple(entry.get("known", ())), (suite, *entry.get("tags", ()))
    for label, texts in entry.get("rows", {}).items():
        gold = tuple(part for part in label.split("|") if part)
        for text in texts:
            yield SliceRow(entry["task"], entry["language"], text, gold, known, tags)


def _templated(suite: str, entry: Mapping[str, Any], number: int) -> Iterator[SliceRow]:
    """Yield each template with every combination of what its slots hold."""
    slots: Mapping[str, Sequence[Item]] = entry.get("slots", {})
    for at, template in enumerate(entry.get("templates", ())):
        places = _PLACE.findall(template["text"])
        between = _PLACE.split(template["text"])[:: _PLACE.groups + 1]
        used = tuple(dict.fromkeys(slot for slot, _ in places))
        for chosen in product(*(range(len(slots[slot])) for slot in used)):
            items = {slot: slots[slot][i] for slot, i in zip(used, chosen, strict=True)}
            forms = [_form(items[slot], form) for slot, form in places]
            if None in forms:
                continue
            text = "".join(part or "" for pair in zip_longest(between, forms) for part in pair)
            place = f"{entry['language']}.{number}"
            tags = [suite, *entry.get("tags", ()), *template.get("tags", ()), f"template={place}.{at}"]
            for item in items.values():
                if not isinstance(item, str) and "group" in item:
                    tags += [f"term={item['term']}", f"group={item['group']}"]
            if "pair" in template:
                tags.append(f"pair={'.'.join(map(str, (place, template['pair'], *chosen)))}")
            known = tuple(template.get("known", entry.get("known", ())))
            yield SliceRow(
                entry["task"], entry["language"], text, tuple(template["gold"]), known, tuple(tags)
            )


def _form(item: Item, form: str) -> str | None:
    if isinstance(item, str):
        return item if not form else None
    return item.get(form or "term")


def _check(path: Path, where: str, row: SliceRow) -> None:
    labels = LABELS.get(row.task, row.gold)
    problem = ""
    if row.task not in TASKS:
        problem = f"{row.task!r} is none of {', '.join(TASKS)}"
    elif not isinstance(row.text, str) or not row.text.strip():
        problem = "a text is empty"
    elif set(row.gold) - set(labels) or set(row.known) - set(labels):
        problem = f"{row.text!r} has a label that {row.task} does not have"
    elif row.known and set(row.gold) - set(row.known):
        problem = f"{row.text!r} has a right label that is not among its known"
    elif row.task != "toxicity" and len(row.gold) != 1:
        problem = f"{row.text!r} has not one right label"
    if problem:
        raise SliceFileError(path, where, problem)
