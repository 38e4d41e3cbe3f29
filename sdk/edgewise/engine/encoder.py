"""A text encoder with its tokenizer and heads, loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.batching import buckets
from edgewise.bundle import Bundle
from edgewise.bundle.manifest import ArtifactSpec, ModelSpec
from edgewise.engine.heads import Head
from edgewise.engine.pieces import put_together
from edgewise.engine.second import Second
from edgewise.engine.tokens import TextTokenizer
from edgewise.errors import BackendLoadError, BackendRunError
from edgewise_runtimes.protocol import Artifact, Runtime, Session, SessionOptions

_INT32 = np.dtype(np.int32)

_TOKENS_PER_RUN = 512
"""Bounds the memory of a run: activations grow with rows times tokens, and larger ones leave the caches."""


class Encoder:
    """Rows of token ids in, logits out. Safe to use from many threads, like what it holds.

    Args:
        spec: The model in the manifest.
        tokenizer: Its tokenizer.
        session: The loaded model.
        backend: Name of the backend, for messages.
        second: What answers beside it, None for nothing.

    Attributes:
        tokenizer: Its tokenizer.
        heads: How to read its outputs, by task.

    Raises:
        BackendLoadError: The model lacks an output that the manifest promises.
    """

    def __init__(
        self,
        spec: ModelSpec,
        tokenizer: TextTokenizer,
        session: Session,
        backend: str,
        second: Second | None = None,
    ) -> None:
        missing = [task for task in spec.tasks if task not in session.outputs]
        if missing:
            raise BackendLoadError(backend, spec.name, f"it has no output for {', '.join(missing)}")
        self.tokenizer = tokenizer
        self.heads: dict[str, Head] = {task: Head(task_spec) for task, task_spec in spec.tasks.items()}
        self._shapes = {task: (1, len(head.labels)) for task, head in self.heads.items()}
        self._session = session
        self._backend = backend
        self._second = second

    def logits(
        self, rows: Sequence[Sequence[int]], tasks: Sequence[str], rows_per_run: int
    ) -> dict[str, list[list[float]]]:
        """Run the model on rows of any lengths.

        Only rows of equal length share a run, so nothing is padded and no row can change another's answer.

        Args:
            rows: Token ids, at least one a row.
            tasks: The outputs to return.
            rows_per_run: The most rows a run may have.

        Returns:
            For each task one list of logits a row, in the order of `rows`.

        Raises:
            BackendRunError: The backend failed, or returned other shapes than promised, or no finite numbers.
        """
        if len(rows) == 1:
            return self._run(rows, tasks)
        found: dict[str, list[list[float]]] = {task: [[]] * len(rows) for task in tasks}
        for bucket in buckets([len(row) for row in rows], rows_per_run, _TOKENS_PER_RUN):
            for task, logits in self._run([rows[place] for place in bucket], tasks).items():
                for place, values in zip(bucket, logits, strict=True):
                    found[task][place] = values
        return found

    def settle(
        self,
        logits: Mapping[str, Sequence[Sequence[float]]],
        rows: Sequence[Sequence[int]],
        text: str,
        language: str | None,
    ) -> Mapping[str, Sequence[Sequence[float]]]:
        """Return what is left to calibrate: the logits, or what they and a second model say together.

        Args:
            logits: What `logits` returned for the rows of a text.
            rows: The rows.
            text: The text, normalised.
            language: Its language, None when that is not sure.
        """
        second = self._second
        if second is None:
            return logits
        if len(rows) == 1:
            only = {task: values[0] for task, values in logits.items()}
            return {task: [values] for task, values in second.mixed(only, text, language).items()}
        found: dict[str, list[Sequence[float]]] = {task: [] for task in logits}
        for place, (start, end) in enumerate(self.tokenizer.passages(text)[: len(rows)]):
            row = {task: values[place] for task, values in logits.items()}
            for task, values in second.mixed(row, text[start:end], language).items():
                found[task].append(values)
        return found

    def judge_row(
        self, row: Sequence[int], tasks: Sequence[str], text: str, language: str | None
    ) -> Mapping[str, Sequence[float]]:
        """Do what `logits` and `settle` do, for a text that is one row.

        Args:
            row: Token ids, at least one.
            tasks: The outputs to return.
            text: The text, normalised.
            language: Its language, None when that is not sure.

        Returns:
            For each task what is left to calibrate.

        Raises:
            BackendRunError: See `logits`.
        """
        outputs = self._session.run(
            {"input_ids": np.array((row,), _INT32), "attention_mask": _mask(1, len(row))}
        )
        found: dict[str, Sequence[float]] = {}
        total = 0.0
        for task in tasks:
            output = outputs[task]
            if output.shape != self._shapes[task]:
                raise self._wrong_shape(task, output.shape, self._shapes[task])
            (values,) = output.tolist()
            found[task] = values
            total += sum(values)
        if not isfinite(total):
            raise self._not_finite([task for task in tasks if not isfinite(sum(found[task]))])
        return found if self._second is None else self._second.mixed(found, text, language)

    def close(self) -> None:
        """Free the model."""
        self._session.close()

    def _run(self, rows: Sequence[Sequence[int]], tasks: Sequence[str]) -> dict[str, list[list[float]]]:
        count, length = len(rows), len(rows[0])
        ids = np.array(rows, _INT32)
        outputs = self._session.run({"input_ids": ids, "attention_mask": _mask(count, length)})
        found: dict[str, list[list[float]]] = {}
        total = 0.0
        for task in tasks:
            output = outputs[task]
            shape = (count, self._shapes[task][1])
            if output.shape != shape:
                raise self._wrong_shape(task, output.shape, shape)
            found[task] = values = output.tolist()
            for row in values:
                total += sum(row)
        if not isfinite(total):
            raise self._not_finite([task for task in tasks if not isfinite(sum(map(sum, found[task])))])
        return found

    def _wrong_shape(self, task: str, shape: tuple[int, ...], wanted: tuple[int, ...]) -> BackendRunError:
        return BackendRunError(self._backend, f"the output {task!r} has shape {shape}, not {wanted}")

    def _not_finite(self, tasks: Sequence[str]) -> BackendRunError:
        return BackendRunError(self._backend, f"the output {', '.join(map(repr, tasks))} is not finite")


@lru_cache(maxsize=256)
def _mask(count: int, length: int) -> NDArray[Any]:
    """Return the mask of full rows; nobody may write to it, so calls share it."""
    mask = np.ones((count, length), _INT32)
    mask.flags.writeable = False
    return mask


def load_encoder(
    bundle: Bundle,
    spec: ModelSpec,
    runtime: Runtime,
    options: SessionOptions,
    max_windows: int,
    precision: str = "",
    second: Second | None = None,
) -> Encoder:
    """Read, verify and load an encoder.

    Args:
        bundle: The bundle to read from.
        spec: The model in its manifest.
        runtime: The backend to load it into; the model has an artifact for it.
        options: How to run it.
        max_windows: The most windows a text may have.
        precision: The precision to load; where the model lacks it, or it is empty, the first one there is.
        second: What answers beside it.

    Raises:
        BundleError: A file is missing, too large or not the one that was packed.
        BackendError: The backend cannot load it.
    """
    if spec.tokenizer is None:
        raise BackendLoadError(runtime.name, spec.name, "it has no tokenizer")
    tokenizer = TextTokenizer(bundle.read(spec.tokenizer.file), spec.tokenizer, max_windows)
    artifact = read_artifact(bundle, spec, runtime.name, precision, also_reads(runtime))
    return Encoder(spec, tokenizer, runtime.load(artifact, options), runtime.name, second)


def read_artifact(
    bundle: Bundle, spec: ModelSpec, backend: str, precision: str = "", others: Sequence[str] = ()
) -> Artifact:
    """Read and verify a model's artifact for a backend.

    Args:
        bundle: The bundle to read from.
        spec: The model in its manifest.
        backend: The backend.
        precision: The precision; where the model lacks it, or it is empty, the first one there is.
        others: Backends whose artifacts will do where it has none of its own.

    Raises:
        BundleError: A file is missing, too large or not the one that was packed.
        BackendLoadError: The model has no artifact for the backend.
    """
    chosen = _artifact(spec, (backend, *others), precision)
    weights = None if chosen.weights is None else bundle.read(chosen.weights)
    data = put_together(bundle, chosen.file.file, bundle.read(chosen.file))
    return Artifact(chosen.file.file, chosen.backend, chosen.precision, data, weights)


def backends_of(specs: Sequence[ModelSpec]) -> tuple[str, ...]:
    """Return the backends that every one of these models has an artifact for, in the first model's order."""
    every: Mapping[str, None] = dict.fromkeys(artifact.backend for artifact in specs[0].artifacts)
    return tuple(
        name for name in every if all(any(a.backend == name for a in spec.artifacts) for spec in specs)
    )


def also_reads(runtime: Runtime) -> tuple[str, ...]:
    """Return the backends whose artifacts a backend reads beside its own.

    A backend may say so by an attribute `also_reads`; it need not have one.
    """
    return tuple(getattr(runtime, "also_reads", ()))


def _artifact(spec: ModelSpec, backends: Sequence[str], precision: str) -> ArtifactSpec:
    for backend in backends:
        found = [artifact for artifact in spec.artifacts if artifact.backend == backend]
        if found:
            return next((each for each in found if each.precision == precision), found[0])
    raise BackendLoadError(backends[0], spec.name, "the bundle has no artifact of it for this backend")
