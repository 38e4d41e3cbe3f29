"""An analyzer in shadow mode: it answers as ever, and a challenger reads a share of the texts afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from edgewise.analyzer import Analyzer
from edgewise.engine.host import Asked
from edgewise.engine.settings import check_share
from edgewise.engine.thresholds import Thresholds
from edgewise.errors import InputError
from edgewise.results import Analysis
from edgewise.updates.shadow import Challenger, Shadow
from edgewise.updates.shadow_log import FILE_NAME, ShadowLog
from edgewise.updates.shadow_process import ChallengerProcess
from edgewise.updates.store import default_store

_SHARED = ("languages", "backend", "threads", "max_chars", "max_windows", "toxic_share")
"""Settings under which both must answer to be compared."""


class ShadowAnalyzer(Analyzer):
    """An `Analyzer` with a challenger in its shadow; whatever that one does, the answers are the same.

    The challenger runs in a process of its own, of lower priority, from the first text on that it is given.
    Only counts of disagreement are kept, see `edgewise.updates.shadow`; nothing is sent. Answers by
    thresholds of the app's own are not compared.

    Example::

        analyzer = ShadowAnalyzer("base@current", challenger="base@1.5.0")
        analyzer.analyze("What a day")
        analyzer.shadow.log.read().agreement

    Args:
        model: As of `Analyzer`.
        challenger: The model that is to be compared: as `model`, or whatever has its `analyze`, which then
            runs on a thread of this process and is closed by whoever made it.
        share: The share of texts that it reads, 0 to 1.
        log: The file of counts; None for the one in the store of updates.
        waiting: Texts that may wait for it, in memory; what comes beyond is left out and counted.
        settings: Further arguments of `Analyzer`, for both.

    Raises:
        ShadowError: A setting makes no sense.
        EdgewiseError: See `Analyzer`. A challenger that cannot be used raises nothing: it is counted.
    """

    def __init__(
        self,
        model: str | Path | None = None,
        *,
        challenger: str | Path | Challenger,
        share: float = 0.05,
        log: str | Path | None = None,
        waiting: int = 64,
        **settings: Any,
    ) -> None:
        if settings.get("languages") is not None:
            settings["languages"] = tuple(settings["languages"])
        if settings.get("toxic_share") is not None:
            settings["toxic_share"] = check_share("toxic_share", settings["toxic_share"])
        super().__init__(model, **settings)
        self._process: ChallengerProcess | None = None
        if isinstance(challenger, str | Path):
            shared = {name: settings[name] for name in _SHARED if settings.get(name) is not None}
            challenger = self._process = ChallengerProcess(challenger, shared)
        path = Path(log) if log is not None else default_store() / FILE_NAME
        self.shadow = Shadow(challenger, ShadowLog(path), share=share, waiting=waiting)
        """Offers texts to the challenger; `shadow.log` has the counts."""

    def analyze(
        self,
        text: str,
        *,
        tasks: Iterable[str] | None = None,
        explain: bool = False,
        thresholds: Thresholds | None = None,
    ) -> Analysis:
        """Answer for one text, see `Analyzer.analyze`; the challenger may read it afterwards."""
        answer = super().analyze(text, tasks=tasks, explain=explain, thresholds=thresholds)
        if thresholds is None:
            self.shadow.offer(text, answer)
        return answer

    def close(self) -> None:
        """Free the models, end the challenger, and write what was counted."""
        super().close()
        if self._process is not None:
            self._process.close()
        self.shadow.close()

    def _judge_around(self, chunk: Sequence[str | InputError], asked: Asked) -> list[Analysis | InputError]:
        answers = super()._judge_around(chunk, asked)
        if asked.plain:
            for text, answer in zip(chunk, answers, strict=True):
                if isinstance(text, str) and isinstance(answer, Analysis):
                    self.shadow.offer(text, answer)
        return answers
