"""The part of a model card that tells what the model can do, functionality by functionality."""

from __future__ import annotations

from collections.abc import Sequence

from edgewise_cloud.evaluate.functionality import Functionality, functionalities, verdict
from edgewise_cloud.evaluate.records import Record
from edgewise_cloud.gates.suites import suite_about, suite_names

_HEADS = ("functionality", "task", "language", "rows", "figure", "measured", "95 % interval", "promised", "")


def suites_section(records: Sequence[Record]) -> str:
    """Return what was measured of each functionality as Markdown: a verdict, what fails, one table a suite.

    Args:
        records: All records of the manifest; those of suites count.
    """
    found = functionalities(records)
    if not found:
        return "No functionality was measured."
    out = [verdict(found)]
    failing = [one for one in found if one.kept is False]
    if failing:
        parts = dict.fromkeys(_name(one) for one in failing)
        out.append(f"Not kept, so known to fail: {', '.join(parts)}.")
    for suite in dict.fromkeys(one.suite for one in found):
        own = [one for one in found if one.suite == suite]
        about = suite_about(suite) if suite in suite_names() else ""
        out.append(f"### {suite.replace('_', ' ')}")
        out += [about] if about else []
        out.append(_table(own))
    return "\n\n".join(out)


def _name(one: Functionality) -> str:
    part = one.part.removeprefix("kind=").replace("_", " ")
    return f"{one.suite.replace('_', ' ')} ({', '.join(filter(None, (one.task, part)))})"


def _table(found: Sequence[Functionality]) -> str:
    lines = ["| " + " | ".join(_HEADS) + " |", "|" + "---|" * len(_HEADS)]
    for one in found:
        cells = (
            one.part.replace("kind=", "").replace("_", " ") or "all",
            one.task,
            one.where,
            f"{one.rows:,}",
            one.words,
            f"{one.figure:.3f}",
            f"{one.interval[0]:.3f} to {one.interval[1]:.3f}" if one.interval else "",
            one.promise,
            {True: "kept", False: "**fails**", None: ""}[one.kept],
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)
