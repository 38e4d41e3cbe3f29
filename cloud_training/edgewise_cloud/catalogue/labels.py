"""Label orders of the arrays that the catalogue builds: those of every Edgewise model."""

from edgewise.labels import LABELS

SENTIMENT = LABELS["sentiment"]
TOXICITY = LABELS["toxicity"]
EMOTION = LABELS["emotion"]
