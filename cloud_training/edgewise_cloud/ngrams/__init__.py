"""Teachers of n-grams: linear, trained in minutes on a processor, one model a language."""
