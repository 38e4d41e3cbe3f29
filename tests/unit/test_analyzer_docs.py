"""The examples of docs/analyzer.md hold."""

import doctest
from pathlib import Path

import pytest
from tests.support.tiny_language import TinyLanguage, make_speaking_bundle

from edgewise.bundle import DEFAULT_BUNDLE, bundled

DOCS = Path(__file__).parents[2] / "docs" / "analyzer.md"
OPTIONS = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL


def failures() -> list[str]:
    text = DOCS.read_text(encoding="utf-8")
    test = doctest.DocTestParser().get_doctest(text, {}, DOCS.name, str(DOCS), 0)
    assert len(test.examples) > 15
    report: list[str] = []
    doctest.DocTestRunner(optionflags=OPTIONS).run(test, out=report.append)
    return report


def test_they_hold_for_the_tiny_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_speaking_bundle(tmp_path / "speaking")
    monkeypatch.setattr("edgewise.engine.serving.resolve", lambda model: folder)
    monkeypatch.setattr("edgewise.language.LanguageModel", TinyLanguage, raising=False)
    assert failures() == []


@pytest.mark.skipif(DEFAULT_BUNDLE not in bundled(), reason="the package has no default bundle yet")
def test_they_hold_for_the_bundle_in_the_package() -> None:
    assert failures() == []
