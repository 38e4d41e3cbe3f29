"""What can be wrong with a recipe or a saved teacher."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgewise.errors import EdgewiseError


class TeacherError(EdgewiseError):
    """Something about teachers went wrong."""


class RecipeNotFoundError(TeacherError, FileNotFoundError):
    """There is no such recipe."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        """Say which one, and which there are."""
        super().__init__(
            f"There is no recipe {name!r}: neither a file of that name nor one of {', '.join(known)}. "
            "Check the spelling, or give the path of a JSON file."
        )


class RecipeError(TeacherError, ValueError):
    """A recipe says something impossible."""

    def __init__(self, name: str, field: str, why: str) -> None:
        """Say which recipe, which field and why."""
        super().__init__(
            f"The recipe {name!r} can't be used: {field} {why}. Correct the field and run it again."
        )


class TeacherFolderError(TeacherError, ValueError):
    """A folder holds no whole teacher."""

    def __init__(self, folder: Path, why: str) -> None:
        """Say which folder and what is wrong with it."""
        super().__init__(
            f"{folder} holds no teacher: {why}. Name the folder `teacher` in the work folder of a finished "
            "`edgewise teacher train`, or train it again."
        )


class EncoderError(TeacherError, OSError):
    """A pretrained encoder can't be loaded."""

    def __init__(self, source: str, why: str, remedy: str = "") -> None:
        """Say which one, what its loader said, and what helps where it is there and does not fit."""
        otherwise = (
            "Without a network, name a local folder with config.json, model.safetensors and tokenizer files."
        )
        super().__init__(f"The encoder {source!r} can't be used: {why.rstrip('.')}. {remedy or otherwise}")


class NoLabelledLanguageError(TeacherError, ValueError):
    """Nothing is left to train on."""

    def __init__(self, recipe: str, tasks: Sequence[str], languages: Sequence[str] | None) -> None:
        """Say what was asked for."""
        where = f" in {', '.join(languages)}" if languages else ""
        super().__init__(
            f"The recipe {recipe!r} finds no training rows for {', '.join(tasks)}{where}. "
            "Check its languages and sets, --data and --licences."
        )


class EnsembleError(TeacherError, ValueError):
    """Teachers do not fit together."""

    def __init__(self, task: str, first: str, second: str) -> None:
        """Say which two disagree about the labels of which task."""
        super().__init__(
            f"{first} and {second} have different labels for {task}: their probabilities can't be averaged. "
            "Leave one of them out."
        )


class DivergedError(TeacherError, ArithmeticError):
    """Training left the numbers."""

    def __init__(self, step: int) -> None:
        """Say at which step."""
        super().__init__(
            f"The loss of step {step} is no number: training has diverged. The last checkpoint is from "
            "before it; lower training.rate or training.head_rate, and train in another --work folder."
        )


class CheckpointWriteError(TeacherError, OSError):
    """A file of a run can't be written."""

    def __init__(self, path: Path, why: str) -> None:
        """Say which file, and what the system said."""
        super().__init__(
            f"{path} can't be written: {why.rstrip('.')}. Free some space and run the same command again: it "
            "goes on from the checkpoint before this one."
        )


class NoRawTextError(TeacherError, ValueError):
    """There is nothing to pre-train on."""

    def __init__(self, recipe: str, languages: Sequence[str] | None) -> None:
        """Say for which recipe."""
        where = f" in {', '.join(languages)}" if languages else ""
        super().__init__(
            f"The recipe {recipe!r} asks for pre-training, and there is no raw text{where} to pre-train on. "
            "Check --data and --licences, or take 'pretraining' out of the recipe."
        )


class FewLanguagesError(TeacherError, ValueError):
    """Languages can't be told apart where there is one only."""

    def __init__(self, recipe: str, found: Sequence[str]) -> None:
        """Say what there is."""
        super().__init__(
            f"The recipe {recipe!r} finds training lines in {', '.join(found) or 'no language'}: two "
            "languages are needed to tell them apart. Check its languages, --data and --licences."
        )


class NoGateError(TeacherError, ValueError):
    """A file of gates has none for a teacher."""

    def __init__(self, gates: str, tasks: Sequence[str]) -> None:
        """Say which file, and what the teacher does."""
        super().__init__(
            f"The gates {gates!r} say nothing of {', '.join(tasks)}: the teacher would pass unseen. Name "
            "other gates, or none."
        )


class AdaptTaskError(TeacherError, ValueError):
    """A teacher can't be adapted to a task."""

    def __init__(self, teacher: str, task: str, known: Sequence[str]) -> None:
        """Say which teacher and task, and what the teacher does."""
        super().__init__(
            f"The teacher {teacher!r} can't be adapted to {task}: it answers {', '.join(known)}, and the "
            "task language has no rows of one's own. Name one of its other tasks."
        )


class AdaptRowsError(TeacherError, ValueError):
    """A file has too few rows to adapt a teacher to."""

    def __init__(self, path: Path, train: int, dev: int, least: tuple[int, int]) -> None:
        """Say what is left of the file, and what is needed."""
        super().__init__(
            f"{path} leaves {train} rows to train on and {dev} to check with, after what repeats or "
            f"contradicts itself is dropped; at least {least[0]} and {least[1]} are needed. Label more texts."
        )
