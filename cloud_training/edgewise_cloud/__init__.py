"""The cloud side: data catalogue, training commands, evaluation."""
