"""The mini catalogue, tiny encoders, and a teacher that is trained once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="teachers need the extra 'train'")
pytest.importorskip("transformers", reason="teachers need the extra 'train'")
pytest.importorskip("accelerate", reason="teachers need the extra 'train'")
pytest.importorskip("sklearn", reason="teachers need the extra 'train'")

import torch
from click.testing import CliRunner, Result
from tests.support.teachers import tiny_recipe
from tests.support.tiny_encoders import make_encoder
from tests.support.training_data import make_training_data

from edgewise.cli.app import main
from edgewise_cloud.catalogue import Catalogue, load_catalogue
from edgewise_cloud.commands.teacher import teacher
from edgewise_cloud.teacher import adapt, pipeline
from edgewise_cloud.teacher.pipeline import train_teacher


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny networks are no faster on many threads, and much slower on a busy machine."""
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        for module in (pipeline, adapt):
            patch.setattr(module, "available_threads", lambda: 1)
        torch.set_num_threads(1)
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def mini(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder."""
    return make_training_data(tmp_path_factory.mktemp("mini") / "data")


@pytest.fixture(scope="session")
def catalogue(mini: Path) -> Catalogue:
    return load_catalogue(mini)


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A maker of encoders by kind, each made once."""
    root = tmp_path_factory.mktemp("encoders")

    def make(kind: str) -> Path:
        folder = root / kind
        return folder if folder.exists() else make_encoder(folder, kind)

    return make


@pytest.fixture(scope="session")
def english(
    tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue, encoder: Callable[[str], Path]
) -> Path:
    """The work folder of a teacher of three tasks, trained without a break."""
    work = tmp_path_factory.mktemp("english")
    train_teacher(tiny_recipe(encoder("bert")), catalogue, work)
    return work


@pytest.fixture(scope="session")
def run() -> Callable[..., Result]:
    """Runs `edgewise teacher …` inside the group that turns errors into lines, as on the command line."""

    def invoke(*arguments: object) -> Result:
        main.add_command(teacher)
        return CliRunner().invoke(main, ["teacher", "--quiet", *map(str, arguments)])

    return invoke


@pytest.fixture
def gates(tmp_path: Path) -> Callable[..., Path]:
    """A maker of files of gates: one that demands this accuracy of each task."""

    def make(at_least: float) -> Path:
        import json

        sets = {
            "sentiment": "sentiment/en_sst",
            "toxicity": "toxicity/en_olid",
            "emotion": "emotion/carer_emotion_en",
        }
        demands = [
            {"task": task, "metric": "accuracy", "dataset": name, "at_least": at_least, "min_rows": 20}
            for task, name in sets.items()
        ]
        path = tmp_path / f"gates-{at_least}.json"
        path.write_text(json.dumps({"format": 1, "resamples": 20, "gates": demands}), encoding="utf-8")
        return path

    return make
