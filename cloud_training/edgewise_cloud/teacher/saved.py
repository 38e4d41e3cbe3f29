"""A finished teacher: a folder, and what it says of texts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from edgewise.labels import LABELS
from edgewise_cloud.catalogue import Examples
from edgewise_cloud.teacher.devices import best_device
from edgewise_cloud.teacher.errors import CheckpointWriteError, TeacherFolderError
from edgewise_cloud.teacher.files import first_line
from edgewise_cloud.teacher.network import TeacherNetwork, load_encoder, load_reader
from edgewise_cloud.teacher.rows import TeacherRows, in_order, make_rows, text_batch, unlabelled
from edgewise_cloud.train.calibrate import sigmoid, softmax
from edgewise_cloud.train.texts import normalize_all
from edgewise_cloud.train.work_folder import replace_file
from edgewise_distill.checkpoints import CheckpointNotFoundError
from edgewise_distill.student.data import ahead

FACTS = "teacher.json"
_HEADS = "heads.safetensors"
_SHARD, _WHOLE = "24MB", "50GB"
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
        """Read a teacher; it answers on a GPU where there is one.

        Raises:
            TeacherFolderError: The folder holds none.
            EncoderError: Its encoder can't be loaded.
        """
        try:
            facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
            labels = {str(task): tuple(names) for task, names in facts["labels"].items()}
            name, tasks, most = str(facts["name"]), facts["tasks"], int(facts["max_tokens"])
            for task, names in labels.items():
                _demand_spec(tasks[task], names)
        except OSError as error:
            raise TeacherFolderError(folder, f"{FACTS} can't be read ({error.strerror})") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise TeacherFolderError(folder, f"{FACTS} is of another form ({error!r})") from error
        try:
            encoder, reader = load_encoder(str(folder / "encoder")), load_reader(str(folder / "encoder"))
        except CheckpointNotFoundError as error:
            raise TeacherFolderError(folder, "it has no folder `encoder`") from error
        network = TeacherNetwork(encoder, {task: len(names) for task, names in labels.items()})
        _load_heads(network, folder)
        return Teacher(name, network.eval().to(best_device()), reader, labels, tasks, most, facts)

    def save(self, folder: Path, half: bool = False) -> None:
        """Write the teacher: encoder and tokenizer as the transformers library does, heads beside them.

        The folder is made beside its place and then moved there: it is whole, or not there.

        Args:
            folder: Where to.
            half: Keep the weights in half precision (fp16, `load` reads them as single), in files of 24 MB at
                most: for repositories. The teacher itself then has weights that were rounded.

        Raises:
            CheckpointWriteError: It can't be written; a folder that was there stays as it was.
        """
        part, old = (folder.with_name(f"{folder.name}.{end}") for end in ("part", "old"))
        try:
            shutil.rmtree(part, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)
            self._write(part, half)
            if folder.exists():
                folder.replace(old)
            part.replace(folder)
        except Exception as error:  # each of the writers raises a kind of its own when the disk is full
            raise CheckpointWriteError(folder, first_line(error)) from error
        finally:
            shutil.rmtree(part, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)

    def _write(self, folder: Path, half: bool) -> None:
        from safetensors.torch import save_file

        folder.mkdir(parents=True)
        network = self.network.half() if half else self.network
        encoder: Any = network.encoder
        encoder.save_pretrained(folder / "encoder", max_shard_size=_SHARD if half else _WHOLE)
        self.reader.save_pretrained(folder / "encoder")
        heads = {
            name: value.contiguous()
            for name, value in network.state_dict().items()
            if not name.startswith("encoder.")
        }
        save_file(heads, folder / _HEADS)
        if half:
            self.network.float()
        replace_file(folder / FACTS, json.dumps(dict(self.facts), ensure_ascii=False, indent=1).encode())

    @property
    def half(self) -> bool:
        """Whether it computes in bf16, as its recipe says."""
        precision = self.facts.get("recipe", {}).get("training", {}).get("precision", "bf16")
        return bool(precision == "bf16")

    def knows(self, language: str, task: str) -> bool:
        """Tell whether it learned a task in a language."""
        languages = self.facts.get("recipe", {}).get("languages")
        return task in self.labels and (languages is None or language in languages)

    def logits(self, texts: Sequence[str]) -> dict[str, FloatArray]:
        """Return the logits of each task for n texts as they were written: float32 [n, labels]."""
        examples = unlabelled(normalize_all(list(texts)), ["und"] * len(texts), "")
        return network_logits(self.network, rows_for(self, examples), self.labels, half=self.half)

    def probabilities(
        self, texts: Sequence[str], languages: Sequence[str] | None = None
    ) -> dict[str, FloatArray]:
        """Return calibrated probabilities of each task: float32 [n, labels].

        Args:
            texts: n texts.
            languages: Their languages, where a temperature by language is to be used.
        """
        return calibrated(self.logits(texts), self.tasks, languages)


def _demand_spec(spec: Mapping[str, Any], names: Sequence[str]) -> None:
    """Demand what an answer needs of a task.

    Raises:
        KeyError: Something is missing.
        ValueError: It is another task's.
    """
    float(spec["temperature"])
    for key in ("activation", "pooling"):
        str(spec[key])
    for threshold in (spec["thresholds"]["default"], *spec["thresholds"].values()):
        float(threshold["value"])
    if tuple(spec["labels"]) != tuple(names):
        raise ValueError("its tasks and its labels differ")


def _load_heads(network: TeacherNetwork, folder: Path) -> None:
    """Put the saved heads into a network.

    Raises:
        TeacherFolderError: They are not there, or of another form.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        heads = load_file(folder / _HEADS)
        old = {name: value for name, value in network.state_dict().items() if name.startswith("encoder.")}
        network.load_state_dict({**old, **heads})
    except (OSError, SafetensorError, RuntimeError) as error:
        raise TeacherFolderError(folder, f"{_HEADS} can't be used ({first_line(error)})") from error


def carry_heads(network: TeacherNetwork, source: str) -> tuple[str, ...]:
    """Begin with the heads of a finished teacher, where an encoder is one's.

    Args:
        network: Of new heads.
        source: What its encoder came from; unless that is the folder of a teacher, nothing happens.

    Returns:
        The tasks whose heads were carried over: those that both have, with the same labels.

    Raises:
        TeacherFolderError: The heads can't be read.
    """
    folder = Path(source)
    if not (folder / FACTS).is_file():
        return ()
    former = Teacher.load(folder)
    tasks = tuple(task for task, count in network.labels.items() if former.network.labels.get(task) == count)
    for task in tasks:
        network.own[task].load_state_dict(former.network.own[task].state_dict())
        network.heads[task].load_state_dict(former.network.heads[task].state_dict())
    return tasks


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
        order = list(in_order(rows, tokens_per_batch))
        batches = ahead(lambda chosen: text_batch(rows, chosen), order)
        for chosen, (ids, mask) in zip(order, batches, strict=True):
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
    return {task: tuple(languages or ()) if task == "language" else tuple(LABELS[task]) for task in tasks}


def rows_for(teacher: Teacher, examples: Examples) -> TeacherRows:
    """Return normalised rows as tokens of a teacher."""
    return make_rows(examples, teacher.reader, teacher.max_tokens, ("",), teacher.labels.get("language"))
