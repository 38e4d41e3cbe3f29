"""The command line. `main` is what the script `edgewise` calls."""

from edgewise.cli.app import main

__all__ = ["main"]
