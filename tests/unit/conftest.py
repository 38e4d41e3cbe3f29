"""Fixtures for the unit tests."""

from pathlib import Path

import pytest
from tests.support.tiny_bundle import make_tiny_bundle


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tiny bundle, shared by all tests: read it, never write to it."""
    return make_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny")
