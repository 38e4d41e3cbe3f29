"""The way of a text through the models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import perf_counter

from edgewise.bundle import Bundle
from edgewise.engine.heads import NO_THRESHOLDS
from edgewise.engine.judge import Judge
from edgewise.engine.known import language_backend
from edgewise.engine.models import Models
from edgewise.engine.reading import Job, Reading
from edgewise.engine.settings import LANGUAGE, Request, Settings
from edgewise.explain import explain
from edgewise.results import Analysis, Prediction, hash_text
from edgewise.text import normalize
from edgewise_runtimes import BackendChoice

_SAMPLE = "Get a word in, edgewise."


class Engine:
    """Answers for texts. Safe to use from many threads.

    Args:
        bundle: The bundle with the models.
        settings: How to load and read.
        languages: Languages to choose from, None for all.
    """

    def __init__(self, bundle: Bundle, settings: Settings, languages: tuple[str, ...] | None) -> None:
        self._models = Models(bundle, settings, languages)
        self._settings = settings
        self._name = f"{bundle.manifest.name}@{bundle.manifest.version}"
        self._language_backend = language_backend(bundle.manifest)

    def judge(self, texts: Sequence[str], request: Request) -> list[Analysis]:
        """Answer for texts, each as if it were alone.

        Args:
            texts: The texts, any strings.
            request: What is asked.

        Returns:
            One analysis a text, in the same order.

        Raises:
            BundleError: A model's file is missing, too large or not the one that was packed.
            BackendError: A model cannot be loaded or fails.
        """
        started = perf_counter()
        readings = self._read(texts, request)
        if len(readings) == 1:  # the usual call: there is nothing to share out, which one would feel
            (reading,) = readings
            for job in reading.jobs:
                if job.tokens.rows:
                    _calibrate(reading, job, job.encoder.logits(job.tokens.rows, job.tasks, request.rows))
            return [self._answer(reading, request, started)]
        each = (perf_counter() - started) / max(1, len(texts))
        work: dict[Judge, list[tuple[Reading, Job]]] = {}
        for reading in readings:
            reading.seconds = each
            for job in reading.jobs:
                if job.tokens.rows:
                    work.setdefault(job.encoder, []).append((reading, job))
        for encoder, jobs in work.items():
            _run(encoder, jobs, request.rows)
        return [self._answer(reading, request, perf_counter()) for reading in readings]

    def load(self, tasks: tuple[str, ...]) -> None:
        """Load everything that the tasks may need, and run it once."""
        self._models.load(tasks)
        self.judge([_SAMPLE], Request(tasks))

    def choice(self) -> BackendChoice:
        """Return which backend runs the encoders, and why not the others."""
        return self._models.choice()

    def close(self) -> None:
        """Free every model."""
        self._models.close()

    def _read(self, texts: Sequence[str], request: Request) -> list[Reading]:
        limit = self._settings.max_chars
        kept = [text if len(text) <= limit else text[:limit] for text in texts]
        languages = self._models.detector().tell(kept, request.thresholds.get(LANGUAGE, NO_THRESHOLDS))
        readings = []
        for text, part, language in zip(texts, kept, languages, strict=True):
            calibration = None if language.unsure else language.label
            reading = Reading(text, normalize(part), len(part) < len(text), language, calibration)
            for name, tasks in self._models.plan(calibration, request.tasks):
                encoder = self._models.encoder(name)
                reading.jobs.append(Job(encoder, tasks, encoder.tokenizer.read(reading.normalized.text)))
            readings.append(reading)
        return readings

    def _answer(self, reading: Reading, request: Request, started: float) -> Analysis:
        answers: dict[str, Prediction] = {LANGUAGE: reading.language}
        complete = not reading.cut
        for job in reading.jobs:
            _predict(job, reading.calibration, request, answers)
            complete = complete and job.tokens.complete
        spans = explain(reading, answers, request.rows) if request.explain else ()
        unsure = False
        for task in request.tasks:
            unsure = unsure or answers[task].unsure
        seconds = reading.seconds + perf_counter() - started
        return Analysis(
            text_hash=hash_text(reading.text),
            language=reading.language,
            sentiment=answers.get("sentiment"),
            toxicity=answers.get("toxicity"),
            emotion=answers.get("emotion"),
            model=self._name,
            backend=self._models.choice().chosen if reading.jobs else self._language_backend,
            latency_ms=1000.0 * seconds,
            truncated=not complete,
            spans=spans,
            unsure=unsure,
            arm=self._settings.arm,
        )


def _run(encoder: Judge, jobs: Sequence[tuple[Reading, Job]], rows_per_run: int) -> None:
    """Run an encoder on everything it has to do, at least one row, and share out scores and time."""
    started = perf_counter()
    rows = [row for _, job in jobs for row in job.tokens.rows]
    tasks = tuple(dict.fromkeys(task for _, job in jobs for task in job.tasks))
    logits = encoder.logits(rows, tasks, rows_per_run)
    place = 0
    for reading, job in jobs:
        end = place + len(job.tokens.rows)
        _calibrate(reading, job, {task: logits[task][place:end] for task in job.tasks})
        place = end
    each = (perf_counter() - started) / sum(map(len, rows))
    for reading, job in jobs:
        reading.seconds += each * sum(map(len, job.tokens.rows))


def _calibrate(reading: Reading, job: Job, logits: Mapping[str, Sequence[Sequence[float]]]) -> None:
    """Make probabilities of a text's logits."""
    language, heads = reading.calibration, job.encoder.heads
    logits = job.encoder.settle(logits, job.tokens.rows, reading.normalized.text, language)
    for task in job.tasks:
        scores = heads[task].scores
        job.scores[task] = found = []
        for row in logits[task]:
            found.append(scores(row, language))


def _predict(job: Job, language: str | None, request: Request, found: dict[str, Prediction]) -> None:
    """Add the answers of one encoder to those found already."""
    heads, tokens, given = job.encoder.heads, job.tokens, request.thresholds
    for task in job.tasks:
        head = heads[task]
        thresholds = given.get(task, NO_THRESHOLDS) if given else NO_THRESHOLDS
        if tokens.rows:
            found[task] = head.predict(head.pool(job.scores[task], tokens.weights), language, thresholds)
        else:
            found[task] = head.predict_blank(thresholds)
