"""A hub of parts that others wrote: git with LFS takes an upload, olah serves it, the hub's client fetches.

olah has an environment of its own, as it wants an old psutil: `pip install olah==0.5.4` there, and
`EDGEWISE_TEST_OLAH=…/bin/olah-cli` here.
"""

import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import HfApi
from tests.support.programs import git_lfs
from tests.support.programs import olah as olah_program
from tests.support.update_hub import AsAHubAnswers, Olah, PushedHub
from tests.support.update_repository import Made, make_repository

from edgewise.bundle import Bundle
from edgewise.updates import Store, Trust, pull
from edgewise.updates.hub import publish_to_hub
from edgewise.updates.network import Network
from edgewise.updates.preflight import Trial
from edgewise.updates.publishing import publish_bundle
from edgewise.updates.pulling import How
from edgewise.updates.repository import Repository


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgewise.updates.pulling.run_preflight", lambda *_: Trial(1.0, 1))


def publish(made: Made, hub: PushedHub, version: str) -> str:
    """Publish a version as `edgewise publish --to hf:org/tiny` does."""
    bundle = made.bundle(version, extra=version.encode() * 60_000)

    def change(place: Path) -> Repository:
        there = (place / "metadata").exists()
        repository = (Repository.open if there else Repository.create)(place, made.keys)
        publish_bundle(repository, bundle)
        repository.commit()
        return repository

    return publish_to_hub("org/tiny", bundle, change, api=hub)


@pytest.fixture
def front(olah: Olah) -> Iterator[str]:
    handler = type("Handler", (AsAHubAnswers,), {"url": olah.url})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def olah(tmp_path: Path) -> Iterator[Olah]:
    with Olah(tmp_path / "olah") as olah:
        yield olah


@pytest.mark.skipif(olah_program() is None, reason="olah-cli is not there; `make test` fetches it")
@pytest.mark.skipif(git_lfs() is None, reason="git-lfs is not there; `make test` fetches it")
def test_what_is_pushed_with_lfs_is_served_and_fetched_byte_for_byte(
    tmp_path: Path, olah: Olah, front: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    made = make_repository(tmp_path / "made")
    hub = PushedHub(tmp_path, olah)
    tags = [publish(made, hub, version) for version in ("1.0.0", "1.1.0")]
    assert tags == ["tiny-1.0.0", "tiny-1.1.0"]
    large = hub.large("org/tiny")
    assert len(large) == 4  # two models and two large files
    assert all(name.endswith((".onnx", ".bin")) for name in large)

    # The hub's own client: every byte, at both tags.
    for tag, versions in (("tiny-1.0.0", ["1.0.0"]), ("tiny-1.1.0", ["1.0.0", "1.1.0"])):
        snapshot = Path(
            HfApi(endpoint=olah.url).snapshot_download(
                "org/tiny", revision=tag, local_dir=tmp_path / tag, token=False
            )
        )
        for version in versions:
            bundle = Bundle.open(tmp_path / "made" / f"tiny-{version}")
            there = {
                path.name.partition(".")[2]: path
                for path in (snapshot / "targets" / "tiny" / version).iterdir()
            }
            assert set(there) == {path.name for path in bundle.folder.iterdir()}
            for name, path in there.items():
                assert path.read_bytes() == (bundle.folder / name).read_bytes()
        assert {path.name for path in (snapshot / "targets" / "tiny").iterdir()} == set(versions)
        trust = Trust.load(snapshot / "metadata" / "1.root.json")
        taken = pull("tiny", store=Store(tmp_path / f"by-{tag}"), source=snapshot, trust=trust)
        assert taken.version == versions[-1]

    # Our own: the tag of the first version has only that one.
    monkeypatch.setenv("HF_ENDPOINT", front)
    how = How(network=Network(proxies={}, attempts=2, pause=0.0))
    for source, version in (("hf:org/tiny@tiny-1.0.0", "1.0.0"), ("hf:org/tiny", "1.1.0")):
        store = Store(tmp_path / f"ours-{version}")
        taken = pull("tiny", store=store, source=source, trust=trust, how=how)
        assert taken.version == version
        Bundle.open(taken.folder).verify()
