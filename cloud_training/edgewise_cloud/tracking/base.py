"""What every tracker can do."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

STATUSES = ("FINISHED", "FAILED", "KILLED")
"""How a run may end."""

LOCAL = "local-"
"""What the ids of runs begin with that the server did not know when they began."""

UNTRACKED = "untracked-"
"""What the ids of runs begin with that nobody tracks."""


@dataclass(frozen=True, slots=True)
class Unsent:
    """What the tracking server has not got yet.

    Attributes:
        calls: How many calls wait in the spool.
        refused: How many calls the server would not take.
        spool: The folder in which they are kept.
        url: Where they belong, without a password.
        problem: Why they have not been sent.
    """

    calls: int
    refused: int
    spool: Path
    url: str
    problem: str

    def __str__(self) -> str:
        """Say what happened and which command sends them later."""
        why = f" ({self.problem.rstrip('.')})" if self.problem else ""
        told = []
        if self.calls:
            told.append(
                f"{self.calls} tracking calls have not reached {self.url}{why}. Nothing is lost: they are "
                f"kept in {self.spool}. Send them with: edgewise registry sync {self.spool}"
            )
        if self.refused:
            told.append(
                f"{self.refused} tracking calls were refused by {self.url}; {self.spool / 'refused.jsonl'} "
                "holds them with the reasons."
            )
        return " ".join(told)


class Tracker(ABC):
    """Notes what a run was told, what it measured and what it made."""

    @abstractmethod
    def start(self, run_name: str, params: Mapping[str, object], tags: Mapping[str, str]) -> str:
        """Begin a run.

        Args:
            run_name: For people.
            params: What the run was told; mappings inside become names with dots.
            tags: Where it comes from; see `provenance_tags`.

        Returns:
            The id of the run: the server's, or one of our own that begins with "local-" while the server
            is away. `resume` and the registry know both.
        """

    @abstractmethod
    def resume(self, run_id: str) -> None:
        """Go on with a run that was begun before, by its id."""

    @abstractmethod
    def metrics(self, values: Mapping[str, float], step: int | None = None) -> None:
        """Note figures.

        Args:
            values: Figures by name: letters, digits and `_ - . / blank`.
            step: Step of the training, None for figures of the whole run.

        Raises:
            NoRunError: No run has begun.
            MetricError: A name or a value is none that MLflow takes.
        """

    @abstractmethod
    def artifact(self, path: Path, folder: str = "") -> None:
        """Keep a file or folder with the run.

        Args:
            path: It is copied at once and may change afterwards.
            folder: Where among the run's artifacts it goes, "" for their top.

        Raises:
            NoRunError: No run has begun.
            ArtifactMissingError: There is nothing at `path`.
        """

    @abstractmethod
    def end(self, status: str = "FINISHED") -> None:
        """End the run, and send what has not been sent; waits a while, but not for ever.

        Args:
            status: FINISHED, FAILED or KILLED.
        """

    @property
    @abstractmethod
    def unsent(self) -> Unsent | None:
        """What the server has not got; None when it has everything."""


class NoTracker(Tracker):
    """Tracks nothing."""

    def start(self, run_name: str, params: Mapping[str, object], tags: Mapping[str, str]) -> str:
        """Return an id that no server knows."""
        return f"{UNTRACKED}{uuid.uuid4().hex}"

    def resume(self, run_id: str) -> None:
        """Do nothing."""

    def metrics(self, values: Mapping[str, float], step: int | None = None) -> None:
        """Do nothing."""

    def artifact(self, path: Path, folder: str = "") -> None:
        """Do nothing."""

    def end(self, status: str = "FINISHED") -> None:
        """Do nothing."""

    @property
    def unsent(self) -> None:
        """Nothing is ever unsent."""
        return None
