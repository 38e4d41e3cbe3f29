"""How much n-gram heads count beside an encoder, and the calibration of what both say: chosen on dev rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.bundle import Bundle
from edgewise.engine.second import pooled_arrays
from edgewise.labels import TOXICITY
from edgewise.ngrams import NgramHeads
from edgewise_cloud.catalogue import Examples
from edgewise_cloud.ngrams.fit import TASKS
from edgewise_cloud.ngrams.levels import levels, moved
from edgewise_cloud.ngrams.ship import for_same, own_answers
from edgewise_cloud.teacher.bundles import open_models
from edgewise_cloud.train.calibrate import calibrate, softmax
from edgewise_cloud.train.monitor import dev_scores

SHARES = (0.2, 0.35, 0.5, 0.65, 0.8)
_LEAST = 1e-6
_ROWS_PER_RUN = 64

Logits = dict[str, NDArray[np.float32]]


def encoder_answers(bundle: Bundle, name: str, examples: Examples) -> tuple[Logits, NDArray[np.bool_]]:
    """Return an encoder's log-odds for the first window of each text [n, labels], and who has one [n]."""
    encoder = open_models(bundle).encoder(name)
    windows = [encoder.tokenizer.read(text).rows[:1] for text in examples.texts]
    some = np.array([bool(rows) for rows in windows])
    logits = encoder.logits([rows[0] for rows in windows if rows], TASKS, _ROWS_PER_RUN)
    found: Logits = {}
    for task in TASKS:
        values = np.zeros((len(windows), len(encoder.heads[task].labels)), np.float32)
        values[some] = logits[task]
        one_is_right = bundle.manifest.models[name].tasks[task].activation == "softmax"
        found[task] = odds_of(values) if one_is_right else values
    return found, some


def odds_of(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return `edgewise.engine.second.log_odds` of many rows [n, labels]."""
    likely = np.clip(softmax(logits.astype(np.float64)), _LEAST, 1.0 - _LEAST)
    return np.log(likely / (1.0 - likely)).astype(np.float32)


def best_shares(examples: Examples, first: Logits, second: Logits) -> dict[str, float]:
    """Return by task the share of the second model with the best mean over sets and languages."""
    found: dict[str, float] = {}
    for task in TASKS:
        known = np.flatnonzero(~np.isnan(second[task]).all(axis=1))
        if not len(known):
            continue
        rows = examples.take(known)
        quality = {}
        for share in SHARES:
            mixed = {task: pooled_arrays(first[task][known], second[task][known], share)}
            quality[share] = _quality(rows, mixed)
        found[task] = max(quality, key=lambda share: quality[share])
    return found


def _quality(examples: Examples, logits: Logits) -> float:
    """Return the mean over sets and languages of the only task, 0 without any."""
    (task,) = logits
    rows = [row for row, name in enumerate(examples.datasets) if name.startswith(f"{task}/")]
    scores: Mapping[str, float] = dev_scores(examples.take(rows), {task: logits[task][rows]})["sets"]
    return float(np.mean(list(scores.values()))) if scores else 0.0


def put_beside(spec: dict[str, Any], folder: Path, data: bytes, dev: Examples, name: str) -> bytes:
    """Let n-gram heads answer beside every encoder of a packed bundle: fills in `beside` and `tasks` of each.

    Args:
        spec: The manifest, with the heads as the model `name`.
        folder: The bundle, packed of it, in which nothing is beside any encoder yet.
        data: The file of the heads.
        dev: Normalised dev rows of all languages.
        name: Of the heads in the manifest.

    Returns:
        The file of the heads, which expect as many toxic texts as dev rows have.
    """
    config = spec["models"][name]["config"]
    heads = NgramHeads.from_bytes(data, config)
    bundle = Bundle.open(folder)
    routes = bundle.manifest.routes
    where = np.array([routes.model_for(language) for language in dev.langs])
    for model in sorted({routes.default, *routes.by_language.values()}):
        rows = dev.take(np.flatnonzero(where == model))
        first, some = encoder_answers(bundle, model, rows)
        rows = rows.take(np.flatnonzero(some))
        first = {task: values[some] for task, values in first.items()}
        second = own_answers(heads, rows.texts, rows.langs)
        shares = best_shares(rows, first, second)
        mixed = {
            task: pooled_arrays(first[task], second[task], shares[task]) if task in shares else first[task]
            for task in TASKS
        }
        if TOXICITY in shares:
            odds, known = mixed[TOXICITY][:, 0], ~np.isnan(second[TOXICITY][:, 0])
            by = levels(rows, odds, known)
            data = moved(data, config, {code: value / shares[TOXICITY] for code, value in by.items()})
            odds += np.where(known, [by.get(code, 0.0) for code in rows.langs], 0.0).astype(np.float32)
        spec["models"][model]["beside"] = {"model": name, "share": shares}
        tasks = _with_old(spec["models"][model]["tasks"], calibrate(rows, mixed))
        spec["models"][model]["tasks"] = for_same(tasks, config["same"])
    return data


def _with_old(old: Mapping[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Keep the thresholds of labels that no dev row is about; they stand for the same log-odds as before."""
    for task, before in old.items():
        heat = before.get("temperature", 1.0) / new[task]["temperature"]
        for label, threshold in before["thresholds"].items():
            if label not in new[task]["thresholds"]:
                new[task]["thresholds"][label] = {**threshold, "value": _reheated(threshold["value"], heat)}
    return new


def _reheated(value: float, heat: float) -> float:
    inside = min(max(value, _LEAST), 1.0 - _LEAST)
    return round(float(1.0 / (1.0 + np.exp(-heat * np.log(inside / (1.0 - inside))))), 4)
