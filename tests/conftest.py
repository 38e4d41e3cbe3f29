"""Settings that every test shares; no fixtures."""

from hypothesis import settings

# A busy machine must not fail a property test: the time an example takes is for the benchmarks.
settings.register_profile("edgewise", deadline=None)
settings.load_profile("edgewise")
