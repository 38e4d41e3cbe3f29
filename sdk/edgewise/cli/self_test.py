"""Does a bundle work here: are its files what it promises, are its own test inputs answered as expected?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edgewise.bundle import Bundle, Golden
from edgewise.errors import EdgewiseError
from edgewise.results import Analysis, Prediction

TOLERANCE = 0.05
"""How far a probability may be from the expected one: another processor rounds differently, no more."""


def check_bundle(folder: Path) -> tuple[str | None, str]:
    """Verify every file of a bundle and run its test inputs.

    Args:
        folder: The bundle folder.

    Returns:
        What is wrong, or None; and a line for people.
    """
    try:
        bundle = Bundle.open(folder)
        bundle.verify()
        golden = [each for model in bundle.manifest.models.values() for each in model.golden]
        wrong = _wrong(folder, golden)
    except EdgewiseError as error:
        return str(error), f"BROKEN: {error}"
    files = len(bundle.manifest.files)
    if wrong:
        return wrong, f"BROKEN: {wrong}"
    tests = f", {len(golden)} test inputs answered as expected" if golden else ", no test inputs"
    return None, f"ok, version {bundle.manifest.version}, {files} files as promised{tests}"


def _wrong(folder: Path, golden: list[Golden]) -> str | None:
    """Say which test input is answered otherwise than expected, or None."""
    if not golden:
        return None
    from edgewise.analyzer import Analyzer

    with Analyzer(folder) as analyzer:
        for each in golden:
            analysis = analyzer.analyze(each.text)
            for task, expected in each.expected.items():
                if differs := _difference(analysis, task, expected):
                    return f"the {task} of the test input {each.text[:40]!r} is {differs}"
    return None


def _difference(analysis: Analysis, task: str, expected: str | Mapping[str, float]) -> str | None:
    prediction: Prediction | None = getattr(analysis, task, None)
    if prediction is None:
        return "not answered"
    if isinstance(expected, str):
        return None if prediction.label == expected else f"{prediction.label}, not {expected}"
    for label, score in expected.items():
        found = prediction.scores.get(label)
        if found is None or abs(found - score) > TOLERANCE:
            return f"{label} {'missing' if found is None else f'{found:.3f}'}, not {score:.3f}"
    return None
