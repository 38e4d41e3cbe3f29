"""Train the language model: from the catalogue to `language.bin` and the manifest part of a bundle."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.labels import UNDETERMINED
from edgewise.language import LanguageModel
from edgewise.language.container import read_arrays, write_arrays
from edgewise.language.features import COLUMNS, letter_table
from edgewise_cloud.catalogue import ALL_LICENCES, SHIPPABLE, Catalogue, CatalogueError
from edgewise_cloud.train.language_data import load_language_texts
from edgewise_cloud.train.language_dev import dev_rows, first_words
from edgewise_cloud.train.language_made import Strays, frequent_words, made_lines, packaged_rules
from edgewise_cloud.train.work_folder import replace_file
from edgewise_distill.language.calibrate import Calibration, fit
from edgewise_distill.language.counting import Counts, count
from edgewise_distill.language.layout import lay_out
from edgewise_distill.language.noise import noise, script_lines
from edgewise_distill.language.packing import lay_out_packed
from edgewise_distill.language.sharpen import sharpen
from edgewise_distill.language.shrink import LEVEL, shrink
from edgewise_distill.language.weights import Weights, default_trust, select, share, weigh

logger = logging.getLogger(__name__)

STEP = 0.1  # weights are kept as int8 multiples of this


class NoLinesError(CatalogueError, ValueError):
    """A language was named that has no training line.

    Attributes:
        languages: Those languages.
    """

    def __init__(self, languages: Sequence[str], licences: Iterable[str]) -> None:
        self.languages = tuple(languages)
        super().__init__(
            f"No training line is in {', '.join(languages)} under the licence classes "
            f"{', '.join(sorted(licences))}. Name languages of langid or rawtext, or allow more classes."
        )


class ModelSizeError(CatalogueError, ValueError):
    """No language model of so few bytes can be had.

    Attributes:
        most: The bytes that were allowed.
    """

    def __init__(self, most: int, why: str) -> None:
        self.most = most
        super().__init__(f"No language model fits into {most:,} bytes: {why}. Allow more with --max-bytes.")


@dataclass(frozen=True, slots=True)
class LanguageRecipe:
    """What a run depends on besides the data.

    Attributes:
        most: Training lines a language.
        labelled: Texts a language from labelled sets, besides.
        features: Features kept.
        prior: Strength of the Dirichlet prior.
        shared: Tokens that close languages give each other.
        noise_lines: Lines of what is no language.
        dev_rows: Dev rows, whole and cut, that calibration is fitted on.
        script_lines: Lines of random letters for a language known by its script alone.
        seed: Of every random choice.
        max_bytes: Size of the file at most, which is then packed; None for the usual one.
    """

    most: int = 30_000
    labelled: int = 5000
    features: int = 700_000
    prior: float = 2000.0
    shared: float = 2000.0
    noise_lines: int = 4000
    dev_rows: int = 40_000
    script_lines: int = 300
    seed: int = 17
    max_bytes: int | None = None


def _known_languages() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        files("edgewise_cloud.train").joinpath("language.json").read_text(encoding="utf-8")
    )
    return found


def to_bytes(weights: Weights, calibration: Calibration, packed: bool = False) -> bytes:
    """Lay a model out as the file that `LanguageModel` reads.

    Args:
        weights: Those of a packed model are multiples of `LEVEL`.
        calibration: Of these weights.
        packed: Whether to pack it; its `step` is then `LEVEL`, not `STEP`.
    """
    step = LEVEL if packed else STEP
    arrays: dict[str, NDArray[Any]] = {
        "letters": letter_table().astype(np.uint16),
        "keys": weights.keys,
        "sizes": weights.sizes.astype(np.uint8),
        "language": weights.language.astype(np.uint8),
        "delta": np.clip(np.round(weights.delta / step), -127, 127).astype(np.int8),
        "base": weights.base.astype(np.float32),
        "trust": calibration.trust.astype(np.float32),
        "bias": calibration.bias.astype(np.float32),
    }
    return write_arrays(lay_out_packed(arrays) if packed else lay_out(arrays))


def _config(classes: Iterable[str], calibration: Calibration, packed: bool = False) -> dict[str, Any]:
    return {
        "classes": list(classes),
        "step": LEVEL if packed else STEP,
        "spread": round(calibration.spread, 6),
        "growth": round(calibration.growth, 6),
    }


def column_sums(
    weights: Weights, classes: tuple[str, ...], texts: list[str], chunk: int = 2000
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Ask each column alone about each text.

    Args:
        weights: Of a model.
        classes: Its classes.
        texts: n texts.
        chunk: Texts at once.

    Returns:
        float32 [n, COLUMNS, classes], what each column says, and int64 [n], the known features of each text.
    """
    result = np.zeros((len(texts), COLUMNS, len(classes)), np.float32)
    known = np.zeros(len(texts), np.int64)
    for column in range(COLUMNS):
        alone = Calibration(np.eye(COLUMNS)[column], np.zeros(len(classes)), 1.0, 0.0, 0.0)
        model = LanguageModel(read_arrays(to_bytes(weights, alone)), _config(classes, alone))
        for first in range(0, len(texts), chunk):
            part = slice(first, first + chunk)
            result[part, column], known[part] = model.scores(texts[part])
    return result, known


def train_language(
    catalogue: Catalogue,
    work: Path,
    recipe: LanguageRecipe | None = None,
    licences: Iterable[str] = SHIPPABLE,
    languages: Iterable[str] | None = None,
) -> Path:
    """Train and calibrate the language model.

    Args:
        catalogue: The data.
        work: Folder for the results.
        recipe: Sizes.
        licences: Licence classes that may be trained on.
        languages: Only these, for a quick try; by default all that `language.json` of this package names.

    Returns:
        A folder with `language.bin` and `language.json` (the manifest's part).

    Raises:
        CatalogueError: the data can't be had.
        NoLinesError: a language that was named has no training line.
        ModelSizeError: `recipe.max_bytes` are too few.
    """
    recipe = recipe or LanguageRecipe()
    wanted = None if languages is None else list(languages)
    licences = frozenset(licences)
    lines, real, made = _training_lines(catalogue, recipe, licences, wanted)
    names = _known_languages()
    counts = share(count(lines), names["close"], recipe.shared)
    classes = counts.languages
    logger.info("%d features", len(counts.keys))
    weights = select(weigh(counts, recipe.prior), counts, recipe.features, default_trust())
    logger.info("%d features kept, %d weights", len(weights.keys), len(weights.delta))
    for group in names["sharpened"]:
        theirs = {name: lines[name] for name in group if name in lines}
        if len(theirs) > 1:
            weights = sharpen(weights, theirs, classes, default_trust(), recipe.seed)
    packed = recipe.max_bytes is not None
    if recipe.max_bytes is not None:
        weights = _shrunk(weights, counts, recipe.max_bytes)
    dev = dev_rows(catalogue, classes, recipe.seed).sample(recipe.dev_rows, recipe.seed)
    sums, known = column_sums(weights, classes, dev.texts)
    calibration = fit(sums, known, dev.right, dev.weight, default_trust())
    logger.info("dev loss %.4f, trust %s", calibration.loss, np.round(calibration.trust, 3).tolist())
    data = to_bytes(weights, calibration, packed)
    if recipe.max_bytes is not None and len(data) > recipe.max_bytes:
        raise ModelSizeError(recipe.max_bytes, f"the table of features came out larger, {len(data):,} in all")
    config = _config(classes, calibration, packed)
    model = LanguageModel.from_bytes(data, config)
    part = {
        "model": _model_part(model, config, "int4" if packed else "int8"),
        "lines": real,
        "made_lines": made,
        "licences": sorted(licences),
        "recipe": asdict(recipe),
    }
    _write(work, data, part)
    _log_dev(model, catalogue)
    return work


def _shrunk(weights: Weights, counts: Counts, most: int) -> Weights:
    """Return the weights that fit."""
    try:
        small = shrink(weights, counts, most, default_trust())
    except ValueError as error:
        raise ModelSizeError(most, str(error)) from error
    logger.info("%d features and %d weights fit into %d bytes", len(small.keys), len(small.delta), most)
    return small


def _training_lines(
    catalogue: Catalogue, recipe: LanguageRecipe, licences: frozenset[str], languages: list[str] | None
) -> tuple[dict[str, list[str]], dict[str, int], dict[str, int]]:
    """Return the lines of each class, and how many of each are real and how many made."""
    names = _known_languages()
    every = names["targets"] + names["others"] + names["only_labelled"]
    taken = load_language_texts(
        catalogue,
        every if languages is None else languages,
        licences,
        recipe.most,
        recipe.seed,
        recipe.labelled,
        names["only_labelled"],
    )
    logger.info("%d lines of %d classes", taken.rows, len(taken.by_class))
    strays = Strays(packaged_rules())
    lines = {
        name: [row for row in rows if not strays.has(row, name)] for name, rows in taken.by_class.items()
    }
    real = {name: len(rows) for name, rows in lines.items()}
    logger.info("%d strays left out", taken.rows - sum(real.values()))
    made = made_lines(lines, packaged_rules(), frequent_words(), recipe.seed)
    made = {name: rows for name, rows in made.items() if name in (languages or every)}
    for name, rows in made.items():
        lines[name] = lines.get(name, []) + rows
    found = {name.split("@")[0] for name in lines}
    if languages is not None and not found.issuperset(languages):
        raise NoLinesError(sorted(set(languages) - found), licences)
    if languages is None:
        for name in names["by_script_alone"]:
            lines[name] = script_lines(name, recipe.script_lines, recipe.seed)
    lines[UNDETERMINED] = noise(recipe.noise_lines, recipe.seed)
    return lines, real, {name: len(rows) for name, rows in made.items()}


def _write(work: Path, data: bytes, part: dict[str, Any]) -> None:
    """Write the files; a run that is killed between them leaves none that do not fit together."""
    work.mkdir(parents=True, exist_ok=True)
    (work / "language.json").unlink(missing_ok=True)
    replace_file(work / "language.bin", data)
    replace_file(work / "language.json", json.dumps(part, ensure_ascii=False, indent=1).encode())


def _model_part(model: LanguageModel, config: dict[str, Any], precision: str) -> dict[str, Any]:
    """Return the manifest's part, sizes and hashes of files left out."""
    return {
        "kind": "ngram-linear",
        "tasks": {
            "language": {
                "labels": list(model.labels),
                "activation": "softmax",
                "temperature": 1.0,
                # On dev, answers below the first are wrong as often as right; below the second nearly always.
                "thresholds": {"default": {"value": 0.6}, "und": {"value": 0.2}},
            }
        },
        "config": config,
        "artifacts": [{"backend": "numpy", "precision": precision, "file": "language.bin"}],
        "golden": [],
    }


def _log_dev(model: LanguageModel, catalogue: Catalogue) -> None:
    rows = catalogue.language("langid").load("dev", ALL_LICENCES)
    kept = [place for place, language in enumerate(rows.langs) if language in model.labels]
    truth = [rows.langs[place] for place in kept]
    for words in (None, 2):
        texts = [rows.texts[place] for place in kept]
        if words is not None:
            texts = [first_words(text, words) for text in texts]
        answers: list[str] = []
        for first in range(0, len(texts), 1000):
            best = model.probabilities(texts[first : first + 1000]).argmax(axis=1)
            answers.extend(model.labels[place] for place in best)
        right = sum(a == b for a, b in zip(answers, truth, strict=True)) / max(len(truth), 1)
        wrong = Counter(f"{b}>{a}" for a, b in zip(answers, truth, strict=True) if a != b)
        logger.info("dev, %s words: %.4f; most confused: %s", words or "all", right, wrong.most_common(25))
