"""What a source on the network may do wrong, and what a pull makes of it."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.update_faults import whole
from tests.support.update_repository import Made, make_repository
from tests.support.update_server import QUICK, Fault, UpdateServer

from edgewise.errors import EdgewiseError
from edgewise.updates import Source, Store, pull
from edgewise.updates.errors import (
    MetadataRefusedError,
    RedirectRefusedError,
    SourceAwayError,
    SourceStatusError,
    TargetRefusedError,
)
from edgewise.updates.preflight import Trial
from edgewise.updates.pulling import How, Pulled


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    monkeypatch.setattr("edgewise.updates.pulling.run_preflight", lambda *_: Trial(1.0, 1))


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A repository that has 1.1.0; the device has 1.0.0."""
    made = make_repository(tmp_path)
    made.publish("1.0.0")
    pull("tiny", store=Store(tmp_path / "store"), source=made.folder, trust=made.trust)
    made.publish("1.1.0", extra=os.urandom(300_000))
    return made


def take(made: Made, source: object, network: object = QUICK) -> Pulled:
    how = How(network=network)  # type: ignore[arg-type]
    return pull("tiny", store=Store(made.work / "store"), source=source, trust=made.trust, how=how)  # type: ignore[arg-type]


PASSING: list[tuple[str, Fault]] = [
    ("timestamp.json", 500),
    ("timestamp.json", 429),
    ("timestamp.json", "cut"),
    ("large.bin", 500),
    ("large.bin", 429),
    ("large.bin", 503),
    ("large.bin", "cut"),
    ("large.bin", "garbage"),
    ("large.bin", "packed"),
    ("large.bin", "drip"),
    ("large.bin", "drip headers"),
    ("manifest.json", "garbage"),
]


@pytest.mark.parametrize(("file", "fault"), PASSING)
def test_what_passes_costs_a_try(made: Made, file: str, fault: Fault) -> None:
    with UpdateServer(made.folder) as server:
        server.misbehave(file, fault)
        assert take(made, server.url).version == "1.1.0"
        asked = [path for path, _ in server.requests if path.endswith(file)]
    assert len(asked) == 2
    assert whole(made.work / "store") == "1.1.0"


LASTING: list[tuple[str, Fault, type[EdgewiseError]]] = [
    ("timestamp.json", "always:404", SourceStatusError),
    ("timestamp.json", "always:500", SourceStatusError),
    ("timestamp.json", "always:garbage", MetadataRefusedError),
    ("timestamp.json", "always:drip headers", SourceAwayError),
    ("targets.json", "always:garbage", MetadataRefusedError),
    ("manifest.json", "always:404", SourceStatusError),
    ("manifest.json", "always:garbage", TargetRefusedError),
    ("large.bin", "always:404", SourceStatusError),
    ("large.bin", "always:403", SourceStatusError),
    ("large.bin", "always:429", SourceStatusError),
    ("large.bin", "always:garbage", TargetRefusedError),
    ("large.bin", "always:longer", TargetRefusedError),
    ("large.bin", "always:packed", SourceAwayError),
    ("large.bin", "always:drip", SourceAwayError),
    ("large.bin", "always:redirect:http://203.0.113.7/large.bin", RedirectRefusedError),
    ("large.bin", "always:redirect:https://elsewhere.example/large.bin", RedirectRefusedError),
    ("large.bin", "always:redirect:file:///etc/passwd", RedirectRefusedError),
    ("timestamp.json", "always:redirect:ftp://elsewhere.example/", RedirectRefusedError),
]


SLOW = {"always:drip": "bytes came in", "always:drip headers": "headers took longer"}
"""What is said of a server that sends one sign after the other; each try waits for it."""


@pytest.mark.parametrize(("file", "fault", "error"), LASTING)
def test_what_lasts_is_told_and_the_old_model_stays(
    made: Made, file: str, fault: Fault, error: type[EdgewiseError]
) -> None:
    with UpdateServer(made.folder) as server:
        server.misbehave(file, fault)
        begin = time.monotonic()
        network = replace(QUICK, attempts=2) if fault in SLOW else QUICK
        with pytest.raises(error, match=SLOW.get(str(fault))) as caught:
            take(made, server.url, network)
        assert time.monotonic() - begin < 60  # it ends, whatever the server does
        assert whole(made.work / "store") == "1.0.0"
        assert type(caught.value) is error or error is SourceAwayError
        server.well()
        assert take(made, server.url).version == "1.1.0"


def test_a_server_that_knows_no_ranges_sends_all_again(made: Made) -> None:
    with UpdateServer(made.folder) as server:
        server.misbehave("large.bin", "cut", "no range")
        assert take(made, server.url).version == "1.1.0"
        starts = [start for path, start in server.requests if path.endswith("large.bin")]
    assert starts == [0, 150_000]
    assert whole(made.work / "store") == "1.1.0"


def test_a_server_that_sends_another_part_is_not_believed(made: Made) -> None:
    with UpdateServer(made.folder) as server:
        server.misbehave("large.bin", "cut", "wrong range")
        assert take(made, server.url).version == "1.1.0"
    assert whole(made.work / "store") == "1.1.0"


def test_what_the_server_wants_is_waited_for(made: Made) -> None:
    waited: list[float] = []
    with UpdateServer(made.folder) as server:
        server.misbehave("large.bin", 429)
        take(made, server.url, replace(QUICK, sleep=waited.append))
        server.misbehave("timestamp.json", 500)
        take(made, server.url, replace(QUICK, sleep=waited.append, pause=8.0))
    assert waited[0] == 7
    assert 4 <= waited[1] <= 8


def test_nobody_there_is_a_source_that_is_away(made: Made) -> None:
    with pytest.raises(SourceAwayError, match="stay as they are"):
        take(made, "http://127.0.0.1:9/")
    assert whole(made.work / "store") == "1.0.0"


def test_a_mirror_is_asked_first_and_need_not_be_trusted(made: Made, tmp_path: Path) -> None:
    with UpdateServer(made.folder) as mirror, UpdateServer(made.folder) as origin:
        mirror.misbehave("large.bin", "always:garbage")
        done = take(made, Source.parse(origin.url, mirror=mirror.url))
        assert done.version == "1.1.0"
        files = [path.rpartition("/")[2] for path, _ in origin.requests]
    assert len(files) == 1
    assert files[0].endswith("large.bin")


def test_a_mirror_that_is_away_costs_a_try(made: Made) -> None:
    with UpdateServer(made.folder) as origin:
        assert take(made, Source.parse(origin.url, mirror="http://127.0.0.1:9/")).version == "1.1.0"


def test_a_proxy_is_asked_for_everything(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    with UpdateServer(made.folder) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.replace("http://", "http://user:pass%20word@"))
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        done = take(made, "http://models.example/", replace(QUICK, proxies=None))
        assert done.version == "1.1.0"
        assert all(head["Host"] == "models.example" for head in proxy.headers)
        assert {head["Proxy-Authorization"] for head in proxy.headers} == {"Basic dXNlcjpwYXNzIHdvcmQ="}


def test_a_host_without_proxy_is_asked_itself(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    with UpdateServer(made.folder) as server:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert take(made, server.url, replace(QUICK, proxies=None)).version == "1.1.0"


def test_a_word_for_the_source_is_told_to_nobody_else(made: Made) -> None:
    with UpdateServer(made.folder) as server, UpdateServer(made.folder) as other:
        network = replace(QUICK, headers={"Authorization": "Bearer secret"})
        server.misbehave("large.bin", f"always:redirect:{other.url}large.bin")
        with pytest.raises(RedirectRefusedError):
            take(made, server.url, network)
        assert all(head["Authorization"] == "Bearer secret" for head in server.headers)
        assert other.headers == []
