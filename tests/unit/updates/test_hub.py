"""Publishing to a hub: the calls fit the real client, and what arrives can be pulled."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError
from tests.support.update_hub import Fitting
from tests.support.update_repository import Made
from tests.unit.updates.conftest import Take

from edgewise.updates.errors import PublishError
from edgewise.updates.hub import card, publish_to_hub
from edgewise.updates.publishing import publish_bundle
from edgewise.updates.repository import Repository
from edgewise.updates.source import Source


class Hub(Fitting):
    """A folder that stands for a hub's repository."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.tags: list[str] = []

    def _create_repo(self, given: dict[str, Any]) -> None:
        assert given["exist_ok"]
        self.folder.mkdir(exist_ok=True)

    def _snapshot_download(self, given: dict[str, Any]) -> None:
        for path in self.folder.rglob("*"):
            name = path.relative_to(self.folder)
            if path.is_file() and any(name.match(pattern) for pattern in given["allow_patterns"]):
                place = Path(given["local_dir"]) / name
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, place)

    def _upload_folder(self, given: dict[str, Any]) -> None:
        shutil.copytree(given["folder_path"], self.folder, dirs_exist_ok=True)

    def _create_tag(self, given: dict[str, Any]) -> None:
        self.tags.append(given["tag"])


def change(made: Made, bundle: Path) -> Any:
    def work(place: Path) -> Repository:
        there = (place / "metadata").exists()
        repository = (Repository.open if there else Repository.create)(place, made.keys)
        publish_bundle(repository, bundle)
        repository.commit()
        return repository

    return work


def test_a_version_becomes_a_commit_and_a_tag(made: Made, take: Take, tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub")
    for version in ("1.0.0", "1.1.0"):
        bundle = made.bundle(version)
        assert publish_to_hub("org/tiny", bundle, change(made, bundle), api=hub) == f"tiny-{version}"
    assert hub.calls == ["create_repo", "snapshot_download", "upload_folder", "create_tag"] * 2
    assert hub.tags == ["tiny-1.0.0", "tiny-1.1.0"]
    assert (hub.folder / "README.md").read_text().startswith("---\nlicense: apache-2.0\n")
    from edgewise.updates import Store, Trust, pull

    trust = Trust.load(hub.folder / "metadata" / "1.root.json")
    assert pull("tiny", store=Store(tmp_path / "device"), source=hub.folder, trust=trust).version == "1.1.0"


def test_a_hub_that_refuses_is_told(made: Made, tmp_path: Path) -> None:
    class Refusing(Hub):
        def _create_repo(self, given: dict[str, Any]) -> None:
            import httpx2 as httpx

            raise HfHubHTTPError(
                "403: no", response=httpx.Response(403, request=httpx.Request("POST", "http://x"))
            )

    bundle = made.bundle("1.0.0")
    with pytest.raises(PublishError, match="the hub refuses"):
        publish_to_hub("org/tiny", bundle, change(made, bundle), api=Refusing(tmp_path / "hub"))


def test_the_card_keeps_a_header_of_its_own(made: Made) -> None:
    bundle = made.bundle("1.0.0")
    (bundle / "MODEL_CARD.md").write_text("---\nlicense: mit\n---\n# Mine\n")
    assert card(bundle) == "---\nlicense: mit\n---\n# Mine\n"


def test_a_hub_s_repository_is_an_address_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:8090/")
    source = Source.parse("hf:org/tiny@tiny-1.0.0")
    assert source.bases == ("http://127.0.0.1:8090/org/tiny/resolve/tiny-1.0.0/",)
    assert ".hf.co" in source.redirects_to


@pytest.mark.parametrize(("repo_id", "why"), [("org/tiny", "the hub is away"), ("a/b/c", "the hub refuses")])
def test_a_hub_that_is_away_and_a_name_that_is_none_are_told(made: Made, repo_id: str, why: str) -> None:
    bundle = made.bundle("1.0.0")
    api = HfApi(endpoint="http://127.0.0.1:9", token="none")
    with pytest.raises(PublishError, match=why):
        publish_to_hub(repo_id, bundle, change(made, bundle), api=api)
