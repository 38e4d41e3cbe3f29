"""Every error of the teachers takes facts, is one sentence after the other, and travels between processes."""

from __future__ import annotations

import inspect
import pickle
from pathlib import Path

import pytest

from edgewise.errors import EdgewiseError
from edgewise_cloud.teacher import errors

EXAMPLES: dict[str, Exception] = {
    type(error).__name__: error
    for error in (
        errors.RecipeNotFoundError("mood", ["bert_sentiment"]),
        errors.RecipeError("mine", "training.rate", "is 'fast', which is no number"),
        errors.TeacherFolderError(Path("runs/x"), "teacher.json is not there"),
        errors.EncoderError("models/bert", "it lacks 3 weights"),
        errors.NoLabelledLanguageError("mine", ["emotion"], ["fi"]),
        errors.EnsembleError("emotion", "one", "other"),
        errors.DivergedError(7),
        errors.CheckpointWriteError(Path("runs/x/checkpoint.pt"), "No space left on device"),
        errors.NoRawTextError("mine", None),
        errors.FewLanguagesError("mine", ["en"]),
        errors.NoGateError("default", ["language"]),
        errors.AdaptTaskError("mine", "language", ["emotion"]),
        errors.AdaptRowsError(Path("mine.csv"), 3, 0, (16, 2)),
    )
}


def test_every_error_has_an_example_here() -> None:
    classes = {name for name, value in vars(errors).items() if inspect.isclass(value) and "Error" in name}
    assert classes == {*EXAMPLES, "EdgewiseError", "TeacherError"}


@pytest.mark.parametrize("error", EXAMPLES.values(), ids=EXAMPLES)
def test_an_error_is_sentences_and_survives_pickling(error: Exception) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert isinstance(error, EdgewiseError)
    assert len(type(error).__mro__) > len(errors.TeacherError.__mro__) + 1  # a builtin beside ours
    assert str(error).endswith(".")
    assert "\n" not in str(error)
    assert ".." not in str(error)


def test_an_encoder_that_does_not_fit_says_what_helps() -> None:
    assert "Lower max_tokens." in str(
        errors.EncoderError("x", "it can't read 99 tokens", "Lower max_tokens.")
    )
    assert "network" not in str(errors.EncoderError("x", "it can't read 99 tokens", "Lower max_tokens."))
