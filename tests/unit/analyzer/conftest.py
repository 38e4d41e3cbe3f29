"""An analyzer whose answers can be worked out by hand, language included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.tiny_language import TinyLanguage, make_speaking_bundle

from edgewise import Analyzer

Pack = Callable[..., Path]


@pytest.fixture(scope="module", autouse=True)
def tiny_language() -> Iterator[None]:
    """Let bundles of these tests tell languages by a few words."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edgewise.language.LanguageModel", TinyLanguage, raising=False)
        yield


@pytest.fixture(scope="session")
def speaking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle shared by all tests: read it, never write to it."""
    return make_speaking_bundle(tmp_path_factory.mktemp("bundles") / "speaking")


@pytest.fixture
def packed(tmp_path: Path) -> Pack:
    """Packs a bundle of the test's own: `packed(edit)`."""
    return lambda edit=None: make_speaking_bundle(tmp_path / "own", edit)


@pytest.fixture(scope="module")
def analyzer(speaking: Path) -> Iterator[Analyzer]:
    """An open analyzer, shared by the tests of a file: do not close it."""
    with Analyzer(speaking) as made:
        yield made
