"""Put trained models together as a bundle, with its provenance, metrics, golden answers and model card."""

from __future__ import annotations

import datetime
import json
import logging
import subprocess
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from edgewise import Analyzer
from edgewise.bundle import Bundle
from edgewise.bundle.files import MANIFEST
from edgewise.bundle.manifest import NGRAM_HEADS
from edgewise.errors import EdgewiseError
from edgewise.version import __version__
from edgewise_cloud.card import write_card
from edgewise_cloud.train.parts import ONNX, language_data, read_language, read_student
from edgewise_cloud.train.work_folder import replace_file
from edgewise_converters.pack import manifest_text, pack
from edgewise_converters.tokenizer_file import compact_tokenizer

logger = logging.getLogger(__name__)

GOLDEN_TASKS = ("sentiment", "toxicity", "emotion")
_DIGITS = 4
_DESCRIPTION = (
    "Language (character n-grams), and sentiment, toxicity and emotion (small convolutional encoders)."
)


class ReportError(EdgewiseError, ValueError):
    """A file is not a report of `edgewise evaluate`."""

    def __init__(self, path: Path, reason: Exception) -> None:
        """Say which file and why."""
        super().__init__(f"{path} is not what `edgewise evaluate --json` writes ({reason!r}); make it anew.")


class SignedBundleError(EdgewiseError, ValueError):
    """The manifest of a signed bundle can't change."""

    def __init__(self, folder: Path) -> None:
        """Say which bundle."""
        super().__init__(
            f"{folder} is signed, and its signature covers the manifest: measure it before it is published."
        )


def commit_of_tree() -> str:
    """Return the commit of the working tree, with `+changes` when it has any, or `unknown` outside one."""
    here = Path(__file__).parent
    try:
        commit = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=True
        ).stdout.strip()
        changed = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no"],
            cwd=here,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit}+changes" if changed else commit


def golden_answers(folder: Path, texts: Mapping[str, Sequence[str]]) -> dict[str, list[dict[str, Any]]]:
    """Ask the packed bundle itself for the answers to its golden texts.

    Args:
        folder: A bundle.
        texts: By model of the bundle.

    Returns:
        The `golden` list of each model.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    manifest = Bundle.open(folder).manifest
    alone = manifest.models[manifest.routes.default].kind == NGRAM_HEADS
    # The backend of a plain install, whatever else is installed where bundles are packed.
    with Analyzer(folder, backend="auto" if alone else "onnxruntime") as analyzer:
        for model, lines in texts.items():
            found[model] = []
            for text in lines:
                answer = analyzer.analyze(text)
                expected: dict[str, Any] = {"language": answer.language.label}
                if model != "language":
                    expected = {
                        task: {label: round(score, _DIGITS) for label, score in prediction.scores.items()}
                        for task in GOLDEN_TASKS
                        if (prediction := getattr(answer, task)) is not None
                    }
                found[model].append({"text": text, "expected": expected})
    return found


def base_spec(
    name: str, version: str, description: str, metrics: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return a manifest without models."""
    return {
        "format_version": 1,
        "name": name,
        "version": version,
        "min_sdk_version": __version__,
        "licence": "Apache-2.0",
        "created": datetime.date.today().isoformat(),
        "description": description,
        "routes": {},
        "models": {},
        "metrics": [dict(entry) for entry in metrics],
        "provenance": {"datasets": [], "config": {}, "seed": 0, "commit": commit_of_tree()},
        "signature": None,
    }


def make_bundle(
    folder: Path,
    language: Path,
    student: Path,
    *,
    name: str = "edgewise-base",
    version: str = "0.1.0",
    description: str = "",
    metrics: Sequence[Mapping[str, Any]] = (),
    english: Path | None = None,
    forms: Sequence[str] = (),
    dev: Path | None = None,
    tell: Callable[[str], None] = logger.info,
) -> Path:
    """Pack a bundle from the folders of training runs.

    Args:
        folder: The bundle to write.
        language: Work folder of `train language`.
        student: Work folder of `train student`, or a packed bundle whose default student stays as it is.
        name: Of the bundle.
        version: Of the bundle, three numbers.
        description: For people.
        metrics: What `edgewise evaluate` measured.
        english: Work folder of another `train student`, which English texts are routed to.
        forms: Backends that the students are converted for, see `edgewise_cloud.train.forms`; without any the
            bundle has what training left.
        dev: Labelled texts that judge these forms.
        tell: Called with one line about each form.

    Returns:
        The bundle folder, with MODEL_CARD.md.

    Raises:
        TrainedFilesError: a folder does not hold what training leaves.
        WorkFileError: a JSON file of training is broken.
        BundleError: the bundle would be refused by its reader.
    """
    tells = read_language(language)
    judges = read_student(student)
    spec = base_spec(name, version, description or _DESCRIPTION, metrics)
    spec["routes"] = {"language": "language", "default": "multilingual", "by_language": {}}
    spec["models"] = {"language": tells["model"], "multilingual": judges["model"]}
    spec["provenance"] |= {
        "datasets": [*judges["datasets"], *language_data(tells)],
        "config": {"language": tells["recipe"], "student": judges["recipe"]},
        "seed": judges["recipe"]["training"]["seed"],
    }
    contents: dict[str, Path | bytes] = {
        "language.bin": language / "language.bin",
        ONNX: student / judges.get("onnx", ONNX),
        "tokenizer.json": compact_tokenizer((student / "tokenizer.json").read_bytes()),
    }
    if english is not None:
        _route_english(spec, contents, english)
    if forms and dev is not None:
        from edgewise_cloud.train.forms import with_forms

        folders = {"multilingual": student, **({"english": english} if english is not None else {})}
        made, converted = with_forms(spec, contents, folders, forms, dev, tell)
        spec, contents = made, dict(converted)
    pack_with_answers(folder, spec, contents)
    return folder


def pack_with_answers(folder: Path, spec: dict[str, Any], contents: Mapping[str, Path | bytes]) -> None:
    """Pack a bundle, ask it for the answers to its golden texts, and pack it with them and its card."""
    pack(folder, spec, contents)
    texts = json.loads(files("edgewise_cloud.train").joinpath("golden.json").read_text(encoding="utf-8"))
    texts = {name if name in spec["models"] else _only_judge(spec): lines for name, lines in texts.items()}
    for model, answers in golden_answers(folder, texts).items():
        spec["models"][model]["golden"] = answers
    pack(folder, spec, contents)
    write_card(folder)


def _only_judge(spec: Mapping[str, Any]) -> str:
    return str(spec["routes"]["default"])


def _route_english(spec: dict[str, Any], contents: dict[str, Path | bytes], folder: Path) -> None:
    """Add a student that answers for English texts, with files of its own names."""
    part = read_student(folder)
    model = json.loads(json.dumps(part["model"]))
    model["tokenizer"]["file"] = "english-tokenizer.json"
    for artifact in model["artifacts"]:
        artifact["file"] = "english.onnx"
    contents["english.onnx"] = folder / part.get("onnx", ONNX)
    contents["english-tokenizer.json"] = compact_tokenizer((folder / "tokenizer.json").read_bytes())
    spec["models"]["english"] = model
    spec["routes"]["by_language"]["en"] = "english"
    spec["provenance"]["config"]["english"] = part["recipe"]


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Return the metrics in a report of `edgewise evaluate --json`.

    Raises:
        ReportError: the file is not such a report.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["metrics"]
    except (ValueError, KeyError, TypeError) as error:
        raise ReportError(path, error) from error
    if not isinstance(found, list):
        raise ReportError(path, TypeError("`metrics` is not a list"))
    return found


def note_metrics(folder: Path, metrics: Sequence[Mapping[str, Any]] | None) -> None:
    """Put metrics into the manifest of a packed bundle, and write its model card anew.

    Args:
        folder: The bundle.
        metrics: What `edgewise evaluate` measured; None leaves those that are there.

    Raises:
        BundleError: The bundle is refused.
        SignedBundleError: It is signed.
    """
    manifest = dict(Bundle.open(folder).manifest.raw)
    if metrics is not None:
        if manifest.get("signature") is not None:
            raise SignedBundleError(folder)
        manifest["metrics"] = [dict(entry) for entry in metrics]
        replace_file(folder / MANIFEST, manifest_text(manifest))
    write_card(folder)
