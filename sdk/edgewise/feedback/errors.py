"""What can be wrong with feedback."""

from __future__ import annotations

from edgewise.errors import EdgewiseError


class FeedbackError(EdgewiseError, ValueError):
    """Something is no feedback.

    Attributes:
        field: What is wrong.
        value: What was there.
        wanted: What belongs there.
    """

    def __init__(self, field: str, value: object, wanted: str) -> None:
        self.field = field
        self.value = value
        self.wanted = wanted.rstrip(".")
        super().__init__(f"This is no feedback: {field} is {value!r:.80}. Give {self.wanted}.")
