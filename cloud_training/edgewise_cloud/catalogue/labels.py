"""Label orders of the arrays that the catalogue builds: those of every Edgewise model."""

SENTIMENT = ("negative", "neutral", "positive")
TOXICITY = (
    "toxicity",
    "severe_toxicity",
    "identity_attack",
    "insult",
    "profanity",
    "threat",
    "sexually_explicit",
)
EMOTION = ("anger", "disgust", "fear", "joy", "love", "sadness", "surprise", "neutral")
