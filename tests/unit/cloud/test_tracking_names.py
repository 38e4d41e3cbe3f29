"""Names, values and addresses as MLflow takes them."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise_cloud.tracking import MetricError, TrackingUrlError, tracking_url
from edgewise_cloud.tracking.names import LONGEST_NAME, checked, flat, legal_name
from edgewise_cloud.tracking.urls import artifact_root, is_server, sqlite_file, without_password


@given(st.lists(st.text(max_size=80) | st.text("./ a", max_size=9), min_size=1, max_size=5))
def test_a_made_name_is_always_legal(parts: list[str]) -> None:
    name = legal_name("test", *parts)
    assert checked({name: 1.0}) == {name: 1.0}
    assert name.startswith("test")


def test_mlflow_itself_takes_what_we_call_legal() -> None:
    validation = pytest.importorskip("mlflow.utils.validation")
    for name in (
        legal_name("test", "a:b", "日本", "x" * 300),
        "dev/emotion/carer emotion/en/macro_f1",
        "a.b-c_d",
    ):
        validation._validate_metric_name(name)


@pytest.mark.parametrize(
    "name", ["", "a:b", "/a", "a//b", "../a", "a/../b", "ä", "x" * (LONGEST_NAME + 1), 7]
)
def test_an_illegal_name_is_refused_at_once(name: object) -> None:
    with pytest.raises(MetricError) as caught:
        checked({name: 1.0})  # type: ignore[dict-item]
    assert caught.value.name == name


@pytest.mark.parametrize("value", ["much", None, [1]])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(MetricError, match="no number"):
        checked({"loss": value})  # type: ignore[dict-item]


def test_parameters_are_flat_texts() -> None:
    given = {"a": {"b": {"c": 1.5}, "d": []}, "e": None, "f": "x", "g": Path("p"), "h": {}}
    assert flat(given) == {"a.b.c": "1.5", "a.d": "[]", "e": "null", "f": "x", "g": "p", "h": "{}"}
    assert len(flat({"long": "x" * 10_000})["long"]) == 6000


def test_the_default_is_a_file_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    url = tracking_url(None)
    assert sqlite_file(url) == tmp_path / "edgewise-mlflow.db"
    assert artifact_root(url) == (tmp_path / "edgewise-mlflow-artifacts").as_uri()
    assert tracking_url("sqlite:///a/b.db") == f"sqlite:///{tmp_path / 'a/b.db'}"


def test_servers_keep_their_own_files() -> None:
    assert is_server("https://host:5000")
    assert artifact_root("https://host:5000") is None
    assert tracking_url("postgresql://a@b/c") == "postgresql+psycopg2://a@b/c"
    assert tracking_url("postgresql+psycopg://a@b/c") == "postgresql+psycopg://a@b/c"


@pytest.mark.parametrize(
    "url", ["", "mlruns", "ftp://x", "sqlite://", "sqlite:///:memory:", "http://", "file:///x"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(TrackingUrlError, match=re.escape(repr(url))):
        tracking_url(url)


@given(st.from_regex(r"[a-z0-9]{1,12}", fullmatch=True))
def test_a_password_is_never_shown(word: str) -> None:
    url = f"postgresql://user:pw-{word}@host:5432/db"
    assert without_password(url) == "postgresql://user@host:5432/db"
    assert f"pw-{word}" not in json.dumps(without_password(url))
