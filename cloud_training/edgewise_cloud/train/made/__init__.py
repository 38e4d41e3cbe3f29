"""Made rows: hand-written sentences, against taking the name of a group for hate and words for deeds."""

from edgewise_cloud.train.made.rows import (
    IDENTITY,
    MADE_SOURCES,
    NEGATION,
    PLAIN,
    USE,
    every_made_row,
    made_rows,
    made_training_rows,
    template_rows,
)
from edgewise_cloud.train.made.sentences import made_languages
from edgewise_cloud.train.made.templates import KINDS, template_languages

__all__ = [
    "IDENTITY",
    "KINDS",
    "MADE_SOURCES",
    "NEGATION",
    "PLAIN",
    "USE",
    "every_made_row",
    "made_languages",
    "made_rows",
    "made_training_rows",
    "template_languages",
    "template_rows",
]
