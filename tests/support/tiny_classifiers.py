"""Sequence classifiers with random weights, saved as a hub has them; built on `tests.support.tiny_encoders`.

folder = make_classifier(tmp_path / "bert", "bert", ["negative", "neutral", "positive"])
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from tests.support.tiny_encoders import make_encoder

_CLASSES = {
    "bert": "BertForSequenceClassification",
    "roberta": "RobertaForSequenceClassification",
    "distilbert": "DistilBertForSequenceClassification",
    "xlmr": "XLMRobertaForSequenceClassification",
}


def make_classifier(
    folder: Path, kind: str, labels: Sequence[str], *, several: bool = False, seed: int = 3
) -> Path:
    """Save a classifier and its tokenizer.

    Args:
        folder: Where to.
        kind: bert, roberta, distilbert, xlmr.
        labels: Its labels.
        several: Whether any number of them may be right.
        seed: Of the weights.
    """
    make_encoder(folder, kind, seed)
    torch.manual_seed(seed)
    config = transformers.AutoConfig.from_pretrained(folder)
    config.id2label = dict(enumerate(labels))
    config.label2id = {label: place for place, label in enumerate(labels)}
    config.problem_type = "multi_label_classification" if several else "single_label_classification"
    model = getattr(transformers, _CLASSES[kind])(config)
    for name, value in model.named_parameters():
        if "classifier" in name and value.dim() == 2:
            torch.nn.init.normal_(value, std=1.0)  # answers that differ between texts
    model.save_pretrained(folder)
    return folder


def edit_config(folder: Path, **changes: Any) -> None:
    """Change config.json; None removes a key."""
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8")) | changes
    kept = {key: value for key, value in config.items() if value is not None}
    path.write_text(json.dumps(kept), encoding="utf-8")
