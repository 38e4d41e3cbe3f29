"""A long run over a file that can be stopped at any moment and continued. See `run`."""
