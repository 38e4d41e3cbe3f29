"""Train the first multilingual student: from the catalogue to the files and the manifest part of a bundle."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from edgewise.bundle import read_manifest
from edgewise.labels import LABELS
from edgewise_cloud.catalogue import SHIPPABLE, Catalogue, Examples
from edgewise_cloud.prepare.errors import NoSuchRowsError
from edgewise_cloud.train.attributes import attribute_labels, taken_thresholds, unannotated
from edgewise_cloud.train.calibrate import calibrate
from edgewise_cloud.train.made import made_training_rows
from edgewise_cloud.train.monitor import dev_scores
from edgewise_cloud.train.provenance import sources_of
from edgewise_cloud.train.rows import labelled_rows
from edgewise_cloud.train.soft import name_of, soft_labels
from edgewise_cloud.train.student_data import (
    Prepared,
    Sizes,
    make_tokenizer,
    prepare,
    rows_of_epoch,
)
from edgewise_cloud.train.unlabelled import unlabelled_rows
from edgewise_cloud.train.work_folder import claim, replace_file
from edgewise_converters.onnx_export import quantize_embeddings, to_onnx
from edgewise_distill.student.data import pad_rows
from edgewise_distill.student.initial import begin_with
from edgewise_distill.student.model import Student, StudentConfig
from edgewise_distill.student.train import TrainConfig, train
from edgewise_runtimes.threads import available_threads

logger = logging.getLogger(__name__)

TASKS = ("sentiment", "toxicity", "emotion")


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that a run depends on besides the data.

    Attributes:
        width: Features of a token.
        embedding: Features of an embedding, widened to `width`; 0: as many as that.
        layers: Convolutions.
        hidden: Features of a text.
        dropout: Of text features, in training.
        sizes: How much data.
        training: How it is trained.
        max_tokens: Tokens of a window on the device.
        stride: Tokens by which windows overlap.
        encoder: Pretrained English encoder that the embeddings of English words begin with (see
            `edgewise_distill.checkpoints.locate`); None: all begin at random.
        teachers: Folders of teachers whose answers are learned beside the labels.
        soft_rows: English rows that they are asked about, at most.
        raw_rows: Raw lines of each language that the teachers are asked about besides.
        pairs: Translations of English sentences that the student gives the teachers' answers about the
            English side to.
        made_rows: Made rows of each language and kind, at most (see `made.every_made_row`).
        languages: Of the rows and the vocabulary; None: all.
        attributes: Folder of a bundle, whose default model is asked about attributes of toxicity that no set
            of these languages annotates; None: nobody is.
        prepared: Folder of rows that were prepared before, of a teacher's run or by `data prepare`; None: all
            rows of the catalogue, checked for leaks.
    """

    width: int = 128
    layers: int = 2
    hidden: int = 192
    dropout: float = 0.25
    sizes: Sizes = field(default_factory=Sizes)
    training: TrainConfig = field(default_factory=TrainConfig)
    max_tokens: int = 128
    stride: int = 32
    encoder: str | None = None
    teachers: tuple[str, ...] = ()
    soft_rows: int = 100_000
    raw_rows: int = 0
    pairs: int = 0
    made_rows: int = 0
    languages: tuple[str, ...] | None = None
    attributes: str | None = None
    prepared: str | None = None
    embedding: int = 0


def logits_of(student: Student, prepared: Prepared, batch: int = 512) -> dict[str, NDArray[np.float32]]:
    """Run a student over all rows.

    Args:
        student: In evaluation mode.
        prepared: n rows.
        batch: Rows at once; the answer does not depend on it.

    Returns:
        By task, logits [n, labels].
    """
    tokens = prepared.tokens
    result = {task: np.zeros((len(tokens), len(LABELS[task])), np.float32) for task in TASKS}
    order = np.argsort(tokens.lengths, kind="stable")
    with torch.no_grad():
        for first in range(0, len(order), batch):
            rows = order[first : first + batch]
            for task, values in zip(
                TASKS, student(*pad_rows(tokens.tokens, tokens.starts, rows)), strict=True
            ):
                result[task][rows] = values.numpy()
    return result


def train_student(
    catalogue: Catalogue, work: Path, recipe: Recipe | None = None, licences: Iterable[str] = SHIPPABLE
) -> Path:
    """Train, calibrate and export a student; a killed run goes on where its last epoch ended.

    Args:
        catalogue: The data.
        work: Folder of this run: caches, checkpoint, log of dev scores, and at the end the files below.
        recipe: Sizes and rates.
        licences: Licence classes that may be trained on.

    Returns:
        A folder with `multilingual.onnx`, `tokenizer.json` and `model.json` (the manifest's part).

    Raises:
        CatalogueError: the data can't be had.
        WorkFolderError: the folder holds a run with another recipe, other licences or other data.
        WorkFileError: a file of the folder is broken.
        ExportError: the trained student could not be exported.
    """
    recipe = recipe or Recipe()
    licences = frozenset(licences)
    settings = {"recipe": _recipe(recipe), "licences": sorted(licences), "rows": _rows(catalogue, licences)}
    claim(work, settings)
    torch.set_num_threads(available_threads())
    seed = recipe.training.seed
    prepared = None if recipe.prepared is None else Path(recipe.prepared)
    every = labelled_rows(catalogue, licences, recipe.sizes.limit, seed, work, prepared)
    train_rows, dev_rows = (_of_languages(rows, recipe.languages) for rows in every)
    vocabulary = work / "tokenizer.json"
    tokenizer = make_tokenizer(
        catalogue, train_rows, licences, recipe.sizes, seed, vocabulary, recipe.languages
    )
    train_rows = _with_made(recipe, catalogue, train_rows, work)
    train_rows, asked = _with_unlabelled(recipe, catalogue, licences, train_rows, work)
    rows = prepare(train_rows, tokenizer, recipe.sizes)
    soft, thresholds = _told(recipe, train_rows, asked, work)
    tokens = replace(rows.tokens, soft=soft)
    dev = prepare(dev_rows, tokenizer, recipe.sizes, rows.groups)
    untrained = _untrained(recipe, tokenizer, work)
    student = train(
        untrained,
        tokens,
        lambda _, rng: rows_of_epoch(rows, recipe.sizes, rng),
        recipe.training,
        work / "checkpoint.pt",
        lambda trained, epoch: _note_scores(work / "dev.jsonl", dev, trained, epoch),
    )
    tasks = calibrate(dev_rows, logits_of(student, dev))
    tasks["toxicity"]["thresholds"].update(thresholds)
    # The words are the largest table, however few they are.
    model = quantize_embeddings(to_onnx(student, TASKS), least_rows=tokenizer.get_vocab_size())
    replace_file(work / "multilingual.onnx", model.SerializeToString())
    part = {
        "model": _model_part(recipe, tasks),
        "datasets": sources_of(catalogue, train_rows, licences),
        # Names instead of folders: where a teacher lay says nothing to others.
        "recipe": {
            **_recipe(recipe),
            "teachers": [name_of(folder) for folder in recipe.teachers],
            "attributes": recipe.attributes and read_manifest(recipe.attributes).name,
            "prepared": recipe.prepared is not None,
        },
    }
    replace_file(work / "model.json", json.dumps(part, ensure_ascii=False, indent=1).encode())
    return work


def _recipe(recipe: Recipe) -> dict[str, Any]:
    """Return a recipe as JSON says it, without what older runs did not know: these go on."""
    said = asdict(recipe)
    newer = [name for name in ("made_rows", "prepared", "embedding") if not said[name]]
    if said["sizes"]["made_visits"] == 1 or not recipe.made_rows:
        del said["sizes"]["made_visits"]
    return {name: said[name] for name in said if name not in newer}


def _rows(catalogue: Catalogue, licences: Iterable[str]) -> dict[str, dict[str, int]]:
    """Return the rows of each split of each set that a run may use."""
    return {dataset.name: dict(dataset.rows) for dataset in catalogue.datasets(licences=licences)}


def _of_languages(examples: Examples, languages: tuple[str, ...] | None) -> Examples:
    if languages is None:
        return examples
    rows = [row for row, code in enumerate(examples.langs) if code in languages]
    if not rows:
        raise NoSuchRowsError(languages)
    return examples.take(rows)


def _with_made(recipe: Recipe, catalogue: Catalogue, rows: Examples, work: Path) -> Examples:
    """Return the rows, and after them made ones of their languages."""
    if not recipe.made_rows:
        return rows
    languages = recipe.languages or tuple(sorted(set(rows.langs)))
    made = made_training_rows(catalogue, languages, recipe.training.seed, recipe.made_rows, work)
    return Examples.concat([rows, made])


def _with_unlabelled(
    recipe: Recipe, catalogue: Catalogue, licences: frozenset[str], rows: Examples, work: Path
) -> tuple[Examples, Examples]:
    """Return the rows with those that nobody labelled, and the same rows as teachers are asked about them."""
    if not recipe.teachers or not (recipe.raw_rows or recipe.pairs):
        return rows, rows
    languages = recipe.languages or tuple(sorted(set(rows.langs)))
    seed = recipe.training.seed
    read, asked = unlabelled_rows(catalogue, licences, languages, recipe.raw_rows, recipe.pairs, seed, work)
    return Examples.concat([rows, read]), Examples.concat([rows, asked])


def _told(
    recipe: Recipe, rows: Examples, asked: Examples, work: Path
) -> tuple[NDArray[np.float16] | None, dict[str, dict[str, Any]]]:
    """Return what others say of the rows, and the thresholds of attributes that only they know of."""
    soft = None
    if recipe.teachers:
        soft = soft_labels(recipe.teachers, asked, work, recipe.soft_rows, recipe.training.seed)
    if recipe.attributes is None:
        return soft, {}
    names, folder = unannotated(rows), Path(recipe.attributes)
    return attribute_labels(folder, rows, names, soft), taken_thresholds(folder, names)


def _config(recipe: Recipe, vocabulary: int) -> StudentConfig:
    labels = {task: len(LABELS[task]) for task in TASKS}
    sizes = recipe.width, recipe.layers, recipe.hidden
    return StudentConfig(vocabulary, *sizes, labels, recipe.dropout, recipe.embedding)


def _untrained(recipe: Recipe, tokenizer: Tokenizer, work: Path) -> Student:
    """Make a student; a run that goes on from a checkpoint needs no vectors of the encoder."""
    torch.manual_seed(recipe.training.seed)
    student = Student(_config(recipe, tokenizer.get_vocab_size()))
    if recipe.encoder is not None and not (work / "checkpoint.pt").exists():
        count = begin_with(student.embed.weight, tokenizer, recipe.encoder)
        logger.info("%d embeddings begin as those of %s", count, recipe.encoder)
    return student


def _note_scores(path: Path, dev: Prepared, student: Student, epoch: int) -> None:
    """Append the dev scores of an epoch to a log of one JSON object a line."""
    found = dev_scores(dev.examples, logits_of(student, dev))
    logger.info("epoch %d: %s", epoch, found["means"])
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({"epoch": epoch, **found}) + "\n")


def _model_part(recipe: Recipe, tasks: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the manifest's part, sizes and hashes of files left out."""
    return {
        "kind": "encoder",
        "tokenizer": {
            "file": "tokenizer.json",
            "max_tokens": recipe.max_tokens,
            "stride": recipe.stride,
            "pad_id": 0,
        },
        "tasks": tasks,
        "config": {
            "width": recipe.width,
            "layers": recipe.layers,
            "hidden": recipe.hidden,
            "embedding": recipe.embedding or recipe.width,
        },
        "artifacts": [{"backend": "onnxruntime", "precision": "int8-weights", "file": "multilingual.onnx"}],
        "golden": [],
    }


def small(recipe: Recipe, rows: int) -> Recipe:
    """Return the recipe of a quick try with this many rows a set: a small network, one epoch."""
    return replace(
        recipe,
        width=16,
        layers=1,
        hidden=16,
        embedding=0,
        sizes=replace(recipe.sizes, vocabulary=2000, limit=rows, texts_per_language=500),
        training=replace(recipe.training, epochs=1, tokens_per_batch=1024),
    )
