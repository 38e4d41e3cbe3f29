"""What a person says of an answer, as a record; nothing here sends it. See docs/feedback.md."""

from edgewise.feedback.errors import FeedbackError
from edgewise.feedback.event import Consent, FeedbackEvent, parse_event

__all__ = ["Consent", "FeedbackError", "FeedbackEvent", "parse_event"]
