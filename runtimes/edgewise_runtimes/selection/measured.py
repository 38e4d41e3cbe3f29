"""Deciding between backends that are installed: remembered, or tried and measured."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from edgewise_runtimes.errors import BackendUnavailableError
from edgewise_runtimes.hardware import HardwareReport, hardware_report
from edgewise_runtimes.protocol import BackendChoice
from edgewise_runtimes.registry import runtime
from edgewise_runtimes.selection.candidate import AUTO, Candidate
from edgewise_runtimes.selection.profiles import Profile, machine_facts, profile_of
from edgewise_runtimes.selection.select import (
    Offer,
    Selection,
    Wish,
    best_first,
    close_to_best,
    far_from_others,
)
from edgewise_runtimes.selection.store import key_of, recall, remember

Rejected = tuple[tuple[str, str], ...]

_ALONE = "the only one that works"

_DAY = 24 * 3600
"""Seconds for which it is remembered that something installed does not work: it may be repaired."""

_UNITS = {"latency": "ms", "throughput": "ms a row", "memory": "MB"}


def select_measured(offer: Offer, wish: Wish, installed: Sequence[str], rejected: Rejected) -> Selection:
    """Decide between backends, from memory where this was decided before.

    Args:
        offer: What the model can be run by.
        wish: What is asked for.
        installed: The backends that are installed, at least two.
        rejected: Those that are not, with the reason.

    Raises:
        BackendUnavailableError: None of them works; or one does not, and the wish is strict.
    """
    report = hardware_report()
    profile = profile_of(machine_facts(report))
    order = _one_each(profile.order([each for each in offer.candidates if each.backend in installed]))
    key = key_of(_question(report, offer, wish, order))
    found = _recalled(recall(wish.store, key), order, key)
    if found is not None:
        return found
    made = _measure(offer, wish, order, profile, rejected)
    if made.choice.measured or made.choice.how == _ALONE:
        remember(wish.store, key, _to_json(made, len(order)))
    return Selection(made.choice, made.ranking, key)


def _one_each(order: Sequence[Candidate]) -> list[Candidate]:
    """Keep the first precision of each backend on each device: trying all would take too long."""
    found: dict[tuple[str, str], Candidate] = {}
    for each in order:
        found.setdefault((each.backend, each.device), each)
    return list(found.values())


def _measure(
    offer: Offer, wish: Wish, order: Sequence[Candidate], profile: Profile, rejected: Rejected
) -> Selection:
    # Brings subprocess and threads, which a remembered choice does not need.
    from edgewise_runtimes.selection.trials import Task, possible, run_trials

    problem = possible()
    if problem is not None:
        return _unmeasured(wish, order, profile, rejected, problem)
    task = Task(offer.rows(), wish.threads, wish.objective, wish.cache)
    results = run_trials({each: _reader(offer, each) for each in order}, task)
    failed = {**results.failed, **far_from_others(results)}
    _check(wish, failed, order, rejected)
    working = [each for each in order if each not in failed]
    measured = {each: value for each, value in results.measured.items() if each not in failed}
    # Who asks for throughput has memory for batches. Of several models, that of one says little: a second
    # one may cost more than the library that both share.
    memory = results.memory if wish.objective == "latency" and offer.alone else {}
    ranking = best_first(working, measured, memory)
    choice = _choice(wish, ranking, profile, measured, (*rejected, *_reasons(failed)), memory)
    return Selection(choice, tuple(ranking))


def _reader(offer: Offer, candidate: Candidate) -> Any:
    return lambda: offer.read(candidate)


def _check(
    wish: Wish, failed: Mapping[Candidate, str], order: Sequence[Candidate], rejected: Rejected
) -> None:
    """Raise when nothing works, or when something installed does not and the wish is strict."""
    if len(failed) < len(order) and not (wish.strict and failed):
        return
    reason = "; ".join(f"{name}: {why}" for name, why in (*rejected, *_reasons(failed)))
    hint = "Name a backend that works, repair the other, or allow others with strict=False."
    raise BackendUnavailableError(AUTO, reason, hint if len(failed) < len(order) else "See: edgewise doctor.")


def _reasons(failed: Mapping[Candidate, str]) -> Rejected:
    return tuple((str(each), why) for each, why in failed.items())


def _choice(
    wish: Wish,
    ranking: Sequence[Candidate],
    profile: Profile,
    measured: Mapping[Candidate, float],
    rejected: Rejected,
    memory: Mapping[Candidate, float],
) -> BackendChoice:
    first = ranking[0]
    beaten = tuple((str(each), _why_not(each, ranking, wish, measured, memory)) for each in ranking[1:])
    return BackendChoice(
        chosen=first.backend,
        rejected=(*beaten, *rejected),
        measured={str(each): value for each, value in measured.items()},
        precision=first.precision,
        device=first.device,
        objective=wish.objective,
        how="measured" if measured else _ALONE,
        profile=profile.name,
    )


def _why_not(
    candidate: Candidate,
    ranking: Sequence[Candidate],
    wish: Wish,
    measured: Mapping[Candidate, float],
    memory: Mapping[Candidate, float],
) -> str:
    """Say why a candidate that works is not the first of the ranking."""
    if candidate not in measured:
        return "not measured"
    first, said = ranking[0], f"measured {measured[candidate]:.2f} {_UNITS[wish.objective]}"
    # The steps of `best_first`: the one at which it drops out is the reason.
    good = close_to_best(tuple(measured), measured)
    if candidate not in good:
        return said
    if all(each in memory for each in good) and candidate not in close_to_best(good, memory):
        least = min(memory[each] for each in good)
        return f"{said}, about as fast, but takes {memory[candidate]:.0f} MB, not {least:.0f}"
    return f"{said}, about as good, but this kind of device prefers {first}"


def _unmeasured(
    wish: Wish, order: Sequence[Candidate], profile: Profile, rejected: Rejected, problem: str
) -> Selection:
    """Take the first one of the profile's order that can be probed: nothing can be tried in safety here."""
    failed: dict[Candidate, str] = {}
    for place, each in enumerate(order):
        probe = runtime(each.backend).probe()
        if probe.ok and (each.device or "cpu") in probe.devices:
            _check(wish, failed, order, rejected)
            choice = _choice(wish, order[place:], profile, {}, (*rejected, *_reasons(failed)), {})
            how = f"the first that the profile prefers; nothing was measured, because {problem}"
            return Selection(BackendChoice(**{**vars(choice), "how": how}), tuple(order[place:]))
        failed[each] = probe.reason if not probe.ok else f"it has no device {each.device!r} here"
    _check(wish, failed, order, rejected)
    raise BackendUnavailableError(AUTO, "nothing works")  # _check has raised


def _question(report: HardwareReport, offer: Offer, wish: Wish, order: Sequence[Candidate]) -> dict[str, Any]:
    """Return everything that a choice depends on."""
    return {
        "machine": [report.system, report.machine, report.cpu, report.flags],
        "processors": [report.threads.threads, report.threads.processors],
        "memory": report.memory_limit_bytes or report.memory_bytes,
        "python": sys.version,
        "installed": {each.backend: _installed_state(each.backend) for each in order},
        "candidates": [str(each) for each in order],
        "model": offer.fingerprint,
        "threads": wish.threads,
        "objective": wish.objective,
        "strict": wish.strict,
    }


def _installed_state(backend: str) -> list[str]:
    """Return what changes when a backend is installed anew: without importing it or reading metadata."""
    found = runtime(backend)
    modules = getattr(found, "modules", None) or (type(found).__module__.partition(".")[0],)
    state: list[str] = []
    for module in modules:
        try:
            spec = find_spec(module)
        except (ImportError, ValueError):
            continue
        if spec is None or spec.origin is None:
            continue
        origin = Path(spec.origin)
        try:
            state.append(f"{origin} {origin.stat().st_mtime_ns}")
            home = origin.parent.parent
            state += sorted(
                name
                for name in os.listdir(home)  # noqa: PTH208 - of hundreds of packages, names alone
                if name.startswith(module) and name.endswith(".dist-info")
            )
        except OSError:
            continue
    return state


def _to_json(selection: Selection, tried: int) -> dict[str, Any]:
    choice = selection.choice
    return {
        "until": time.time() + _DAY if len(selection.ranking) < tried else None,
        "ranking": [[each.backend, each.precision, each.device] for each in selection.ranking],
        "rejected": [list(pair) for pair in choice.rejected],
        "measured": dict(choice.measured),
        "objective": choice.objective,
        "profile": choice.profile,
    }


def _recalled(found: dict[str, Any] | None, order: Sequence[Candidate], key: str) -> Selection | None:
    """Make a selection of what was remembered, None when it makes no sense."""
    if found is None:
        return None
    try:
        if found["until"] is not None and found["until"] < time.time():
            return None
        ranking = tuple(Candidate(str(name), str(kind), str(place)) for name, kind, place in found["ranking"])
        if not ranking or not set(ranking) <= set(order):
            return None
        choice = BackendChoice(
            chosen=ranking[0].backend,
            rejected=tuple((str(name), str(reason)) for name, reason in found["rejected"]),
            measured={str(name): float(value) for name, value in found["measured"].items()},
            precision=ranking[0].precision,
            device=ranking[0].device,
            objective=str(found["objective"]),
            how="measured earlier, and remembered",
            profile=str(found["profile"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return Selection(choice, ranking, key)
