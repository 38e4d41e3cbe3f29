"""An analyzer whose answers can be worked out by hand, language included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.tiny_bundle import tiny_files, tiny_spec
from tests.support.tiny_language import FILE, TinyLanguage, add_language

from edgewise import Analyzer
from edgewise_converters.pack import pack

Pack = Callable[..., Path]


@pytest.fixture(scope="session", autouse=True)
def tiny_language() -> Iterator[None]:
    """Let bundles of these tests tell languages by a few words."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edgewise.language.LanguageModel", TinyLanguage, raising=False)
        yield


def pack_speaking(folder: Path, edit: Callable[[dict[str, Any]], None] | None = None, **files: bytes) -> Path:
    """Pack the tiny bundle with the tiny language model."""
    spec = tiny_spec()
    add_language(spec)
    if edit is not None:
        edit(spec)
    named = {name.replace("__", "."): data for name, data in files.items()}
    return pack(folder, spec, {**tiny_files(), FILE: b"tiny", **named})


@pytest.fixture(scope="session")
def speaking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle shared by all tests: read it, never write to it."""
    return pack_speaking(tmp_path_factory.mktemp("bundles") / "speaking")


@pytest.fixture
def packed(tmp_path: Path) -> Pack:
    """Packs a bundle of the test's own: `packed(edit)`."""
    return lambda edit=None, **files: pack_speaking(tmp_path / "own", edit, **files)


@pytest.fixture(scope="module")
def analyzer(speaking: Path) -> Iterator[Analyzer]:
    """An open analyzer, shared by the tests of a file: do not close it."""
    with Analyzer(speaking) as made:
        yield made
