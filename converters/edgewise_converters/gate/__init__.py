"""Is a converted model still the same model? What is measured goes into the manifest."""
