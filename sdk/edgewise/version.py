"""The version of this SDK; `pyproject.toml` says the same one."""

__version__ = "0.1.0"
