"""A model's answers beside the right ones, in one form for teachers, students and bundles: what gates judge.

Example::

    from edgewise_cloud.predictions import GoldRows, predict_with, read_predictions, write_predictions

    sets = [GoldRows.of(gold) for gold in gold_sets(datasets, "test")]      # and those of gates.slice_sets()
    predictions = predict_with(lambda texts: {"sentiment": probabilities(texts)}, sets, model="teacher 7")
    write_predictions(Path("teacher.parquet"), predictions)
"""

from edgewise_cloud.predictions.arrays import Predictions, TaskPredictions, join_predictions
from edgewise_cloud.predictions.errors import (
    BrokenPredictionsError,
    ModelAnswerError,
    PredictionLabelError,
    PredictionsError,
    PredictionsMissingError,
)
from edgewise_cloud.predictions.file import FORMAT, read_predictions, write_predictions
from edgewise_cloud.predictions.gold_rows import GoldRows
from edgewise_cloud.predictions.predict import predict_bundle, predict_with

__all__ = [
    "FORMAT",
    "BrokenPredictionsError",
    "GoldRows",
    "ModelAnswerError",
    "PredictionLabelError",
    "Predictions",
    "PredictionsError",
    "PredictionsMissingError",
    "TaskPredictions",
    "join_predictions",
    "predict_bundle",
    "predict_with",
    "read_predictions",
    "write_predictions",
]
