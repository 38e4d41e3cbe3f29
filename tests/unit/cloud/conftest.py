"""A small data folder of the form of the real one, with names of real sets so that our schemes apply."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from edgewise.results import Analysis, Prediction

pa = pytest.importorskip("pyarrow", reason="the data catalogue needs the extra 'cloud'")
pq = pytest.importorskip("pyarrow.parquet")

Row = dict[str, Any]
FILES: dict[str, tuple[str, str, list[Row]]] = {
    "sentiment/en_sst.parquet": (
        "unstated",
        "main",
        [
            {"text": "a fine film", "label": "positive", "split": "train"},
            {"text": "a dull film", "label": "negative", "split": "train"},
            {"text": "a fine film!", "label": "positive", "split": "test"},
            {"text": "an awful film", "label": "negative", "split": "test"},
            {"text": "a film", "label": "neutral", "split": "test"},
            {"text": "not a fine film", "label": "negative", "split": "test"},
        ],
    ),
    "sentiment/ja_reviews.parquet": (
        "unstated",
        "main",
        [
            {"text": "とても 良い 商品 Type C です", "label": "positive", "split": "train", "lang": "ja"},
            {"text": "悪い", "label": "negative", "split": "test", "lang": "ja"},
        ],
    ),
    "sentiment/vi_vsfc.parquet": (
        "nc",
        "main",
        [{"text": "hay", "label": "positive", "split": "test", "lang": "vi"}],
    ),
    "toxicity/de_germeval2018.parquet": (
        "open",
        "main",
        [
            {"text": "du Depp", "label": "toxic", "labels": ["insult"], "native_label": "OFFENSE/INSULT"},
            {
                "text": "Scheisse",
                "label": "toxic",
                "labels": ["obscene"],
                "native_label": "OFFENSE/PROFANITY",
            },
            {"text": "Hallo", "label": "non-toxic", "labels": [], "native_label": "OTHER/OTHER"},
        ],
    ),
    "toxicity/aux/en_dynahate_dghs.parquet": (
        "unstated",
        "aux",
        [
            {"text": "hate", "label": "toxic", "labels": ["identity_attack"], "native_label": "hate=1"},
            {"text": "rude, not hate", "label": "non-toxic", "labels": [], "native_label": "hate=0"},
        ],
    ),
    "toxicity/es_offendes.parquet": (
        "unstated",
        "main",
        [
            {"text": "joder qué bien", "label": "non-toxic", "labels": [], "native_label": "NOE"},
            {"text": "qué bien", "label": "non-toxic", "labels": [], "native_label": "NO"},
            {"text": "eres tonto", "label": "toxic", "labels": ["insult"], "native_label": "OFP"},
        ],
    ),
    "toxicity/zh_cold.parquet": (
        "open",
        "main",
        [
            {"text": "甲", "label": "toxic", "labels": [], "native_label": "offensive=1;topic=race"},
            {"text": "乙", "label": "toxic", "labels": [], "native_label": "offensive=1;topic=race;fg=1"},
        ],
    ),
    "toxicity/pt_told_br.parquet": (
        "open",
        "main",
        [{"text": "x", "label": "toxic", "labels": ["insult"], "native_label": "obscene=1;insult=2"}],
    ),
    "emotion/carer_emotion_en.parquet": (
        "unstated",
        "main",
        [
            {
                "text": "i feel happy",
                "label": "joy",
                "labels": ["joy"],
                "native_labels": ["joy"],
                "split": "train",
            },
            {
                "text": "i feel low",
                "label": "sadness",
                "labels": ["sadness"],
                "native_labels": ["sadness"],
                "split": "test",
            },
        ],
    ),
    "emotion/brighter_world.parquet": (
        "open",
        "main",
        [
            {"text": "hm", "label": None, "labels": ["anger", "fear"], "native_labels": [], "lang": "en"},
            {"text": "nada", "label": "joy", "labels": ["joy"], "native_labels": ["joy"], "lang": "es"},
            {"text": "?", "label": None, "labels": [], "native_labels": ["x"], "lang": "en"},
        ],
    ),
}
LANGUAGE_ROWS = [
    {"text": "good morning", "lang": "en", "split": "train", "source": "open/repo:a.txt", "domain": "chat"},
    {"text": "guten Morgen", "lang": "de", "split": "train", "source": "closed/repo:b.txt", "domain": "chat"},
    {"text": "bonjour", "lang": "fr", "split": "test", "source": "open/repo:c.txt", "domain": None},
    {"text": "ciao", "lang": "it", "split": "test", "source": "nowhere/repo:d.txt", "domain": "news"},
    {"text": "hola", "lang": "es", "split": "test", "source": "tweets/repo:d.txt", "domain": "news"},
]
SOURCES = {
    "open/repo": {"class": "open"},
    "closed/repo": {"class": "nc"},
    "tweets/repo": {"class": "tweets-terms"},
}


def write_parquet(path: Path, rows: list[Row]) -> None:
    """Write rows as a Parquet file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = list(dict.fromkeys(name for row in rows for name in row))
    kinds = {"labels": pa.list_(pa.string()), "native_labels": pa.list_(pa.string())}
    pq.write_table(
        pa.table(
            {name: pa.array([row.get(name) for row in rows], kinds.get(name, pa.string())) for name in names}
        ),
        path,
    )


def entry(file: str, licence_class: str, tier: str, rows: list[Row]) -> dict[str, Any]:
    """Describe a file as catalogue.json does."""
    return {
        "task": file.split("/")[0],
        "file": file,
        "name": f"the set {file}",
        "licence": "as stated",
        "licence_class": licence_class,
        "tier": tier,
        "rows": dict(Counter(row.get("split", "train") for row in rows)),
        "languages": dict(Counter(row.get("lang", "en") for row in rows)),
        "labels": {},
        "dropped_held_out": 0,
    }


@pytest.fixture
def make_data(tmp_path: Path) -> Callable[..., Path]:
    """Return a maker of data folders; `changes` replaces or adds files."""

    def make(changes: dict[str, tuple[str, str, list[Row]]] | None = None) -> Path:
        entries = []
        for file, (licence_class, tier, rows) in (FILES | (changes or {})).items():
            full = [{"lang": "en", "split": "train", "source": "owner/repo:file", **row} for row in rows]
            write_parquet(tmp_path / file, full)
            entries.append(entry(file, licence_class, tier, full))
        write_parquet(tmp_path / "language/langid.parquet", LANGUAGE_ROWS)
        entries.append(entry("language/langid.parquet", "mixed", "main", LANGUAGE_ROWS))
        (tmp_path / "language/sources.json").write_text(json.dumps(SOURCES), encoding="utf-8")
        (tmp_path / "catalogue.json").write_text(json.dumps(entries), encoding="utf-8")
        return tmp_path

    return make


@pytest.fixture
def data(make_data: Callable[..., Path]) -> Path:
    """Return the folder with the files above."""
    return make_data()


class FakeAnalyzer:
    """Answers from a table of text -> task -> scores, as the analyzer would; counts what it was asked."""

    def __init__(self, scores: dict[str, dict[str, dict[str, float]]], threshold: float = 0.5) -> None:
        self.scores = scores
        self.threshold = threshold
        self.asked: list[tuple[str, ...]] = []
        self.languages: tuple[str, ...] | None = None

    def analyze_batch(self, texts: Sequence[str], *, tasks: Sequence[str]) -> list[Analysis]:
        self.asked.append(tuple(tasks))
        return [self._analysis(text, tasks) for text in texts]

    def _analysis(self, text: str, tasks: Sequence[str]) -> Analysis:
        found = {task: self._prediction(task, self.scores[text][task]) for task in tasks}
        nothing = Prediction("und", 1.0, {"und": 1.0}, 0.5, unsure=True)
        return Analysis(
            text_hash="",
            language=found.get("language", nothing),
            sentiment=found.get("sentiment"),
            toxicity=found.get("toxicity"),
            emotion=found.get("emotion"),
            model="fake 1.0.0",
            backend="none",
            latency_ms=0.0,
            truncated=False,
            spans=(),
            unsure=False,
        )

    def _prediction(self, task: str, scores: dict[str, float]) -> Prediction:
        if task == "toxicity":
            score = scores["toxicity"]
            label = "toxic" if score >= self.threshold else "non-toxic"
            return Prediction(label, score, scores, self.threshold, unsure=abs(score - self.threshold) < 0.1)
        allowed = {
            k: v for k, v in scores.items() if not self.languages or task != "language" or k in self.languages
        }
        label = max(allowed, key=lambda name: allowed[name])
        return Prediction(
            label, allowed[label], allowed, self.threshold, unsure=allowed[label] < self.threshold
        )


@pytest.fixture
def fake() -> type[FakeAnalyzer]:
    """Return the class of fake analyzers."""
    return FakeAnalyzer
