"""A language model of five languages, trained for these tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the model is trained inside the tests")
pytest.importorskip("pyarrow", reason="the model is trained inside the tests")

import torch
from tests.support.training_data import LANGUAGES, make_training_data

from edgewise.language import LanguageModel
from edgewise_cloud.catalogue import load_catalogue
from edgewise_cloud.train.language import LanguageRecipe, train_language


@pytest.fixture(scope="session")
def language_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("language")
    catalogue = load_catalogue(make_training_data(folder / "data"))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return train_language(
            catalogue, folder / "work", LanguageRecipe(noise_lines=400), languages=LANGUAGES
        )
    finally:
        torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def language_file(language_folder: Path) -> bytes:
    return (language_folder / "language.bin").read_bytes()


@pytest.fixture(scope="session")
def language_config(language_folder: Path) -> dict[str, Any]:
    config: dict[str, Any] = json.loads((language_folder / "language.json").read_text(encoding="utf-8"))
    return dict(config["model"]["config"])


@pytest.fixture(scope="session")
def language_model(language_file: bytes, language_config: dict[str, Any]) -> LanguageModel:
    return LanguageModel.from_bytes(language_file, language_config)
