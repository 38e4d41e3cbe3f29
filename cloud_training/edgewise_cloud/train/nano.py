"""Bundles with n-gram heads: beside the students, or alone, which makes the smallest bundle there is."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edgewise.bundle import Bundle
from edgewise.version import __version__
from edgewise_cloud.ngrams.beside import put_beside
from edgewise_cloud.ngrams.ship import HEADS, without_pooled
from edgewise_cloud.train.bundle import base_spec, commit_of_tree, pack_with_answers
from edgewise_cloud.train.parts import language_data, read_language, read_ngrams
from edgewise_cloud.train.rows import load_examples
from edgewise_converters.pack import pack

NGRAMS = "ngrams"
"""Name of the heads in a bundle."""

_BESIDE = (
    "Language (character n-grams), and sentiment, toxicity and emotion (small convolutional encoders, and "
    "linear models over n-grams beside them)."
)
_DESCRIPTION = "Language, sentiment, toxicity and emotion by linear models over n-grams alone."


def add_ngrams(
    bundle: Path, ngrams: Path, folder: Path, version: str | None = None, language: Path | None = None
) -> Path:
    """Let n-gram heads answer beside every encoder of a packed bundle.

    Args:
        bundle: The bundle; its files are taken as they are. Heads that are there already are replaced.
        ngrams: Work folder of `train ngrams`; shares and thresholds are chosen on the dev rows in it.
        folder: The bundle to write.
        version: Of the new bundle, None for that of the old one.
        language: Work folder of `train language`, whose model takes the place of the bundle's; None keeps it.

    Returns:
        The new bundle, measured nowhere yet.

    Raises:
        TrainedFilesError: The folder does not hold what training leaves.
        BundleError: A bundle is refused.
    """
    part, opened = read_ngrams(ngrams), Bundle.open(bundle)
    data, config = without_pooled((ngrams / HEADS).read_bytes(), part["model"]["config"])
    opened.verify()
    spec: dict[str, Any] = copy.deepcopy(dict(opened.manifest.raw))
    spec |= {
        "description": _BESIDE,
        "version": version or spec["version"],
        "min_sdk_version": __version__,
        "metrics": [],
        "signature": None,
    }
    contents: dict[str, Path | bytes] = {ref.file: bundle / ref.file for ref in opened.manifest.files}
    for model in spec["models"].values():
        model.pop("beside", None)
    spec["models"][NGRAMS] = {**part["model"], "config": config}
    contents[HEADS] = data
    provenance = spec["provenance"]
    known = {each.get("file") for each in provenance["datasets"]}
    provenance["datasets"] += [each for each in part["datasets"] if each["file"] not in known]
    provenance |= {"config": {**provenance["config"], NGRAMS: part["recipe"]}, "commit": commit_of_tree()}
    if language is not None:
        _tell_by(spec, contents, language)
    pack(folder, spec, contents)
    contents[HEADS] = put_beside(spec, folder, data, load_examples(ngrams / "dev.parquet"), NGRAMS)
    pack_with_answers(folder, spec, contents)
    return folder


def _tell_by(spec: dict[str, Any], contents: dict[str, Path | bytes], language: Path) -> None:
    """Put another language model in the place of a bundle's."""
    tells, provenance = read_language(language), spec["provenance"]
    (own,) = language_data(tells)
    spec["models"][spec["routes"]["language"]] = tells["model"]
    contents["language.bin"] = language / "language.bin"
    kept = [each for each in provenance["datasets"] if each.get("file") != own["file"]]
    provenance |= {"datasets": [*kept, own], "config": {**provenance["config"], "language": tells["recipe"]}}


def make_nano(
    folder: Path,
    language: Path,
    ngrams: Path,
    *,
    name: str = "edgewise-nano",
    version: str = "0.1.0",
    metrics: Sequence[Mapping[str, Any]] = (),
) -> Path:
    """Pack a bundle without any encoder.

    Args:
        folder: The bundle to write.
        language: Work folder of `train language`.
        ngrams: Work folder of `train ngrams`.
        name: Of the bundle.
        version: Of the bundle, three numbers.
        metrics: What `edgewise evaluate` measured.

    Raises:
        TrainedFilesError: A folder does not hold what training leaves.
        BundleError: The bundle would be refused by its reader.
    """
    tells, part = read_language(language), read_ngrams(ngrams)
    spec = base_spec(name, version, _DESCRIPTION, metrics)
    spec["routes"] = {"language": "language", "default": NGRAMS, "by_language": {}}
    spec["models"] = {"language": tells["model"], NGRAMS: part["model"]}
    spec["provenance"] |= {
        "datasets": [*part["datasets"], *language_data(tells)],
        "config": {"language": tells["recipe"], NGRAMS: part["recipe"]},
        "seed": part["recipe"]["seed"],
    }
    pack_with_answers(folder, spec, {"language.bin": language / "language.bin", HEADS: ngrams / HEADS})
    return folder
