"""What the tests of the command line share."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.support.tiny_bundle import make_tiny_bundle

from edgewise.cli import main

Run = Callable[..., Result]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture
def edgewise() -> Run:
    """Run a command line in this process."""

    def run(*arguments: object, stdin: str | bytes | None = None) -> Result:
        return CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin)

    return run


@pytest.fixture
def analyze(edgewise: Run, tiny: Path) -> Run:
    """Run `edgewise analyze` on the tiny bundle."""

    def run(*arguments: object, stdin: str | bytes | None = None) -> Result:
        return edgewise("analyze", "--model", tiny, *arguments, stdin=stdin)

    return run
