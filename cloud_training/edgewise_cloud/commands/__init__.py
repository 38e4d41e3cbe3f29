"""Commands of the cloud side, found through the entry-point group `edgewise.commands`."""
