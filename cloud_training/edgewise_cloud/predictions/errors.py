"""What is wrong with predictions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgewise.errors import EdgewiseError
from edgewise_runtimes.errors import listing


class PredictionsError(EdgewiseError):
    """Root of what is wrong with predictions."""


class BrokenPredictionsError(PredictionsError, ValueError):
    """Predictions, or a file of them, are not of the known form.

    Attributes:
        where: The file, or the task.
        reason: What is wrong.
    """

    def __init__(self, where: Path | str, reason: str) -> None:
        self.where = where
        self.reason = reason.rstrip(".")
        super().__init__(
            f"Predictions of {where} cannot be used: {self.reason}. "
            "Write them again with edgewise_cloud.predictions.write_predictions."
        )


class PredictionLabelError(PredictionsError, ValueError):
    """Predictions hold a label that their list of labels does not have.

    Attributes:
        where: The file, or the task.
        label: The label.
        known: The labels of the task.
    """

    def __init__(self, where: Path | str, label: str, known: Sequence[str]) -> None:
        self.where = where
        self.label = label
        self.known = tuple(known)
        super().__init__(
            f"Predictions of {where} hold the label {label!r}, which their task does not have; "
            f"it has {listing(self.known)}. Add it to the labels of the task, or map it to one of these."
        )


class PredictionsMissingError(PredictionsError, FileNotFoundError):
    """There is no file of predictions.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{path} does not exist. Make predictions with `edgewise gate --model BUNDLE --save {path}`, "
            "or with write_predictions."
        )


class ModelAnswerError(PredictionsError, ValueError):
    """A model answered with something that is not one row of probabilities a text.

    Attributes:
        task: What it was asked.
        dataset: The set that it was asked about.
        reason: What is wrong.
    """

    def __init__(self, task: str, dataset: str, reason: str) -> None:
        self.task = task
        self.dataset = dataset
        self.reason = reason.rstrip(".")
        super().__init__(
            f"The model gave no usable answer to {task} on {dataset}: {self.reason}. "
            "It must return {task: probabilities [texts, labels]} with the labels in the order told."
        )
