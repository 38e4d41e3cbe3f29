"""How good a model is: figures per task, set and language, measured through the analyzer that an app uses."""

from edgewise_cloud.evaluate.errors import EvaluationError
from edgewise_cloud.evaluate.records import Record, language_means, manifest_metrics
from edgewise_cloud.evaluate.report import Report
from edgewise_cloud.evaluate.run import Selection, UserFile, evaluate_catalogue, evaluate_file

__all__ = [
    "EvaluationError",
    "Record",
    "Report",
    "Selection",
    "UserFile",
    "evaluate_catalogue",
    "evaluate_file",
    "language_means",
    "manifest_metrics",
]
