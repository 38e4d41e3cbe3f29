"""Where models to convert come from; found by the entry-point group `edgewise.sources`."""
