"""The rows, the tokenizer and the encoder that a run begins with."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from edgewise_cloud.catalogue import ALL_LICENCES, Catalogue, Examples
from edgewise_cloud.prepare import PrepareConfig, prepare_rows
from edgewise_cloud.prepare.store import load_examples, save_examples
from edgewise_cloud.teacher.errors import FewLanguagesError, NoLabelledLanguageError
from edgewise_cloud.teacher.files import first_line
from edgewise_cloud.teacher.growing import grow
from edgewise_cloud.teacher.network import compact_encoder, demand_fit, load_encoder, load_reader
from edgewise_cloud.teacher.recipe import Compact, TeacherRecipe
from edgewise_cloud.teacher.rows import unlabelled
from edgewise_cloud.train.language_data import load_language_texts
from edgewise_cloud.train.student_data import raw_texts, tokenizer_texts
from edgewise_cloud.train.texts import normalize_all
from edgewise_cloud.train.work_folder import WorkFileError, replace_file

logger = logging.getLogger(__name__)
LANGUAGE_SET = "language/langid"
_MOST_LINES = 20_000
_MOST_LETTERS = 7000
SPECIAL = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}


@dataclass(frozen=True, slots=True)
class Material:
    """What is trained on.

    Attributes:
        train: Training rows, normalised.
        dev: Dev rows, normalised.
        report: What preparation did, JSON-ready.
    """

    train: Examples
    dev: Examples
    report: Mapping[str, Any]


def load_material(
    catalogue: Catalogue, recipe: TeacherRecipe, licences: Iterable[str], work: Path
) -> Material:
    """Prepare the rows of a recipe, or read them from the work folder where an earlier run left them.

    Raises:
        NoLabelledLanguageError: There are none.
        CatalogueError: The data can't be had.
        WorkFileError: A file of the work folder is broken.
    """
    paths = work / "train.parquet", work / "dev.parquet"
    report = work / "prepared.json"
    if not all(path.exists() for path in (report, *paths)):
        made = _language_rows if recipe.tasks == ("language",) else _labelled_rows
        train, dev, told = made(catalogue, recipe, frozenset(licences))
        if not len(train) or not len(dev):
            raise NoLabelledLanguageError(recipe.name, recipe.tasks, recipe.languages)
        save_examples(paths[0], train)
        save_examples(paths[1], dev)
        replace_file(report, json.dumps(told, ensure_ascii=False, indent=1).encode())
    try:
        told = json.loads(report.read_text("utf-8"))
    except ValueError as error:
        raise WorkFileError(report, str(error)) from error
    return Material(load_examples(paths[0]), load_examples(paths[1]), told)


def _labelled_rows(
    catalogue: Catalogue, recipe: TeacherRecipe, licences: frozenset[str]
) -> tuple[Examples, Examples, dict[str, Any]]:
    config = PrepareConfig.from_dict(dict(recipe.prepare))
    prepared = prepare_rows(
        catalogue, config, licences, recipe.languages, recipe.tasks, seed=recipe.training.seed
    )
    logger.info("%s", prepared.report)
    return prepared.train, prepared.dev, prepared.report.to_dict()


def _language_rows(
    catalogue: Catalogue, recipe: TeacherRecipe, licences: frozenset[str]
) -> tuple[Examples, Examples, dict[str, Any]]:
    """Lines by language: no labels but the language itself."""
    most = int(recipe.prepare.get("limit") or _MOST_LINES)
    wanted = recipe.languages or tuple(sorted(catalogue.language("langid").languages))
    found = load_language_texts(catalogue, wanted, licences, most, recipe.training.seed)
    if len({name.split("@")[0] for name in found.by_class}) < 2:
        raise FewLanguagesError(recipe.name, sorted(found.by_class))
    texts = [line for lines in found.by_class.values() for line in lines]
    codes = [name.split("@")[0] for name, lines in found.by_class.items() for _ in lines]
    dev = catalogue.language("langid").load("dev", ALL_LICENCES)
    kept = [row for row, code in enumerate(dev.langs) if code in set(codes)]
    train_rows = unlabelled(normalize_all(texts), codes, LANGUAGE_SET)
    dev_rows = unlabelled(
        normalize_all([dev.texts[row] for row in kept]), [dev.langs[row] for row in kept], LANGUAGE_SET
    )
    counts = {name: len(lines) for name, lines in found.by_class.items()}
    return train_rows, dev_rows, {"lines": counts, "licences": sorted(licences)}


def begin(
    recipe: TeacherRecipe, catalogue: Catalogue, train: Examples, licences: Iterable[str], work: Path
) -> tuple[nn.Module, Any]:
    """Return the encoder and the tokenizer that a recipe begins with.

    Raises:
        CheckpointNotFoundError: The encoder is not there.
        EncoderError: It can't be loaded, or can't read so long texts.
    """
    if recipe.compact is None:
        encoder, reader = load_encoder(recipe.encoder), load_reader(recipe.encoder)
        demand_fit(encoder, reader, recipe.max_tokens, recipe.encoder)
        return encoder, reader
    reader = _own_reader(recipe, recipe.compact, catalogue, train, licences, work / "tokenizer")
    encoder = compact_encoder(recipe.compact, recipe.max_tokens, int(reader.pad_token_id))
    if recipe.compact.begin:
        count = grow(encoder, reader, recipe.compact.begin)
        logger.info("layers and %d tokens begin as those of %s", count, recipe.compact.begin)
    return encoder, reader


def _own_reader(
    recipe: TeacherRecipe,
    compact: Compact,
    catalogue: Catalogue,
    train: Examples,
    licences: Iterable[str],
    folder: Path,
) -> Any:
    """Train a tokenizer on rows and raw lines, or read the one that an earlier run left."""
    from tokenizers import AddedToken
    from transformers import PreTrainedTokenizerFast

    from edgewise_distill.student.subwords import train_tokenizer

    kind: Any = PreTrainedTokenizerFast
    if not folder.exists():
        raw = raw_texts(catalogue, licences, _MOST_LINES, recipe.training.seed)
        if recipe.languages:
            raw = {code: raw[code] for code in recipe.languages if code in raw}
        texts = tokenizer_texts(train, raw, _MOST_LINES, recipe.training.seed)
        # All characters that are kept become tokens, however few tokens are wanted.
        letters = min(_MOST_LETTERS, compact.vocabulary // 2)
        tokenizer = train_tokenizer(texts, compact.vocabulary - 3, letters, _special_names())
        tokenizer.add_special_tokens([AddedToken(name, special=True) for name in SPECIAL.values()])
        part = folder.with_name(folder.name + ".part")
        shutil.rmtree(part, ignore_errors=True)
        kind(tokenizer_object=tokenizer, **SPECIAL).save_pretrained(part)
        part.replace(folder)
    try:
        return kind.from_pretrained(str(folder))
    except Exception as error:  # the reader of tokenizers raises a kind of its own
        raise WorkFileError(folder, first_line(error)) from error


def _special_names() -> tuple[str, str]:
    return SPECIAL["pad_token"], SPECIAL["unk_token"]


def languages_of(recipe: TeacherRecipe, train: Examples) -> Sequence[str] | None:
    """Return the labels of the task `language`, or None where it is not learned."""
    return sorted(set(train.langs)) if "language" in recipe.tasks else None


def rows_used(train: Examples) -> dict[str, int]:
    """Return training rows by set."""
    names, counts = np.unique(np.array(train.datasets), return_counts=True)
    return {str(name): int(count) for name, count in zip(names, counts, strict=True)}
