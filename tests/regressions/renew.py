"""Obvious sentences with their answers, and which of them the shipped bundle gets wrong.

`.venv/bin/python -m tests.regressions.renew` writes down anew what the bundle in the package gets wrong, and
tells what was lost and won since. Do so when a bundle is replaced, and read what was lost before committing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from edgewise import Analyzer
from edgewise.labels import TASKS
from edgewise.results import Analysis

FILE = Path(__file__).with_name("answers.json")

BACKEND = "onnxruntime"
"""Every device has it; another one may answer otherwise where two labels are about equal."""


class Judge(Protocol):
    """The part of `edgewise.Analyzer` that is used here."""

    def analyze_batch(self, texts: Sequence[str], *, tasks: Sequence[str]) -> Sequence[Analysis]:
        """Analyse texts for some tasks."""
        ...


@dataclass(frozen=True, order=True)
class Wrong:
    """An answer that is not the right one; two are equal when they are about the same task and text."""

    task: str
    text: str

    def __str__(self) -> str:
        return f"{self.task}: {self.text}"


def read(path: Path = FILE) -> dict[str, Any]:
    """Return what the file holds."""
    raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return raw


def right_answers(raw: Mapping[str, Any]) -> dict[Wrong, str]:
    """Return the right label for each task that a sentence says something about."""
    return {
        Wrong(task, entry["text"]): entry[task]
        for entry in raw["sentences"]
        for task in TASKS
        if task in entry
    }


def wrong_answers(judge: Judge, raw: Mapping[str, Any]) -> dict[Wrong, str]:
    """Ask about every sentence, and return the labels given where they are not the right ones."""
    right = right_answers(raw)
    found: dict[Wrong, str] = {}
    for task in TASKS:
        texts = [key.text for key in right if key.task == task]
        for text, analysis in zip(texts, judge.analyze_batch(texts, tasks=(task,)), strict=True):
            key, given = Wrong(task, text), getattr(analysis, task).label
            if given != right[key]:
                found[key] = given
    return found


def known_wrong(raw: Mapping[str, Any]) -> set[Wrong]:
    """Return what the file says that the bundle gets wrong."""
    return {Wrong(entry["task"], entry["text"]) for entry in raw["known_wrong"]["answers"]}


def write(path: Path, raw: Mapping[str, Any], bundle: str, wrong: Mapping[Wrong, str]) -> None:
    """Write the file anew, one sentence a line, with what a bundle gets wrong."""
    right = right_answers(raw)
    order = {key: place for place, key in enumerate(right)}
    entries = [
        {"task": key.task, "text": key.text, "right": right[key], "given": wrong[key]}
        for key in sorted(wrong, key=lambda key: (TASKS.index(key.task), order[key]))
    ]
    lines = [
        "{",
        f' "format": {json.dumps(raw["format"])},',
        f' "about": {json.dumps(raw["about"], ensure_ascii=False)},',
        f' "known_wrong": {{"bundle": {json.dumps(bundle)}, "answers": {_listed(entries)}}},',
        f' "sentences": {_listed(raw["sentences"])}',
        "}",
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _listed(entries: Sequence[Mapping[str, Any]]) -> str:
    if not entries:
        return "[]"
    return "[\n" + ",\n".join("  " + json.dumps(entry, ensure_ascii=False) for entry in entries) + "\n ]"


def renew(judge: Judge, bundle: str, path: Path = FILE) -> str:
    """Write down anew what a bundle gets wrong, and return what changed, for people."""
    raw = read(path)
    before, wrong = known_wrong(raw), wrong_answers(judge, raw)
    write(path, raw, bundle, wrong)
    lost, won = sorted(set(wrong) - before), sorted(before - set(wrong))
    total = len(right_answers(raw))
    out = [
        f"{bundle}: {total - len(wrong)} of {total} answers are right; before, {total - len(before)} were."
    ]
    out += [f"lost  {key} (given: {wrong[key]})" for key in lost]
    out += [f"won   {key}" for key in won]
    return "\n".join([*out, f"Wrote {path}. Look at what was lost before you commit it."])


def shipped() -> Analyzer:
    """Return the analyzer of the bundle in the package."""
    return Analyzer(backend=BACKEND)


def name_of(analyzer: Analyzer) -> str:
    """Return name and version of an analyzer's bundle."""
    manifest = analyzer.bundle.manifest
    return f"{manifest.name} {manifest.version}"


if __name__ == "__main__":
    with shipped() as own:
        sys.stdout.write(renew(own, name_of(own)) + "\n")
