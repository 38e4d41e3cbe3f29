"""Watching the trials of a study: whether there is one to take, and which ones have lost their worker."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from edgewise_cloud.tune.trial import BEAT, fail, put_back

if TYPE_CHECKING:
    from optuna import Study

_LONGEST_PAUSE = 5.0


class Watch:
    """Watches one study.

    A trial's worker counts as dead when its sign of life has not changed for a while, by the clock of whoever
    watches: the clocks of two machines need not agree.
    """

    def __init__(self, study: Study, patience: float) -> None:
        """Begin to watch.

        Args:
            study: The study.
            patience: Seconds without a sign of life after which a worker counts as dead.
        """
        self._study = study
        self._patience = patience
        self._seen: dict[int, tuple[object, float]] = {}

    def more(self, trials: int) -> bool:
        """Whether there is a trial to take; waits while the last ones run, as their workers may die.

        Args:
            trials: Finished and pruned trials that the study is to have.
        """
        while True:
            self._bury()
            counts = states(self._study)
            done = counts["COMPLETE"] + counts["PRUNED"]
            if done + counts["RUNNING"] < trials:
                return True
            if not counts["RUNNING"]:
                return False
            time.sleep(min(self._patience / 6, _LONGEST_PAUSE))

    def _bury(self) -> None:
        """Fail the trials of dead workers, and queue them again."""
        from optuna.trial import TrialState

        now = time.monotonic()
        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            beat = trial.user_attrs.get(BEAT)
            if trial.number not in self._seen or self._seen[trial.number][0] != beat:
                self._seen[trial.number] = (beat, now)
            elif now - self._seen[trial.number][1] > self._patience and fail(self._study, trial.number):
                put_back(self._study, trial)


def states(study: Study) -> dict[str, int]:
    """Return how many trials of a study are in each state, by its name."""
    from optuna.trial import TrialState

    counts = dict.fromkeys((state.name for state in TrialState), 0)
    for trial in study.get_trials(deepcopy=False):
        counts[trial.state.name] += 1
    return counts
