"""Gates: what a model must reach, and must not lose against the champion, before anyone may promote it.

Example::

    from edgewise_cloud.gates import evaluate_gates, load_gates
    from edgewise_cloud.predictions import read_predictions

    report = evaluate_gates(read_predictions(new), read_predictions(old), load_gates("english_teacher"))
    print(report)
    report.passed, report.to_dict()
"""

from edgewise_cloud.gates.errors import (
    GateError,
    GateFileError,
    GateFileMissingError,
    NothingToPredictError,
    SliceFileError,
    UnknownSuiteError,
)
from edgewise_cloud.gates.functionality import suite_gates, suite_records
from edgewise_cloud.gates.gate import Gate, Gates
from edgewise_cloud.gates.gate_file import load_gates, packaged_gates, parse_gates
from edgewise_cloud.gates.judge import evaluate_gates
from edgewise_cloud.gates.metrics import METRICS
from edgewise_cloud.gates.report import GateReport, GateResult
from edgewise_cloud.gates.suites import load_suite, slice_sets, suite_names

__all__ = [
    "METRICS",
    "Gate",
    "GateError",
    "GateFileError",
    "GateFileMissingError",
    "GateReport",
    "GateResult",
    "Gates",
    "NothingToPredictError",
    "SliceFileError",
    "UnknownSuiteError",
    "evaluate_gates",
    "load_gates",
    "load_suite",
    "packaged_gates",
    "parse_gates",
    "slice_sets",
    "suite_gates",
    "suite_names",
    "suite_records",
]
