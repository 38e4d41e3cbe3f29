"""A finished teacher: a folder, and what it says of texts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from edgewise.labels import LABELS
from edgewise_cloud.catalogue import Examples
from edgewise_cloud.teacher.errors import TeacherFolderError
from edgewise_cloud.teacher.network import TeacherNetwork, load_encoder, load_reader
from edgewise_cloud.teacher.rows import TeacherRows, in_order, make_rows, text_batch, unlabelled
from edgewise_cloud.train.calibrate import sigmoid, softmax
from edgewise_cloud.train.texts import normalize_all
from edgewise_cloud.train.work_folder import replace_file

FACTS = "teacher.json"
_HEADS = "heads.safetensors"
FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Teacher:
    """A teacher that answers; `load` reads it from its folder.

    Attributes:
        name: Short name.
        network: In evaluation mode.
        reader: Its fast tokenizer, of the transformers library.
        labels: The labels of each task, in the order of its logits.
        tasks: By task, the form of a task in a bundle's manifest: activation, temperature, thresholds.
        max_tokens: Tokens of a text; what is longer is cut.
        facts: All of teacher.json: also recipe and provenance.
    """

    name: str
    network: TeacherNetwork
    reader: Any
    labels: Mapping[str, tuple[str, ...]]
    tasks: Mapping[str, Mapping[str, Any]]
    max_tokens: int
    facts: Mapping[str, Any]

    @staticmethod
    def load(folder: Path) -> Teacher:
        """Read a teacher.

        Raises:
            TeacherFolderError: The folder holds none.
            EncoderError: Its encoder can't be loaded.
        """
        from safetensors.torch import load_file

        try:
            facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
            labels = {task: tuple(names) for task, names in facts["labels"].items()}
            encoder = load_encoder(str(folder / "encoder"))
            network = TeacherNetwork(encoder, {task: len(names) for task, names in labels.items()})
            heads = load_file(folder / _HEADS)
            network.load_state_dict({**{f"encoder.{k}": v for k, v in encoder.state_dict().items()}, **heads})
            name, tasks, most = str(facts["name"]), facts["tasks"], int(facts["max_tokens"])
        except FileNotFoundError as error:
            raise TeacherFolderError(folder, f"{error.filename or error} is not there") from error
        except (ValueError, KeyError, TypeError, RuntimeError) as error:
            raise TeacherFolderError(folder, str(error).splitlines()[0]) from error
        reader = load_reader(str(folder / "encoder"))
        return Teacher(name, network.eval(), reader, labels, tasks, most, facts)

    def save(self, folder: Path) -> None:
        """Write the teacher: encoder and tokenizer as the transformers library does, heads beside them."""
        from safetensors.torch import save_file

        folder.mkdir(parents=True, exist_ok=True)
        encoder: Any = self.network.encoder
        encoder.save_pretrained(folder / "encoder")
        self.reader.save_pretrained(folder / "encoder")
        heads = {
            name: value.contiguous()
            for name, value in self.network.state_dict().items()
            if not name.startswith("encoder.")
        }
        save_file(heads, folder / _HEADS)
        # Last, so that a folder with it is whole.
        replace_file(folder / FACTS, json.dumps(dict(self.facts), ensure_ascii=False, indent=1).encode())

    def logits(self, texts: Sequence[str]) -> dict[str, FloatArray]:
        """Return the logits of each task for n texts as they were written: float32 [n, labels]."""
        examples = unlabelled(normalize_all(list(texts)), ["und"] * len(texts), "")
        return network_logits(self.network, rows_for(self, examples), self.labels)

    def probabilities(
        self, texts: Sequence[str], languages: Sequence[str] | None = None
    ) -> dict[str, FloatArray]:
        """Return calibrated probabilities of each task: float32 [n, labels].

        Args:
            texts: n texts.
            languages: Their languages, where a temperature by language is to be used.
        """
        return calibrated(self.logits(texts), self.tasks, languages)


def network_logits(
    network: TeacherNetwork,
    rows: TeacherRows,
    labels: Mapping[str, Sequence[str]],
    tokens_per_batch: int = 16_384,
    half: bool = True,
) -> dict[str, FloatArray]:
    """Run a network over rows.

    Args:
        network: In evaluation mode.
        rows: n rows.
        labels: Labels of each task.
        tokens_per_batch: Tokens at once.
        half: Compute in bf16 where that is safe: 1.6 times faster on processors that have it.

    Returns:
        By task, float32 [n, labels].
    """
    device = next(network.parameters()).device
    result = {task: np.zeros((len(rows), len(names)), np.float32) for task, names in labels.items()}
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=half):
        for chosen in in_order(rows, tokens_per_batch):
            ids, mask = text_batch(rows, chosen)
            for task, values in network(ids.to(device), mask.to(device)).items():
                result[task][chosen] = values.float().cpu().numpy()
    return result


def calibrated(
    logits: Mapping[str, FloatArray],
    tasks: Mapping[str, Mapping[str, Any]],
    languages: Sequence[str] | None = None,
) -> dict[str, FloatArray]:
    """Turn logits [n, labels] into probabilities, by each task's temperature."""
    found = {}
    for task, values in logits.items():
        spec = tasks[task]
        own = spec.get("temperature_by_language", {})
        scale = np.full((len(values), 1), float(spec["temperature"]), np.float32)
        for row, language in enumerate(languages or ()):
            scale[row] = own.get(language, spec["temperature"])
        act = softmax if spec["activation"] == "softmax" else sigmoid
        found[task] = np.asarray(act(values / scale), np.float32)
    return found


def labels_of(tasks: Sequence[str], languages: Sequence[str] | None) -> dict[str, tuple[str, ...]]:
    """Return the labels of each task; those of the task `language` are the codes given."""
    return {
        task: tuple(languages or ()) if task == "language" else tuple(LABELS[task]) for task in tasks
    }


def rows_for(teacher: Teacher, examples: Examples) -> TeacherRows:
    """Return normalised rows as tokens of a teacher."""
    return make_rows(examples, teacher.reader, teacher.max_tokens, ("",), teacher.labels.get("language"))
