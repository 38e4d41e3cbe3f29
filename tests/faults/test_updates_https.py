"""Updates over HTTPS: whose certificate counts, and the way through a proxy."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.update_faults import whole
from tests.support.update_repository import Made, make_repository
from tests.support.update_server import QUICK, UpdateServer
from tests.support.update_tls import Authority, TunnelProxy

from edgewise.updates import Source, Store, UpdateError, pull
from edgewise.updates.errors import CertificateRefusedError, SourceAwayError
from edgewise.updates.preflight import Trial
from edgewise.updates.pulling import How


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
    made.publish("1.1.0", extra=os.urandom(100_000))
    return made


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def take(made: Made, source: Source | str, **network: object) -> str:
    how = How(network=replace(QUICK, **network))  # type: ignore[arg-type]
    return pull("tiny", store=Store(made.work / "store"), source=source, trust=made.trust, how=how).version


def test_an_authority_of_one_s_own_is_named_and_trusted(made: Made, authority: Authority) -> None:
    with UpdateServer(made.folder, tls=authority.server("127.0.0.1")) as server:
        server.misbehave("large.bin", "cut")
        assert take(made, server.url, authorities=authority.file) == "1.1.0"
        assert [start for path, start in server.requests if path.endswith("large.bin")] == [0, 50_000]
    assert whole(made.work / "store") == "1.1.0"


def test_the_system_s_authorities_are_the_ones_of_the_environment(
    made: Made, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with UpdateServer(made.folder, tls=authority.server("127.0.0.1")) as server:
        assert take(made, server.url) == "1.1.0"


@pytest.mark.parametrize(
    ("host", "days", "trusted", "why"),
    [
        ("127.0.0.1", 30, False, "unable to get local issuer certificate"),
        ("models.example", 30, True, "IP address mismatch"),
        ("127.0.0.1", -1, True, "certificate has expired"),
    ],
)
def test_a_certificate_that_does_not_hold_is_refused_at_once(
    made: Made, authority: Authority, host: str, days: int, trusted: bool, why: str
) -> None:
    with UpdateServer(made.folder, tls=authority.server(host, days)) as server:
        with pytest.raises(CertificateRefusedError, match=why) as caught:
            take(made, server.url, authorities=authority.file if trusted else None, sleep=_never)
        assert isinstance(caught.value, UpdateError)
        assert server.requests == []
    assert whole(made.work / "store") == "1.0.0"


def _never(seconds: float) -> None:
    raise AssertionError("a certificate gets no better by waiting")


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_authorities_that_cannot_be_read_are_told(made: Made, tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "mine.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(CertificateRefusedError, match=r"authorities in .*mine\.pem cannot be read"):
        take(made, "https://127.0.0.1:9/", authorities=file)
    assert whole(made.work / "store") == "1.0.0"


def test_a_server_that_speaks_no_tls_is_a_source_that_is_away(made: Made, authority: Authority) -> None:
    with UpdateServer(made.folder) as plain, pytest.raises(SourceAwayError):
        take(made, plain.url.replace("http:", "https:"), authorities=authority.file)
    assert whole(made.work / "store") == "1.0.0"


def test_headers_without_end_are_left_over_tls_too(made: Made, authority: Authority) -> None:
    with UpdateServer(made.folder, tls=authority.server("127.0.0.1")) as server:
        server.misbehave("timestamp.json", "always:drip headers")
        with pytest.raises(SourceAwayError, match="its headers took longer"):
            take(made, server.url, authorities=authority.file, header_seconds=0.3)
        server.well()
        assert take(made, server.url, authorities=authority.file) == "1.1.0"


def test_a_mirror_with_a_bad_certificate_costs_a_try(made: Made, authority: Authority) -> None:
    with (
        UpdateServer(made.folder, tls=authority.server("models.example")) as mirror,
        UpdateServer(made.folder, tls=authority.server("127.0.0.1")) as origin,
    ):
        source = Source.parse(origin.url, mirror=mirror.url)
        assert take(made, source, authorities=authority.file) == "1.1.0"
        assert mirror.requests == []


def test_a_tunnel_through_a_proxy_ends_at_the_server_itself(
    made: Made, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with (
        UpdateServer(made.folder, tls=authority.server("models.example")) as server,
        TunnelProxy(server.port) as proxy,
    ):
        monkeypatch.setenv("https_proxy", f"http://user:pass%20word@{proxy.address}")
        network = {"proxies": None, "authorities": authority.file, "headers": {"Authorization": "Bearer x"}}
        assert take(made, "https://models.example/", **network) == "1.1.0"
        assert set(proxy.asked) == {"models.example:443"}
        assert set(proxy.words) == {"Basic dXNlcjpwYXNzIHdvcmQ="}
        # The proxy's words are for the proxy, the source's for the source, which alone can read them.
        assert all("Proxy-Authorization" not in head for head in server.headers)
        assert {head["Authorization"] for head in server.headers} == {"Bearer x"}
        with pytest.raises(CertificateRefusedError, match="Hostname mismatch"):
            take(made, "https://elsewhere.example/", **network)


def test_a_proxy_that_refuses_is_told(made: Made, authority: Authority) -> None:
    with TunnelProxy(9, refuses=True) as proxy, pytest.raises(SourceAwayError, match="407"):
        take(made, "https://models.example/", proxies={"https": proxy.address})
    assert whole(made.work / "store") == "1.0.0"
