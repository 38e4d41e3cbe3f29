"""Made rows: sentences about groups of people, against the bias that naming a group is toxic."""

from edgewise_cloud.train.made.rows import IDENTITY, MADE_SOURCES, made_rows, made_training_rows
from edgewise_cloud.train.made.sentences import made_languages

__all__ = ["IDENTITY", "MADE_SOURCES", "made_languages", "made_rows", "made_training_rows"]
