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
        if len(texts) == 1:
            return [self.judge_one(texts[0], request)]
        started = perf_counter()
        readings = self._read(texts, request)
        each = (perf_counter() - started) / max(1, len(texts))
        work: dict[Judge, list[tuple[Reading, Job]]] = {}
        for reading in readings:
            reading.seconds = each
            for job in reading.jobs:
                if job.tokens.rows:
                    work.setdefault(job.encoder, []).append((reading, job))
        for encoder, jobs in work.items():
            _run(encoder, jobs, request)
        return [self._answer(reading, request, perf_counter()) for reading in readings]

    def judge_one(self, text: str, request: Request) -> Analysis:
        """Do what `judge` does for one text: there is nothing to share out, which one would feel."""
        started = perf_counter()
        limit = self._settings.max_chars
        part = text if len(text) <= limit else text[:limit]
        language = self._models.detector().tell_one(part, _of_language(request))
        reading = self._reading(text, part, language, request.tasks)
        for job in reading.jobs:
            if job.tokens.rows:
                logits = job.encoder.logits(job.tokens.rows, job.tasks, request.rows)
                _conclude(reading, job, logits, request)
        return self._answer(reading, request, started)

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
        parts = [text if len(text) <= limit else text[:limit] for text in texts]
        languages = self._models.detector().tell(parts, _of_language(request))
        return [
            self._reading(text, part, language, request.tasks)
            for text, part, language in zip(texts, parts, languages, strict=True)
        ]

    def _reading(self, text: str, part: str, language: Prediction, tasks: tuple[str, ...]) -> Reading:
        """Read what is kept of a text for every model that has to answer."""
        calibration = None if language.unsure else language.label
        normalized = normalize(part)
        jobs = []
        for name, answered in self._models.plan(calibration, tasks):
            encoder = self._models.encoder(name)
            jobs.append(Job(encoder, answered, encoder.tokenizer.read(normalized.text)))
        return Reading(
            text, normalized, len(part) < len(text), language, calibration, jobs, {LANGUAGE: language}
        )

    def _answer(self, reading: Reading, request: Request, started: float) -> Analysis:
        answers, truncated = reading.answers, reading.cut
        for job in reading.jobs:
            if not job.tokens.rows:
                _leave_blank(reading, job, request)
            elif not job.tokens.complete:
                truncated = True
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
            truncated=truncated,
            spans=spans,
            unsure=unsure,
            arm=self._settings.arm,
        )


def _of_language(request: Request) -> Mapping[str, float]:
    return request.thresholds.get(LANGUAGE, NO_THRESHOLDS) if request.thresholds else NO_THRESHOLDS


def _run(encoder: Judge, jobs: Sequence[tuple[Reading, Job]], request: Request) -> None:
    """Run an encoder on everything it has to do, at least one row, and share out answers and time."""
    started = perf_counter()
    rows = [row for _, job in jobs for row in job.tokens.rows]
    tasks = tuple(dict.fromkeys(task for _, job in jobs for task in job.tasks))
    logits = encoder.logits(rows, tasks, request.rows)
    place = 0
    for reading, job in jobs:
        end = place + len(job.tokens.rows)
        _conclude(reading, job, {task: logits[task][place:end] for task in job.tasks}, request)
        place = end
    each = (perf_counter() - started) / sum(map(len, rows))
    for reading, job in jobs:
        reading.seconds += each * sum(map(len, job.tokens.rows))


def _conclude(
    reading: Reading, job: Job, logits: Mapping[str, Sequence[Sequence[float]]], request: Request
) -> None:
    """Make probabilities and answers of a text's logits."""
    encoder, tokens, language = job.encoder, job.tokens, reading.calibration
    heads, given, scores, answers = encoder.heads, request.thresholds, job.scores, reading.answers
    logits = encoder.settle(logits, tokens.rows, reading.normalized.text, language)
    for task in job.tasks:
        head, rows = heads[task], logits[task]
        scores[task] = found = [head.scores(row, language) for row in rows]
        one = found[0] if len(found) == 1 else head.pool(found, tokens.weights)
        answers[task] = head.predict(
            one, language, given.get(task, NO_THRESHOLDS) if given else NO_THRESHOLDS
        )


def _leave_blank(reading: Reading, job: Job, request: Request) -> None:
    """Answer for a text that has nothing to judge."""
    for task in job.tasks:
        thresholds = request.thresholds.get(task, NO_THRESHOLDS)
        reading.answers[task] = job.encoder.heads[task].predict_blank(thresholds)
