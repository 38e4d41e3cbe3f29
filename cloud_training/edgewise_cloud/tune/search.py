"""The search: trials shared by all workers of a study, poor ones ended early."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewise_cloud.tune.errors import NoTrialError, PrunerError, StudyChangedError, TrialsFailError
from edgewise_cloud.tune.objective import Objective
from edgewise_cloud.tune.space import Space, parse_space
from edgewise_cloud.tune.storage import open_storage, storage_failures, storage_url
from edgewise_cloud.tune.trial import FIRST, run_trial
from edgewise_cloud.tune.watch import Watch, states

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.pruners import BasePruner
    from optuna.trial import FrozenTrial

PRUNERS = ("median", "asha", "none")
_SETTINGS = "edgewise.settings"
_MOST_FAILURES = 5


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a study found.

    Attributes:
        study: Its name.
        best: The figure of the best trial.
        params: Its values by name.
        trial: Its number.
        finished: Trials that ended with a figure.
        pruned: Trials that were ended early.
        failed: Trials that ended without a figure, among them those whose worker died.
    """

    study: str
    best: float
    params: Mapping[str, Any]
    trial: int
    finished: int
    pruned: int
    failed: int

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        counts = {"finished": self.finished, "pruned": self.pruned, "failed": self.failed}
        return {
            "study": self.study,
            "best": self.best,
            "params": dict(self.params),
            "trial": self.trial,
            **counts,
        }


def search(
    objective: Objective,
    space: Space | Mapping[str, Any],
    study_name: str,
    storage: str,
    trials: int,
    seed: int = 0,
    pruner: str = "median",
    *,
    work: Path,
    heartbeat: int = 20,
    tell: Callable[[str], None] = lambda _: None,
) -> SearchResult:
    """Search for the values that give the highest figure.

    Several workers, on one machine or many, may call this with the same study: each takes trials until there
    are as many as asked for, and each returns when the last one has ended. Called again, it goes on.

    Args:
        objective: Runs one trial.
        space: What may be tried.
        study_name: Name of the study.
        storage: Address of the database.
        trials: Finished and pruned trials of the study, all workers together; one more per worker may come
            about when several take their last trial in the same moment.
        seed: Of every random choice.
        pruner: "median": a trial ends when it is worse than half of the others at the same step. "asha":
            successive halving, only the best third of each rung goes on. "none".
        work: Folder in which each trial gets one of its own.
        heartbeat: Seconds between two signs of life of a trial. Without one for three times as long its
            worker counts as dead: the trial fails and is queued once more, three times at most.
        tell: Told a line after each trial.

    Raises:
        SpaceError: The space is none.
        PrunerError: There is no such pruner.
        StudyUrlError: The address is none.
        StudyStorageError: The database cannot be used.
        StudyChangedError: The study was begun with another space, seed or pruner.
        TrialsFailError: One trial after the other gives no number.
        NoTrialError: All trials were pruned.
        MissingExtraError: Optuna is not installed.
    """
    space = space if isinstance(space, Space) else parse_space(space)
    url = storage_url(storage)
    numberless = 0

    def run(trial: Trial) -> float:
        params = space.suggest(trial)
        first = trial.user_attrs.get(FIRST, trial.number)
        folder = work / f"trial-{first:04d}"
        folder.mkdir(parents=True, exist_ok=True)
        figure = float(objective(params, _reporter(trial), folder))
        nonlocal numberless
        numberless = 0 if math.isfinite(figure) else numberless + 1
        if numberless == _MOST_FAILURES:
            raise TrialsFailError(study_name, _MOST_FAILURES)
        return figure

    with storage_failures(url):
        study = open_study(space, study_name, url, seed, pruner)
        watch = Watch(study, 3.0 * heartbeat)
        while watch.more(trials):
            tell(_line(run_trial(study, run, heartbeat)))
        return result_of(study)


def open_study(space: Space, name: str, url: str, seed: int, pruner: str) -> Study:
    """Make a study, or open it if it is there; many workers may do that at once.

    Raises:
        StudyChangedError: It was begun with other settings.
        PrunerError: There is no such pruner.
        StudyStorageError: The database cannot be used.
    """
    pruning = _pruner(pruner)
    storage = open_storage(url)
    import optuna

    from edgewise_cloud.tune.sampler import NumberedSampler

    study = optuna.create_study(
        storage=storage,
        sampler=NumberedSampler(seed),
        pruner=pruning,
        study_name=name,
        direction="maximize",
        load_if_exists=True,
    )
    wanted = {"space": space.to_dict(), "seed": seed, "pruner": pruner}
    found = study.user_attrs.get(_SETTINGS)
    if found is None:
        study.set_user_attr(_SETTINGS, wanted)
    elif differing := [key for key in wanted if json.loads(json.dumps(wanted))[key] != found.get(key)]:
        raise StudyChangedError(name, differing)
    return study


def result_of(study: Study) -> SearchResult:
    """Return what a study has found.

    Raises:
        NoTrialError: It has no finished trial.
    """
    counts = states(study)
    if not counts["COMPLETE"]:
        raise NoTrialError(study.study_name)
    best = study.best_trial
    return SearchResult(
        study.study_name,
        float(best.value if best.value is not None else math.nan),
        dict(best.params),
        best.number,
        counts["COMPLETE"],
        counts["PRUNED"],
        counts["FAIL"],
    )


def _pruner(name: str) -> BasePruner:
    if name not in PRUNERS:
        raise PrunerError(name, PRUNERS)
    from optuna import pruners

    if name == "median":
        return pruners.MedianPruner(n_startup_trials=4)
    if name == "asha":
        return pruners.SuccessiveHalvingPruner(reduction_factor=3)
    return pruners.NopPruner()


def _reporter(trial: Trial) -> Callable[[int, float], None]:
    from optuna import TrialPruned

    looks = 0

    def report(step: int, value: float) -> None:
        # Counted in looks: recipes that differ in batch size or epochs have other steps at the same moment.
        nonlocal looks
        trial.report(value, looks)
        looks += 1
        if trial.should_prune():
            raise TrialPruned(f"pruned at step {step}")

    return report


def _line(trial: FrozenTrial) -> str:
    figure = "no figure" if trial.value is None else f"{trial.value:.4f}"
    values = ", ".join(f"{name} {value}" for name, value in trial.params.items())
    return f"trial {trial.number}: {trial.state.name.lower()}, {figure}; {values}"
