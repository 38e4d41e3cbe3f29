"""A sampler whose choices follow from the seed, the trial's number and what is finished."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from optuna.samplers import BaseSampler, TPESampler

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial, TrialState


class NumberedSampler(BaseSampler):
    """Tree-structured Parzen estimators, seeded anew for each trial.

    Workers that share a seed would otherwise try the same values, and a search that was killed would go on
    with other values than one that was not. Parameters are modelled together (`multivariate`), and what other
    workers are trying counts as tried (`constant_liar`).

    Source: Bergstra et al., "Algorithms for Hyper-Parameter Optimization", NIPS 2011.
    """

    def __init__(self, seed: int, random_trials: int = 8) -> None:
        """Remember the seed.

        Args:
            seed: Of the whole search.
            random_trials: Finished trials before which values are drawn at random.
        """
        self._seed = seed
        self._random_trials = random_trials
        self._inner = self._made(0)

    def _made(self, number: int) -> TPESampler:
        seed = int(np.random.SeedSequence((self._seed, number)).generate_state(1)[0])
        return TPESampler(seed=seed, n_startup_trials=self._random_trials, constant_liar=True)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Seed for this trial."""
        self._inner = self._made(trial.number)
        self._inner.before_trial(study, trial)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """See Optuna."""
        return self._inner.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """See Optuna."""
        return self._inner.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """See Optuna."""
        return self._inner.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """See Optuna."""
        self._inner.after_trial(study, trial, state, values)
