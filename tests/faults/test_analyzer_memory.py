"""Memory stays flat however many texts are read."""

import random
from pathlib import Path

import psutil
import pytest
from tests.support.tiny_language import TinyLanguage, make_speaking_bundle

from edgewise import Analyzer

WORDS = ["good", "idiot", "gut", "wow", "day", "the", "😍", "xyz", "n\u200bot", "sh1t", "1234"]


@pytest.mark.slow
def test_memory_is_flat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgewise.language.LanguageModel", TinyLanguage, raising=False)
    analyzer, chance = Analyzer(make_speaking_bundle(tmp_path / "own")), random.Random(5)
    process, sizes = psutil.Process(), []
    for _ in range(6):
        for _ in range(600):
            text = " ".join(chance.choices(WORDS, k=chance.choice((1, 5, 20, 80))))
            analyzer.analyze(f"{text} {chance.random()}", explain=chance.random() < 0.01)
        analyzer.analyze_batch(" ".join(chance.choices(WORDS, k=10)) for _ in range(1000))
        sizes.append(process.memory_info().rss)
    assert max(sizes[3:]) - sizes[2] < 4 * 2**20, [size >> 20 for size in sizes]
