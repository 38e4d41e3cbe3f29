"""A data folder of the real layout, small enough to train on inside a test.

Five languages (Serbian in two scripts), five labelled sets that bear names of real ones so that our schemes
apply, raw text, parallel sentences, and one set whose licence forbids training.

    folder = make_training_data(tmp_path)
    catalogue = load_catalogue(folder)
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

Row = dict[str, Any]

WORDS = {
    "en": "the house and water with this that very good morning people think about world never always some"
    " children school where because through night every great between light",
    "de": "das haus und wasser mit dieser jenes sehr guter morgen leute denken über welt niemals immer einige"
    " kinder schule wo weil durch nacht jeder großer zwischen licht",
    "es": "la casa y agua con este aquel muy buenos días gente piensa sobre mundo nunca siempre algunos"
    " niños escuela donde porque través noche cada grande entre luz",
    "ru": "этот дом и вода с очень доброе утро люди думают о мире никогда всегда некоторые"
    " дети школа где потому через ночь каждый большой между свет",
    "sr": "ова кућа и вода са овим веома добро јутро људи мисле о свету никада увек неки"
    " деца школа где јер кроз ноћ сваки велики између светло",
}
LATIN = (
    "ova kuća i voda sa ovim veoma dobro jutro ljudi misle o svetu nikada uvek neki deca škola gde jer kroz"
)
LANGUAGES = tuple(WORDS)

FORBIDDEN = "zzyzx"
"""A word of the set that nobody may train on."""

LEAKED = "Utterly unique words leak everywhere"
"""A training text of `sentiment/en_sst` that stands, written otherwise, in a test split of another set."""

TOLD = {
    "negative": "awful boring dreadful worst",
    "neutral": "table window paper street",
    "positive": "wonderful lovely superb best",
    "toxic": "idiot moron scum pathetic",
    "non-toxic": "thanks agreed sure welcome",
    "anger": "furious angry outraged",
    "fear": "scared afraid terrified",
    "joy": "happy cheerful glad",
    "love": "adore beloved darling",
    "sadness": "lonely sad crying",
    "surprise": "astonished amazed unexpected",
}


def sentences(language: str, count: int, seed: int, script: str = "") -> list[str]:
    """Make lines of four to nine words of a language."""
    rng = np.random.default_rng((seed, LANGUAGES.index(language), len(script)))
    words = (LATIN if script == "Latn" else WORDS[language]).split()
    return [" ".join(rng.choice(words, int(rng.integers(4, 10)))) for _ in range(count)]


def labelled(labels: list[str], count: int, seed: int, language: str = "en") -> list[Row]:
    """Make rows whose label shows in one word of the text."""
    rng = np.random.default_rng((seed, 99))
    rows = []
    for place, text in enumerate(sentences(language, count, seed)):
        label = labels[place % len(labels)]
        words = [*text.split(), str(rng.choice(TOLD[label].split()))]
        rows.append({"text": " ".join(rng.permutation(words)), "label": label, "lang": language})
    return rows


def _splits(labels: list[str], train: int, dev: int, test: int, seed: int, language: str = "en") -> list[Row]:
    rows = []
    for place, (split, count) in enumerate((("train", train), ("dev", dev), ("test", test))):
        rows += [{**row, "split": split} for row in labelled(labels, count, seed + place, language)]
    return rows


def _files() -> dict[str, tuple[str, list[Row]]]:
    """Licence class and rows of each labelled set."""
    sst = _splits(["negative", "neutral", "positive"], 420, 120, 60, 1)
    sst.append({"text": LEAKED, "label": "positive", "lang": "en", "split": "train"})
    forbidden = _splits(["negative", "positive"], 60, 0, 30, 2)
    for row in forbidden:
        row["text"] += f" {FORBIDDEN}"
    forbidden.append({"text": LEAKED.upper() + "!!", "label": "positive", "lang": "en", "split": "test"})
    toxic = _splits(["toxic", "non-toxic"], 420, 160, 60, 3)
    emotions = ["anger", "fear", "joy", "love", "sadness", "surprise"]
    felt = _splits(emotions, 420, 120, 60, 4)
    for row in felt:
        row["labels"] = [row["label"]]
    german = _splits(["toxic", "non-toxic"], 200, 0, 40, 5, "de")
    for row in german:
        kind = "INSULT" if row["label"] == "toxic" else "OTHER"
        row |= {"native_label": kind, "labels": ["insult"] if kind == "INSULT" else []}
    return {
        "sentiment/en_sst.parquet": ("unstated", sst),
        "sentiment/hr_pauza.parquet": ("open", _splits(["negative", "positive"], 200, 0, 40, 6, "sr")),
        "sentiment/vi_vsfc.parquet": ("nc", forbidden),
        "toxicity/en_olid.parquet": ("open", toxic),
        "toxicity/de_germeval2018.parquet": ("copyleft", german),
        "emotion/carer_emotion_en.parquet": ("open", felt),
    }


def _language_rows(train: int, dev: int, test: int) -> list[Row]:
    rows = []
    for split, count, seed in (("train", train, 11), ("dev", dev, 12), ("test", test, 13)):
        for language in LANGUAGES:
            lines = sentences(language, count, seed)
            if language == "sr":
                lines = [*lines[: count // 2], *sentences(language, count - count // 2, seed, "Latn")]
            rows += [
                {
                    "text": line,
                    "lang": language,
                    "split": split,
                    "source": "open/lines:a.txt",
                    "domain": "chat",
                }
                for line in lines
            ]
    rows.append(
        {"text": f"{FORBIDDEN} nc line", "lang": "en", "split": "train", "source": "closed/lines:b.txt"}
    )
    return rows


def _raw_rows() -> list[Row]:
    """Lines without split; the Chinese ones bring the tokenizer a thousand characters."""
    rng = np.random.default_rng(21)
    chinese = ["".join(chr(code) for code in rng.permutation(1200)[:300] + 0x4E00) for _ in range(60)]
    lines = [(line, language) for language in LANGUAGES for line in sentences(language, 60, 14)]
    lines += [(line, "zh") for line in chinese]
    return [{"text": text, "lang": language, "source": "open/raw:c.txt"} for text, language in lines]


def _parallel_rows(count: int = 40) -> list[Row]:
    """Pairs of lines whose words stand at the same places in the lists; English first, but for a few."""
    rng = np.random.default_rng(31)
    rows = []
    for language in ("de", "es", "ru", "sr"):
        words, english = WORDS[language].split(), WORDS["en"].split()
        for _ in range(count):
            places = rng.integers(min(len(words), len(english)), size=int(rng.integers(4, 9)))
            texts = (" ".join(side[place] for place in places) for side in (english, words))
            rows.append(dict(zip(("text_a", "text_b"), texts, strict=True), lang_a="en", lang_b=language))
    rows.append({"text_a": "das haus", "text_b": "la casa", "lang_a": "de", "lang_b": "es"})
    return rows


def write_table(path: Path, rows: list[Row]) -> None:
    """Write rows as a Parquet file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {
        name: pa.array(
            [row.get(name) for row in rows], pa.list_(pa.string()) if name == "labels" else pa.string()
        )
        for name in names
    }
    pq.write_table(pa.table(columns), path)


def _entry(file: str, licence_class: str, rows: list[Row]) -> dict[str, Any]:
    return {
        "task": file.split("/")[0],
        "file": file,
        "name": f"The set {file}",
        "licence": "as stated",
        "licence_class": licence_class,
        "tier": "main",
        "rows": dict(Counter(row.get("split", "train") for row in rows)),
        "languages": dict(Counter(row["lang"] for row in rows)),
    }


def make_training_data(folder: Path) -> Path:
    """Write the data folder.

    Args:
        folder: Where to.

    Returns:
        The folder, which holds catalogue.json.
    """
    entries = []
    for file, (licence_class, rows) in _files().items():
        write_table(folder / file, [{"source": "open/lines:d.txt", **row} for row in rows])
        entries.append(_entry(file, licence_class, rows))
    for file, rows in (
        ("language/langid.parquet", _language_rows(150, 40, 40)),
        ("language/rawtext.parquet", _raw_rows()),
    ):
        write_table(folder / file, rows)
        entries.append(_entry(file, "mixed", rows))
    write_table(folder / "language/parallel.parquet", _parallel_rows())
    sources = {
        "open/lines": {"class": "open"},
        "open/raw": {"class": "open"},
        "closed/lines": {"class": "nc"},
    }
    (folder / "language/sources.json").write_text(json.dumps(sources), encoding="utf-8")
    (folder / "catalogue.json").write_text(json.dumps(entries), encoding="utf-8")
    return folder
