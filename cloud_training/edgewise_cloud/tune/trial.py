"""One trial: run, with signs of life for the other workers."""

from __future__ import annotations

import math
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

FIRST = "edgewise.first"
"""User attribute of a trial that repeats one whose worker died: the number of the first."""

BEAT = "edgewise.beat"
"""User attribute that changes while a trial's worker is alive."""

_TRIES = "edgewise.tries"
_MOST_TRIES = 3


def run_trial(study: Study, objective: Callable[[Trial], float], heartbeat: float) -> FrozenTrial:
    """Take the next trial of a study, and run it.

    Args:
        study: The study.
        objective: Returns the figure; what is no finite number is a failure.
        heartbeat: Seconds between two signs of life.

    Returns:
        The trial as it ended: as failed, where another worker took this one for dead.

    Raises:
        Exception: Whatever the objective raises, but for Optuna's sign that a trial is pruned.
    """
    from optuna import TrialPruned
    from optuna.exceptions import UpdateFinishedTrialError
    from optuna.trial import TrialState

    trial = study.ask()
    value, state = None, TrialState.FAIL
    try:
        with _beating(trial, heartbeat):
            figure = objective(trial)
        if math.isfinite(figure):
            value, state = figure, TrialState.COMPLETE
    except TrialPruned:
        state = TrialState.PRUNED
    except UpdateFinishedTrialError:
        # Others took it for dead while it slept, and repeat it.
        pass
    except BaseException as error:
        if fail(study, trial.number) and not isinstance(error, Exception):
            put_back(study, study.get_trials(deepcopy=False)[trial.number])
        raise
    return study.tell(trial, value, state, skip_if_finished=True)


def fail(study: Study, number: int) -> bool:
    """End a running trial as failed; return whether it was this call that did."""
    from optuna.trial import TrialState

    try:
        study.tell(number, state=TrialState.FAIL)
    except (ValueError, RuntimeError):
        # Optuna's words for: it has ended already.
        return False
    return True


def put_back(study: Study, trial: FrozenTrial) -> None:
    """Queue a trial whose worker died once more, with the values that it had."""
    from optuna.trial import TrialState, create_trial

    tries = int(trial.user_attrs.get(_TRIES, 1))
    if tries >= _MOST_TRIES:
        return
    study.add_trial(
        create_trial(
            state=TrialState.WAITING,
            params=trial.params,
            distributions=trial.distributions,
            user_attrs={_TRIES: tries + 1, FIRST: trial.user_attrs.get(FIRST, trial.number)},
            # Values that somebody queued by hand are among these.
            system_attrs=trial.system_attrs,
        )
    )


@contextmanager
def _beating(trial: Trial, seconds: float) -> Iterator[None]:
    ended = threading.Event()
    thread = threading.Thread(target=_beat, args=(trial, seconds, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _beat(trial: Trial, seconds: float, ended: threading.Event) -> None:
    """Change the trial's sign of life until it ends."""
    from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError

    worker, count = uuid.uuid4().hex, 0
    while not ended.is_set():
        try:
            trial.set_user_attr(BEAT, f"{worker} {count}")
        except UpdateFinishedTrialError:
            return
        except StorageInternalError:
            # The database is away; whether that matters is for the trial itself to find out.
            pass
        count += 1
        ended.wait(seconds)
