"""A teacher of n-grams: a folder, and what it says of texts whose language is known."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from edgewise.labels import LABELS
from edgewise_cloud.ngrams.features import Vocabulary, count_features
from edgewise_cloud.ngrams.fit import TASKS, LinearModel
from edgewise_cloud.teacher.errors import CheckpointWriteError, TeacherFolderError
from edgewise_cloud.teacher.saved import FACTS, FloatArray, calibrated
from edgewise_cloud.train.texts import normalize_all

KIND = "ngrams"
POOLED = "*"
WEIGHTS = "ngrams.npz"
_OWN, _POOLED = 1.0, 0.1  # chosen on dev
_BLANK = -12.0


@dataclass(frozen=True, slots=True)
class NgramTeacher:
    """Linear models over n-grams, one a language.

    Attributes:
        name: Short name.
        models: By language; `POOLED` answers for all others, and has a small say everywhere.
        tasks: By task, the form of a task in a bundle's manifest.
        facts: All of teacher.json.
    """

    name: str
    models: Mapping[str, LinearModel]
    tasks: Mapping[str, Mapping[str, Any]]
    facts: Mapping[str, Any]

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """The labels of each task, in the order of its logits."""
        return {task: tuple(LABELS[task]) for task in TASKS}

    def logits(self, texts: Sequence[str], languages: Sequence[str] | None = None) -> dict[str, FloatArray]:
        """Return the log-odds of each label for n texts as they were written: float32 [n, labels].

        Args:
            texts: n texts.
            languages: Their languages; None, or one that it does not know: the pooled model answers alone.
        """
        return self.logits_of(normalize_all(list(texts)), languages or [POOLED] * len(texts))

    def logits_of(self, texts: Sequence[str], languages: Sequence[str]) -> dict[str, FloatArray]:
        """Return the same for normalised texts."""
        found = {task: np.zeros((len(texts), len(LABELS[task])), np.float32) for task in TASKS}
        codes = np.array(languages, dtype=object)
        for language in sorted(set(languages)):
            rows = np.flatnonzero(codes == language).tolist()
            for task, values in self._of_language(language, [texts[row] for row in rows]).items():
                found[task][rows] = values
        return found

    def knows(self, language: str, task: str) -> bool:
        """Tell whether a model of this very language has the task."""
        return language in self.models and task in self.models[language].weights

    def probabilities(
        self, texts: Sequence[str], languages: Sequence[str] | None = None
    ) -> dict[str, FloatArray]:
        """Return calibrated probabilities of each task: float32 [n, labels]."""
        return calibrated(self.logits(texts, languages), self.tasks)

    def _of_language(self, language: str, texts: Sequence[str]) -> dict[str, FloatArray]:
        """Mix what the language's own model says with what the pooled one says, label by label."""
        counted = count_features(texts)
        parts = [(_POOLED, self.models[POOLED].logits(counted))]
        if language in self.models and language != POOLED:
            parts.append((_OWN, self.models[language].logits(counted)))
        found = {}
        for task in TASKS:
            total = np.zeros((len(texts), len(LABELS[task])), np.float32)
            weight = np.zeros_like(total)
            for share, logits in parts:
                if task in logits:
                    known = ~np.isnan(logits[task])
                    total += np.where(known, share * logits[task], 0.0)
                    weight += share * known
            found[task] = np.where(weight > 0, total / np.maximum(weight, 1e-9), _BLANK).astype(np.float32)
        return found

    def save(self, folder: Path) -> None:
        """Write the teacher, weights in half precision; the folder is whole, or not there.

        Raises:
            CheckpointWriteError: It can't be written.
        """
        part = folder.with_name(f"{folder.name}.part")
        try:
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            with (part / WEIGHTS).open("wb") as stream:
                np.savez_compressed(stream, **cast(Any, self._arrays()))
            (part / FACTS).write_text(
                json.dumps(dict(self.facts), ensure_ascii=False, indent=1), encoding="utf-8"
            )
            shutil.rmtree(folder, ignore_errors=True)
            part.replace(folder)
        except OSError as error:
            raise CheckpointWriteError(folder, error.strerror or str(error)) from error
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _arrays(self) -> dict[str, NDArray[Any]]:
        arrays: dict[str, NDArray[Any]] = {}
        for language, model in self.models.items():
            arrays[f"{language}/keys"] = model.vocabulary.keys
            arrays[f"{language}/idf"] = model.vocabulary.idf
            for task, weights in model.weights.items():
                arrays[f"{language}/{task}"] = weights.astype(np.float16)
                arrays[f"{language}/{task}/bias"] = model.bias[task]
        return arrays

    @staticmethod
    def load(folder: Path) -> NgramTeacher:
        """Read a teacher.

        Raises:
            TeacherFolderError: The folder holds none.
        """
        try:
            facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
            with np.load(folder / WEIGHTS, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            models = {
                language: _model(arrays, language)
                for language in sorted({name.partition("/")[0] for name in arrays})
            }
            return NgramTeacher(str(facts["name"]), models, facts["tasks"], facts)
        except OSError as error:
            raise TeacherFolderError(folder, f"a file can't be read ({error.strerror or error})") from error
        except (ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as error:
            raise TeacherFolderError(folder, f"it is of another form ({error!r})") from error


def _model(arrays: Mapping[str, NDArray[Any]], language: str) -> LinearModel:
    tasks = [task for task in TASKS if f"{language}/{task}" in arrays]
    return LinearModel(
        Vocabulary(arrays[f"{language}/keys"], arrays[f"{language}/idf"]),
        {task: arrays[f"{language}/{task}"].astype(np.float32) for task in tasks},
        {task: arrays[f"{language}/{task}/bias"] for task in tasks},
    )
