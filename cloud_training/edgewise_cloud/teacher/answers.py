"""A teacher, or several together, in the place of the analyzer, so that `edgewise evaluate` measures it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgewise.bundle.manifest import TaskSpec, Threshold
from edgewise.engine.heads import Head
from edgewise.results import Prediction
from edgewise_cloud.teacher.errors import EnsembleError
from edgewise_cloud.teacher.opening import ANY, AnyTeacher
from edgewise_cloud.teacher.saved import FloatArray


@dataclass(frozen=True, slots=True)
class Answer:
    """What a teacher says of one text; None for tasks that it does not have."""

    language: Prediction | None = None
    sentiment: Prediction | None = None
    toxicity: Prediction | None = None
    emotion: Prediction | None = None


def task_spec(spec: Mapping[str, Any]) -> TaskSpec:
    """Return the JSON form of a task as the device holds it; measured precision and recall are left out."""

    def threshold(value: Mapping[str, Any]) -> Threshold:
        own = {
            language: Threshold(inner["value"]) for language, inner in value.get("by_language", {}).items()
        }
        return Threshold(value["value"], by_language=own)

    return TaskSpec(
        labels=tuple(spec["labels"]),
        activation=spec["activation"],
        temperature=spec["temperature"],
        temperature_by_language=spec.get("temperature_by_language", {}),
        thresholds={label: threshold(value) for label, value in spec["thresholds"].items()},
        pooling=spec["pooling"],
        unsure_margin=spec.get("unsure_margin", 0.1),
    )


def _joined(teachers: Sequence[AnyTeacher], task: str) -> Mapping[str, Any]:
    """Return the first teacher's task with the mean of all teachers' thresholds.

    A threshold of a language is the mean over those teachers that know it.
    """
    specs = [teacher.tasks[task] for teacher in teachers]
    if len(specs) == 1:
        return specs[0]

    def own(spec: Mapping[str, Any], label: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = spec["thresholds"].get(label, spec["thresholds"]["default"])
        return found

    def in_language(label: str, language: str) -> float:
        knowing = [spec for each, spec in zip(teachers, specs, strict=True) if each.knows(language, task)]
        values = [own(spec, label) for spec in knowing or specs]
        return float(np.mean([each.get("by_language", {}).get(language, each)["value"] for each in values]))

    def mean(label: str) -> dict[str, Any]:
        found: dict[str, Any] = {"value": float(np.mean([own(spec, label)["value"] for spec in specs]))}
        languages = sorted({code for spec in specs for code in own(spec, label).get("by_language", {})})
        if languages:
            found["by_language"] = {code: {"value": in_language(label, code)} for code in languages}
        return found

    labels = sorted({label for spec in specs for label in spec["thresholds"]})
    return {**specs[0], "thresholds": {label: mean(label) for label in labels}}


class Ensemble:
    """One or several teachers whose calibrated probabilities are averaged, task by task, as are thresholds.

    Args:
        teachers: At least one; where several have a task, its labels must be the same.
        only: Languages that the task `language` may answer with; None for all.

    Raises:
        EnsembleError: They are not.
    """

    def __init__(self, teachers: Sequence[AnyTeacher], only: Sequence[str] | None = None) -> None:
        self.teachers = tuple(teachers)
        self._only = None if only is None else frozenset(only)
        self._seen: dict[str, dict[str, list[float]]] = {}
        self._told: dict[str, str] = {}
        self.tasks: dict[str, Mapping[str, Any]] = {}
        self.labels: dict[str, tuple[str, ...]] = {}
        first: dict[str, str] = {}
        for teacher in self.teachers:
            for task, labels in teacher.labels.items():
                if self.labels.setdefault(task, labels) != labels:
                    raise EnsembleError(task, first[task], teacher.name)
                first.setdefault(task, teacher.name)
        for task in self.labels:
            self.tasks[task] = _joined([each for each in self.teachers if task in each.tasks], task)
        self._heads = {task: Head(task_spec(spec)) for task, spec in self.tasks.items()}

    @property
    def name(self) -> str:
        """Names of the teachers, joined."""
        return "+".join(teacher.name for teacher in self.teachers)

    def probabilities(
        self, texts: Sequence[str], languages: Sequence[str] | None = None
    ) -> dict[str, FloatArray]:
        """Return the mean of the teachers' probabilities by task: float32 [n, labels].

        Of each text those are asked that know its language; where none does, those that know no bounds.

        Args:
            texts: n texts.
            languages: Their languages; None: not known.
        """
        codes = list(languages) if languages is not None else [ANY] * len(texts)
        found = {task: np.zeros((len(texts), len(self.labels[task])), np.float32) for task in self.labels}
        for code in sorted(set(codes)):
            rows = [row for row, own in enumerate(codes) if own == code]
            part = self._of_language([texts[row] for row in rows], code)
            for task, values in part.items():
                found[task][rows] = values
        return found

    def _of_language(self, texts: Sequence[str], code: str) -> dict[str, FloatArray]:
        asked = {task: self._who_knows(task, code) for task in self.labels}
        said = {
            place: teacher.probabilities(texts, [code] * len(texts))
            for place, teacher in enumerate(self.teachers)
            if any(place in places for places in asked.values())
        }
        return {
            task: np.mean([said[place][task] for place in places], axis=0, dtype=np.float32)
            for task, places in asked.items()
        }

    def _who_knows(self, task: str, code: str) -> list[int]:
        for language in (code, ANY):
            found = [place for place, teacher in enumerate(self.teachers) if teacher.knows(language, task)]
            if found:
                return found
        return [place for place, teacher in enumerate(self.teachers) if task in teacher.labels]

    def tell(self, texts: Sequence[str], languages: Sequence[str]) -> None:
        """Say what languages texts are in that `analyze_batch` will be asked about."""
        for text, language in zip(texts, languages, strict=True):
            self._told.setdefault(text, language)

    def restricted(self, languages: Sequence[str]) -> Ensemble:
        """Return the same teachers, which may answer with these languages only."""
        other = Ensemble(self.teachers, languages)
        other._seen, other._told = self._seen, self._told
        return other

    def analyze_batch(self, texts: Sequence[str], *, tasks: Sequence[str]) -> list[Answer]:
        """Answer as the analyzer does, for evaluation; texts that were asked before are not run again."""
        new = [text for text in dict.fromkeys(texts) if text not in self._seen]
        if new:
            codes = [self._told.get(text, ANY) for text in new]
            found = {task: values.tolist() for task, values in self.probabilities(new, codes).items()}
            for row, text in enumerate(new):
                self._seen[text] = {task: values[row] for task, values in found.items()}
        wanted = [task for task in tasks if task in self.labels]
        return [Answer(**{task: self._answer(task, text) for task in wanted}) for text in texts]

    def _answer(self, task: str, text: str) -> Prediction:
        scores = self._seen[text][task]
        if task == "language" and self._only is not None:
            kept = [
                score if name in self._only else 0.0
                for name, score in zip(self.labels[task], scores, strict=True)
            ]
            total = sum(kept) or 1.0
            scores = [score / total for score in kept]
        return self._heads[task].predict(scores, self._told.get(text))
