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
from edgewise.results import Analysis, Prediction, Span, hash_text
from edgewise.text import normalize
from edgewise.text.normalize import normal_text
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
        if len(texts) == 1 and not request.explain:
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
        if request.explain:
            return self.judge((text,), request)[0]
        started = perf_counter()
        models, given, limit = self._models, request.thresholds, self._settings.max_chars
        part = text if len(text) <= limit else text[:limit]
        language = models.detector().tell_one(part, given.get(LANGUAGE, NO_THRESHOLDS))
        known = None if language.unsure else language.label
        normal = normal_text(part)
        answers = {LANGUAGE: language}
        plan, truncated = models.plan(known, request.tasks), len(part) < len(text)
        for name, tasks in plan:
            encoder = models.encoder(name)
            tokens = encoder.tokenizer.read(normal)
            if len(tokens.rows) == 1:
                heads = encoder.heads
                for task, logits in encoder.judge_row(tokens.rows[0], tasks, normal, known).items():
                    limits = given.get(task, NO_THRESHOLDS) if given else NO_THRESHOLDS
                    answers[task] = heads[task].answer(logits, known, limits)
            else:
                answers |= _of_windows(Job(encoder, tasks, tokens), normal, known, request)
                truncated = truncated or not tokens.complete
        return self._analysis(text, answers, request.tasks, len(plan) > 0, truncated, (), started)

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
        given = request.thresholds.get(LANGUAGE, NO_THRESHOLDS)
        languages = self._models.detector().tell(parts, given)
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
                answers |= _blank(job, request.thresholds)
            elif not job.tokens.complete:
                truncated = True
        spans = explain(reading, answers, request.rows) if request.explain else ()
        began = started - reading.seconds
        return self._analysis(
            reading.text, answers, request.tasks, len(reading.jobs) > 0, truncated, spans, began
        )

    def _analysis(
        self,
        text: str,
        answers: Mapping[str, Prediction],
        tasks: tuple[str, ...],
        judged: bool,
        truncated: bool,
        spans: tuple[Span, ...],
        began: float,
    ) -> Analysis:
        """Put together what is said of a text; `judged` tells whether more than its language was asked."""
        unsure = False
        for task in tasks:
            if answers[task].unsure:
                unsure = True
                break
        get = answers.get
        # By position: names would take as long as all the rest.
        return Analysis(
            hash_text(text),
            answers[LANGUAGE],
            get("sentiment"),
            get("toxicity"),
            get("emotion"),
            self._name,
            self._models.choice().chosen if judged else self._language_backend,
            1000.0 * (perf_counter() - began),
            truncated,
            spans,
            unsure,
            self._settings.arm,
        )


def _run(encoder: Judge, jobs: Sequence[tuple[Reading, Job]], request: Request) -> None:
    """Run an encoder on everything it has to do, at least one row, and share out answers and time."""
    started = perf_counter()
    rows = [row for _, job in jobs for row in job.tokens.rows]
    tasks = tuple(dict.fromkeys(task for _, job in jobs for task in job.tasks))
    logits = encoder.logits(rows, tasks, request.rows)
    place = 0
    for reading, job in jobs:
        end = place + len(job.tokens.rows)
        part = {task: logits[task][place:end] for task in job.tasks}
        reading.answers |= _conclude(
            job, part, reading.normalized.text, reading.calibration, request.thresholds
        )
        place = end
    each = (perf_counter() - started) / sum(map(len, rows))
    for reading, job in jobs:
        reading.seconds += each * sum(map(len, job.tokens.rows))


def _of_windows(job: Job, text: str, language: str | None, request: Request) -> dict[str, Prediction]:
    """Answer for a text of several windows, or of none."""
    if not job.tokens.rows:
        return _blank(job, request.thresholds)
    logits = job.encoder.logits(job.tokens.rows, job.tasks, request.rows)
    return _conclude(job, logits, text, language, request.thresholds)


def _conclude(
    job: Job,
    logits: Mapping[str, Sequence[Sequence[float]]],
    text: str,
    language: str | None,
    given: Mapping[str, Mapping[str, float]],
) -> dict[str, Prediction]:
    """Make probabilities and answers of a text's logits."""
    encoder, tokens = job.encoder, job.tokens
    logits = encoder.settle(logits, tokens.rows, text, language)
    answers: dict[str, Prediction] = {}
    for task in job.tasks:
        head = encoder.heads[task]
        job.scores[task] = found = [head.scores(row, language) for row in logits[task]]
        one = head.pool(found, tokens.weights)
        answers[task] = head.predict(one, language, given.get(task, NO_THRESHOLDS))
    return answers


def _blank(job: Job, given: Mapping[str, Mapping[str, float]]) -> dict[str, Prediction]:
    """Answer for a text that has nothing to judge."""
    heads = job.encoder.heads
    return {task: heads[task].predict_blank(given.get(task, NO_THRESHOLDS)) for task in job.tasks}
