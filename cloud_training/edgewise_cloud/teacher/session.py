"""A whole session: train, measure, judge, track, register."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from edgewise_cloud.catalogue import Catalogue
from edgewise_cloud.predictions import read_predictions
from edgewise_cloud.registry import GateOutcome, Registry, RegistryAwayError
from edgewise_cloud.teacher.answers import Ensemble
from edgewise_cloud.teacher.devices import is_first_process
from edgewise_cloud.teacher.pipeline import Note, Outcome, train_teacher
from edgewise_cloud.teacher.recipe import TeacherRecipe
from edgewise_cloud.teacher.saved import Teacher
from edgewise_cloud.teacher.validate import Validated, gates_for, validate
from edgewise_cloud.tracking import Tracker, log_report, open_tracker, provenance_tags, report_metrics
from edgewise_cloud.train.work_folder import WorkFileError, replace_file

EXPERIMENT = "teachers"


@dataclass(frozen=True, slots=True)
class Session:
    """What is to be done.

    Attributes:
        recipe: What to train.
        catalogue: The data.
        work: Folder of the run.
        licences: Licence classes that may be trained on.
        validate: Measure on the test splits.
        gates: Name or path of gates; None for none.
        champion: Predictions of the champion.
        tracking: "off", "local", or a URL.
        register: Whether to register the teacher.
    """

    recipe: TeacherRecipe
    catalogue: Catalogue
    work: Path
    licences: frozenset[str]
    validate: bool = True
    gates: str | None = None
    champion: Path | None = None
    tracking: str = "off"
    register: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it.

    Attributes:
        outcome: The trained teacher.
        validated: What was measured; None if nothing was.
        version: Its version in the registry; None if it was not registered.
        unsent: What the tracking server has not got, in words; empty if it has everything.
        unregistered: Why the registry could not take it, in words; the same command tries again.
    """

    outcome: Outcome
    validated: Validated | None
    version: str | None
    unsent: str
    unregistered: str = ""


def run_session(session: Session) -> Done:
    """Do all of it; a killed session goes on when it is run again in the same folder.

    Raises:
        CatalogueError: The data can't be had.
        TeacherError: The recipe, its encoder or its rows are at fault.
        TrackingError: The tracking address is none.
        GateError: The gates can't be read.
    """
    if session.gates is not None:
        gates_for(session.gates, session.recipe.tasks)
    if session.champion is not None:
        read_predictions(session.champion)
    if not is_first_process():
        # The first process measures, tracks and registers what all of them trained.
        outcome = train_teacher(session.recipe, session.catalogue, session.work, session.licences)
        return Done(outcome, None, None, "")
    url = None if session.tracking == "local" else session.tracking
    session.work.mkdir(parents=True, exist_ok=True)
    tracker = open_tracker(url, EXPERIMENT, session.work / "tracking")
    with _tracked(tracker, session) as run_id:
        outcome = train_teacher(
            session.recipe, session.catalogue, session.work, session.licences, note=_noter(tracker)
        )
        validated = _validate(session, tracker) if session.validate else None
        if not session.register:  # The registry keeps the files with the run itself.
            tracker.artifact(outcome.folder, "teacher")
    version, unregistered = None, ""
    if session.register:
        try:
            version = _register(session, outcome, validated, run_id)
        except RegistryAwayError as error:
            # The teacher is saved, and what was measured is worth telling.
            unregistered = str(error)
    unsent = tracker.unsent
    return Done(outcome, validated, version, str(unsent) if unsent else "", unregistered)


@contextlib.contextmanager
def _tracked(tracker: Tracker, session: Session) -> Iterator[str]:
    """Begin the tracked run, or go on with that of a killed session; say how it ended."""
    path = session.work / "tracking-run.json"
    if path.exists():
        try:
            run_id = str(json.loads(path.read_text(encoding="utf-8"))["run_id"])
        except (ValueError, KeyError, TypeError) as error:
            raise WorkFileError(path, f"it names no run ({error!r})") from error
        tracker.resume(run_id)
    else:
        tags = provenance_tags(Path(__file__).parent, session.catalogue)
        run_id = tracker.start(session.recipe.name, session.recipe.to_dict(), tags)
        replace_file(path, json.dumps({"run_id": run_id}).encode())
    try:
        yield run_id
    except KeyboardInterrupt:
        tracker.end("KILLED")
        raise
    except BaseException:
        tracker.end("FAILED")
        raise
    tracker.end("FINISHED")


def _noter(tracker: Tracker) -> Note:
    def note(values: Mapping[str, float], step: int) -> None:
        tracker.metrics(values, step)

    return note


def _validate(session: Session, tracker: Tracker) -> Validated:
    out = session.work / "figures"
    teacher = Teacher.load(session.work / "teacher")
    found = validate(
        Ensemble([teacher]),
        session.catalogue,
        out,
        session.recipe.languages,
        session.gates,
        session.champion,
    )
    log_report(tracker, found.report)
    tracker.artifact(found.predictions, "figures")
    return found


def _register(session: Session, outcome: Outcome, validated: Validated | None, run_id: str) -> str:
    """Register the teacher; one that failed its gates is registered as failed."""
    url = None if session.tracking in ("local", "off") else session.tracking
    gates: GateOutcome | None = None
    figures = {f"dev.{task}": value for task, value in outcome.dev.items()}
    if validated is not None:
        figures |= report_metrics(validated.report)
        if validated.gates is not None:
            gates = validated.gates
    version = Registry(url).register(session.recipe.name, outcome.folder, run_id, gates, figures)
    return str(version.version)
