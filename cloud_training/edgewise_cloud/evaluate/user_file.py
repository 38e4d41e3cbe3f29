"""A user's own labelled file as a set to evaluate on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from edgewise.cli.tables.formats import layout_of, open_source
from edgewise.labels import LABELS, NON_TOXIC, TOXIC, TOXICITY
from edgewise_cloud.catalogue import Examples, Rows, UnknownDataLabelError
from edgewise_cloud.catalogue.examples import blank_examples
from edgewise_cloud.evaluate.errors import LabelColumnError, NoUsableRowError
from edgewise_cloud.evaluate.gold import Gold
from edgewise_cloud.evaluate.languages import LanguageTexts

_YES_NO: Mapping[str, str] = {
    TOXIC: TOXIC, "1": TOXIC, "1.0": TOXIC, "true": TOXIC, "yes": TOXIC,
    NON_TOXIC: NON_TOXIC, "0": NON_TOXIC, "0.0": NON_TOXIC, "false": NON_TOXIC, "no": NON_TOXIC,
}  # fmt: skip
UNKNOWN = "und"


def read_labelled(
    path: Path, text: str, label: str, language: str | None
) -> tuple[list[str], list[str], list[str]]:
    """Read texts, labels and languages of a CSV, TSV, JSONL or Parquet file; incomplete rows are left out.

    Args:
        path: The file.
        text: Its column of texts.
        label: Its column of right answers.
        language: Its column of language codes; None if it has none, the language is then "und".

    Raises:
        CommandError: The file cannot be read, or its format is unknown.
        LabelColumnError: It lacks a column.
        NoUsableRowError: No row has both a text and a label.
    """
    source = open_source(path, layout_of(path), None, "utf-8")
    names = [column.name for column in source.scan().columns]
    for column in (text, label, *((language,) if language else ())):
        if column not in names:
            raise LabelColumnError(path, column, names)
    places = [names.index(text), names.index(label), names.index(language) if language else -1]
    texts, labels, languages = [], [], []
    count = 0
    for row in source.rows():
        count += 1
        cells = [row.cells[place] if 0 <= place < len(row.cells) else None for place in places]
        if isinstance(cells[0], str) and isinstance(cells[1], str | int | float) and str(cells[1]).strip():
            texts.append(cells[0])
            labels.append(str(cells[1]).strip())
            languages.append(cells[2] if isinstance(cells[2], str) and cells[2] else UNKNOWN)
    if not texts:
        raise NoUsableRowError(path, count)
    return texts, labels, languages


def user_gold(path: Path, task: str, texts: list[str], labels: Sequence[str], languages: list[str]) -> Gold:
    """Return a user's texts as a set of the task sentiment, toxicity or emotion.

    Labels are those of the task, in any case; toxicity also takes yes and no, true and false, 1 and 0.
    Labels that the file never uses count as not defined by it, as with the sets of the catalogue.

    Raises:
        UnknownDataLabelError: A label is none of the task's.
    """
    n = len(texts)
    examples = blank_examples(
        Rows(texts, languages, [None] * n, [()] * n, [""] * n, ["-"] * n, [""] * n), path.name
    )
    used = {raw.casefold() for raw in labels}
    for i, raw in enumerate(labels):
        _mark(examples, i, task, raw.casefold(), path)
    defined = np.array([label in used for label in LABELS[task]])
    if task == "sentiment":
        examples.sentiment_allowed[:] = defined
    elif task == "emotion":
        examples.emotion[:, ~defined] = np.nan
    return Gold(path.name, task, "-", examples)


def _mark(examples: Examples, row: int, task: str, label: str, path: Path) -> None:
    names = LABELS[task]
    if task == "toxicity":
        if label not in _YES_NO:
            raise UnknownDataLabelError(str(path), label, _YES_NO)
        examples.toxicity[row, names.index(TOXICITY)] = float(_YES_NO[label] == TOXIC)
        return
    if label not in names:
        raise UnknownDataLabelError(str(path), label, names)
    if task == "sentiment":
        examples.sentiment[row] = names.index(label)
    else:
        examples.emotion[row] = np.arange(len(names)) == names.index(label)


def user_languages(texts: list[str], labels: Sequence[str]) -> LanguageTexts:
    """Return a user's texts as a set of the language task: labels are language codes."""
    return LanguageTexts(texts, [label.casefold() for label in labels], "-")
