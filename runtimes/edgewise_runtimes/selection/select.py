"""Which backend runs a model: named ones are used or refused, `auto` is decided by trial and measurement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgewise_runtimes.errors import BackendUnavailableError, UnknownBackendError
from edgewise_runtimes.protocol import Artifact, BackendChoice, Runtime
from edgewise_runtimes.registry import choose, missing, runtime
from edgewise_runtimes.selection.candidate import AUTO, OBJECTIVES, Candidate, ObjectiveError, parse_wanted

if TYPE_CHECKING:
    from edgewise_runtimes.selection.trials import Results

CLOSE_ENOUGH = 1.05
"""Candidates up to so far behind the best one count as equally good, in time and in memory alike."""

_FAR = 0.75
"""How far answers may be from those of the others, as a share of what answers vary by."""


@dataclass(frozen=True)
class Offer:
    """What a model can be run by.

    Attributes:
        candidates: Backends and precisions that there are artifacts for, on the processor, best first.
        read: Returns the artifact of a candidate, verified.
        rows: Returns token ids of a few short texts to try it on.
        fingerprint: Changes whenever the model does.
        alone: Whether no other model will run on the backend: what it holds in memory is then all there is.
    """

    candidates: Sequence[Candidate]
    read: Callable[[Candidate], Artifact]
    rows: Callable[[], Sequence[Sequence[int]]]
    fingerprint: str
    alone: bool = True


@dataclass(frozen=True)
class Wish:
    """What is asked for.

    Attributes:
        backend: A backend's name, `backend:device`, or `"auto"`.
        threads: Threads that one run may use.
        objective: What to look for, see `OBJECTIVES`.
        strict: Whether an installed backend that does not work is an error, not a reason to take another.
        store: The folder in which choices are remembered, None for nowhere.
        cache: Where a backend may keep what it compiled, None for nowhere.
    """

    backend: str = AUTO
    threads: int = 1
    objective: str = "latency"
    strict: bool = False
    store: Path | None = None
    cache: Path | None = None

    def __post_init__(self) -> None:
        """Refuse an objective that does not exist."""
        if self.objective not in OBJECTIVES:
            raise ObjectiveError(self.objective)


@dataclass(frozen=True)
class Selection:
    """A choice and what to fall back on.

    Attributes:
        choice: What was chosen and why.
        ranking: The chosen candidate, then the others that work here, best first.
        key: Where the choice is remembered; empty when it is not.
    """

    choice: BackendChoice
    ranking: tuple[Candidate, ...]
    key: str = ""

    def without_first(self, reason: str) -> Selection | None:
        """Return what is left when the first candidate does not load; None when it was the last."""
        if len(self.ranking) < 2:
            return None
        gone, rest = self.ranking[0], self.ranking[1:]
        kept = tuple(pair for pair in self.choice.rejected if pair[0] != str(rest[0]))
        choice = replace(
            self.choice,
            chosen=rest[0].backend,
            precision=rest[0].precision,
            device=rest[0].device,
            rejected=((str(gone), reason), *kept),
            how=f"instead of {gone}, which did not load",
        )
        return Selection(choice, rest)


def select(offer: Offer, wish: Wish) -> Selection:
    """Decide what runs a model.

    Where only one backend can be meant, nothing is measured and no process is started.

    Raises:
        UnknownBackendError: The backend asked for is none.
        BackendUnavailableError: It, or every one of them, cannot be used; or `strict` and one does not work.
    """
    names = tuple(dict.fromkeys(each.backend for each in offer.candidates))
    if wish.backend != AUTO:
        return _named(offer, wish, names)
    if len(names) < 2:
        return _only(offer, wish, choose(names), "the only one the model is made for")
    rejected, hints = _not_installed(names)
    left = [name for name in names if name not in rejected]
    if not left:
        reason = "; ".join(f"{name}: {why}" for name, why in rejected.items())
        raise BackendUnavailableError(AUTO, reason, " ".join(hints))
    if len(left) == 1:
        choice = choose(left)
        choice = replace(choice, rejected=(*rejected.items(), *choice.rejected))
        return _only(offer, wish, choice, "the only one installed")
    from edgewise_runtimes.selection.measured import select_measured

    return select_measured(offer, wish, left, tuple(rejected.items()))


def _named(offer: Offer, wish: Wish, names: Sequence[str]) -> Selection:
    name, device = parse_wanted(wish.backend)
    choice = choose(names, name)
    listed = runtime(name).probe().devices
    if device and not any(each.partition(".")[0] == device or each == device for each in listed):
        raise BackendUnavailableError(
            name,
            f"it has no device {device!r} here, only {', '.join(listed) or 'none'}",
            _device_hint(name, device),
        )
    return _only(offer, wish, replace(choice, device=device), "asked for")


def _device_hint(name: str, device: str) -> str:
    from edgewise_runtimes.onnxruntime_providers import PROVIDERS

    if name == "onnxruntime" and device in PROVIDERS:
        return f"Run: pip uninstall -y onnxruntime && pip install {PROVIDERS[device].package}"
    return "Check the device's driver, or use another device."


def _only(offer: Offer, wish: Wish, choice: BackendChoice, how: str) -> Selection:
    first = next(each for each in offer.candidates if each.backend == choice.chosen)
    found = Candidate(choice.chosen, first.precision, choice.device)
    made = replace(choice, precision=first.precision, objective=wish.objective, how=how)
    return Selection(made, (found,))


def _not_installed(names: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Return the backends that need not be tried, with the reason, and what to do about them."""
    rejected: dict[str, str] = {}
    hints: list[str] = []
    for name in names:
        try:
            found: Runtime = runtime(name)
        except UnknownBackendError:
            rejected[name] = "no installed package registers it"
            continue
        if problem := missing(found):
            rejected[name] = problem
            hints.append(found.hint)
    return rejected, hints


def best_first(
    order: Sequence[Candidate],
    measured: Mapping[Candidate, float],
    memory: Mapping[Candidate, float] | None = None,
) -> list[Candidate]:
    """Sort candidates by what was measured, but for the first.

    That is, of those about as good as the best, one that takes the least memory or about as little, and of
    these the first one in order.

    Args:
        order: The candidates, at least one, those that the profile prefers first.
        measured: By candidate the figure of the objective, the less the better.
        memory: By candidate the megabytes that it takes; None where they do not count. They count only when
            they are known of all that are about as good.

    >>> a, b, c = Candidate("a"), Candidate("b"), Candidate("c")
    >>> [str(each) for each in best_first([a, b, c], {a: 1.02, b: 1.0, c: 3.0})]
    ['a', 'b', 'c']
    >>> [str(each) for each in best_first([a, b, c], {a: 1.02, b: 1.0, c: 3.0}, {a: 77.0, b: 57.0, c: 9.0})]
    ['b', 'a', 'c']
    """
    good = close_to_best(order, measured)
    if memory and all(each in memory for each in good):
        good = close_to_best(good, memory)
    first = good[0]
    ranked = sorted(order, key=lambda each: measured.get(each, float("inf")))
    return [first, *(each for each in ranked if each != first)]


def close_to_best(order: Sequence[Candidate], figures: Mapping[Candidate, float]) -> list[Candidate]:
    """Keep those whose figure is about the least; all of them where none has a figure."""
    limit = CLOSE_ENOUGH * min((figures.get(each, float("inf")) for each in order), default=float("inf"))
    return [each for each in order if figures.get(each, float("inf")) <= limit]


def far_from_others(results: Results) -> dict[Candidate, str]:
    """Return candidates whose answers have little to do with those of at least two others."""
    import numpy as np

    if len(results.logits) < 3:
        return {}
    names = list(results.logits)
    try:
        answers = np.array([[_flat(text) for text in results.logits[name]] for name in names], dtype=float)
    except ValueError:  # they do not even have the same outputs; whoever loads them says so
        return {}
    middle = np.median(answers, axis=0)
    spread = float(middle.std())
    away = np.abs(answers - middle).reshape(len(names), -1).mean(axis=1)
    return {
        name: f"its answers are far from those of the others ({distance:.2f} in logits)"
        for name, distance in zip(names, away, strict=True)
        if spread > 0 and distance > _FAR * spread
    }


def _flat(text: Mapping[str, Sequence[float]]) -> list[float]:
    return [value for name in sorted(text) for value in text[name]]
