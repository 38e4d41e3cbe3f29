"""N-gram models as devices read them: pruned, weights in int8, all languages in one file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.bundle.manifest import NGRAM_HEADS, TaskSpec
from edgewise.engine.ngram_model import BACKEND, NgramModel
from edgewise.labels import LABELS
from edgewise.language.container import read_arrays, write_arrays
from edgewise.ngrams import NgramHeads, letters_and_signs
from edgewise.ngrams.heads import LAYOUT, POOLED, to_planes
from edgewise.ngrams.tables import to_runs
from edgewise_cloud.catalogue import SHIPPABLE, Catalogue, Examples
from edgewise_cloud.ngrams.fit import TASKS, LinearModel, NgramRecipe
from edgewise_cloud.ngrams.train import fit_all, named
from edgewise_cloud.prepare.valence import without_one_sided
from edgewise_cloud.train.calibrate import calibrate
from edgewise_cloud.train.made import made_training_rows
from edgewise_cloud.train.provenance import sources_of
from edgewise_cloud.train.rows import labelled_rows
from edgewise_cloud.train.work_folder import claim, replace_file

HEADS = "ngrams.bin"
FEATURES = 10_000
MADE_ROWS = 3000
SAME = {"nb": "no", "nn": "no", "ms": "id"}
"""Languages that the sets call by another name or have no rows of, and whose models answer for them."""

_FARTHEST = (1 << 16) - 1
_TOP = 31  # steps of a weight: as good as 127 on dev, and a quarter smaller when packed


def lay_out(models: Mapping[str, LinearModel]) -> tuple[bytes, dict[str, Any]]:
    """Return the file and the `config` of models, see `edgewise.ngrams.NgramHeads`.

    Args:
        models: By language.
    """
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in ("keys", "idf", "weights", "scale", "bias")}
    languages: dict[str, Any] = {}
    for language, model in models.items():
        labels = {task: np.flatnonzero(~np.isnan(bias)).tolist() for task, bias in model.bias.items()}
        weights = np.concatenate([model.weights[task][labels[task]] for task in labels])
        scale = np.maximum(np.abs(weights).max(axis=1, keepdims=True) / _TOP, 1e-9)
        keys, before = bridged(model.vocabulary.keys.astype(np.uint32))
        parts["keys"].append(to_planes(keys))
        parts["idf"].append(np.insert(model.vocabulary.idf, before, 1))
        parts["weights"].append(np.insert(np.round(weights / scale).astype(np.int8).T, before, 0, 0).ravel())
        parts["scale"].append(scale[:, 0].astype(np.float32))
        parts["bias"].append(np.concatenate([model.bias[task][labels[task]] for task in labels]))
        languages[language] = {"features": len(keys), "labels": labels}
    tables = letters_and_signs()
    arrays = {name: np.concatenate(found, axis=-1) for name, found in parts.items()}
    arrays |= {"letters": to_runs(tables.letters), "signs": to_runs(tables.signs)}
    arrays["bias"] = arrays["bias"].astype(np.float32)
    used = np.flatnonzero(arrays["keys"].any(axis=1))
    arrays["keys"] = arrays["keys"][: int(used.max(initial=0)) + 1]
    sizes = {task: len(LABELS[task]) for task in TASKS}
    same = {language: other for language, other in SAME.items() if other in languages}
    config = {"layout": LAYOUT, "sizes": sizes, "languages": languages, "same": same}
    return write_arrays(arrays), config


def bridged(keys: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return keys with no distance of more than two bytes, and the places before which some were put in.

    What is put in means nothing: its weights are 0.
    """
    gaps = np.diff(keys, prepend=np.uint32(0)).astype(np.int64)
    missing = np.maximum(gaps - 1, 0) // _FARTHEST
    before = np.repeat(np.arange(len(keys)), missing)
    step = np.arange(len(before)) - np.repeat(np.cumsum(missing) - missing, missing) + 1
    start = np.concatenate(([0], keys[:-1].astype(np.int64)))
    return np.insert(keys, before, (start[before] + step * _FARTHEST).astype(np.uint32)), before


def for_same(tasks: dict[str, dict[str, Any]], same: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Give languages the temperatures and thresholds of those whose models answer for them."""
    for task in tasks.values():
        for where in (task, *task["thresholds"].values()):
            for key in ("temperature_by_language", "by_language"):
                if known := where.get(key):
                    where[key] = {**{name: known[own] for name, own in same.items() if own in known}, **known}
    return tasks


def without_pooled(data: bytes, config: Mapping[str, Any]) -> tuple[bytes, dict[str, Any]]:
    """Return a file and its `config` without the model of all languages, which only heads alone need."""
    arrays, languages = read_arrays(data), dict(config["languages"])
    if list(languages)[-1:] != [POOLED]:
        return data, dict(config)
    entry = languages.pop(POOLED)
    size, width = entry["features"], sum(map(len, entry["labels"].values()))
    tails = {"keys": size, "idf": size, "weights": size * width, "scale": width, "bias": width}
    kept = {name: array[..., : array.shape[-1] - tails.get(name, 0)] for name, array in arrays.items()}
    return write_arrays(kept), {**config, "languages": languages}


def own_answers(
    heads: NgramHeads, texts: Sequence[str], languages: Sequence[str]
) -> dict[str, NDArray[np.float32]]:
    """Return what each text's own language says: float32 [n, labels], NaN where it says nothing."""
    found = {task: np.full((len(texts), len(LABELS[task])), np.nan, np.float32) for task in TASKS}
    for place, (text, language) in enumerate(zip(texts, languages, strict=True)):
        if heads.knows(language):
            for task, values in heads.log_odds(heads.read(text), language).items():
                found[task][place] = values
    return found


def alone_answers(heads: NgramHeads, examples: Examples) -> dict[str, NDArray[np.float32]]:
    """Return what heads say when they answer alone: float32 [n, labels], of the first window of each text."""
    model = NgramModel({task: TaskSpec(LABELS[task], "sigmoid") for task in TASKS}, heads, 1)
    found = {task: np.zeros((len(examples), len(LABELS[task])), np.float32) for task in TASKS}
    for place, (text, language) in enumerate(zip(examples.texts, examples.langs, strict=True)):
        rows = model.tokenizer.read(text).rows[:1]
        if rows:
            settled = model.settle({task: [[]] for task in found}, rows, text, language)
            for task, values in settled.items():
                found[task][place] = values[0]
    return found


def train_heads(
    catalogue: Catalogue,
    work: Path,
    recipe: NgramRecipe | None = None,
    licences: Iterable[str] = SHIPPABLE,
    limit: int | None = None,
    prepared: Path | None = None,
) -> Path:
    """Train n-gram models for devices, and calibrate them as they answer alone.

    Args:
        catalogue: The data.
        work: Folder of this run: rows, and at the end `ngrams.bin` and `model.json`.
        recipe: How; with `FEATURES` and `MADE_ROWS` when it is None.
        licences: Licence classes that may be trained on.
        limit: Rows of each set at most, None for all.
        prepared: Folder of rows to take instead, see `labelled_rows`.

    Returns:
        The folder.

    Raises:
        CatalogueError: The data can't be had.
        NothingToTrainError: No language has enough rows.
        WorkFolderError: The folder holds another run.
    """
    recipe = recipe or NgramRecipe(features=FEATURES, made_rows=MADE_ROWS)
    licences = frozenset(licences)
    facts = {"heads": asdict(recipe), "licences": sorted(licences), "limit": limit, "one_sided": False}
    claim(work, {**facts, **named(prepared)})
    every = labelled_rows(catalogue, licences, limit, recipe.seed, work, prepared)
    rows, dev = map(without_one_sided, every)
    if recipe.made_rows:
        languages = sorted(set(rows.langs))
        made = made_training_rows(catalogue, languages, recipe.seed, recipe.made_rows, work)
        rows = Examples.concat([rows, made])
    data, config = lay_out(fit_all(rows, recipe))
    heads = NgramHeads.from_bytes(data, config)
    tasks = for_same(calibrate(dev, alone_answers(heads, dev)), config["same"])
    part = {
        "model": {
            "kind": NGRAM_HEADS,
            "tokenizer": None,
            "tasks": tasks,
            "config": config,
            "artifacts": [{"backend": BACKEND, "precision": "int8", "file": HEADS}],
            "golden": [],
        },
        "datasets": sources_of(catalogue, rows, licences),
        "recipe": asdict(recipe),
    }
    replace_file(work / HEADS, data)
    replace_file(work / "model.json", json.dumps(part, ensure_ascii=False, indent=1).encode())
    return work
