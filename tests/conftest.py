"""Settings that every test shares; no fixtures."""

from contextlib import suppress

from hypothesis import settings

from edgewise_runtimes.openvino_import import import_openvino

# A busy machine must not fail a property test: the time an example takes is for the benchmarks.
settings.register_profile("edgewise", deadline=None)
settings.load_profile("edgewise")

# A file that asks whether openvino or nncf is there imports it, which sends an event unless we were first.
with suppress(ImportError):
    import_openvino()
