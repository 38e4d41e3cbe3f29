"""Addresses of tracking stores."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from edgewise_cloud.tracking.errors import TrackingUrlError

OFF = "off"
"""The address that means: track nothing."""

DEFAULT_FILE = "edgewise-mlflow.db"
"""SQLite file in the current folder, used when no address is given."""

_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
_SERVERS = ("http", "https")
_SQLITE = "sqlite:///"


def tracking_url(url: str | None) -> str:
    """Return the full address of a tracking store.

    Args:
        url: None for a SQLite file in the current folder. Paths of SQLite files become absolute, and
            `postgresql:` gets the driver that the extra `postgres` brings.

    Raises:
        TrackingUrlError: It is no address of a database or an MLflow server.

    >>> tracking_url("postgresql://me@host/db")
    'postgresql+psycopg2://me@host/db'
    """
    if url is None:
        return f"{_SQLITE}{Path(DEFAULT_FILE).resolve()}"
    scheme = url.partition(":")[0].partition("+")[0].lower()
    if "://" not in url or scheme not in (*_DATABASES, *_SERVERS):
        raise TrackingUrlError(
            without_password(url), "its scheme is none of " + ", ".join((*_SERVERS, *_DATABASES))
        )
    if scheme == "sqlite":
        return _absolute(url)
    if not re.fullmatch(r"[^/]+://[^/]+.*", url):
        raise TrackingUrlError(url, "it names no host")
    return re.sub(r"^postgresql://", "postgresql+psycopg2://", url)


def _absolute(url: str) -> str:
    path = url[len(_SQLITE) :] if url.startswith(_SQLITE) else ""
    if not path or path == ":memory:":
        raise TrackingUrlError(url, "it names no file")
    return f"{_SQLITE}{Path(path).expanduser().resolve()}"


def without_password(url: str) -> str:
    """Return an address without the password that may stand in it, to show or to store it.

    >>> without_password("postgresql://me:secret@host/db")
    'postgresql://me@host/db'
    """
    parts = urlsplit(url)
    who, at, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{who.partition(':')[0]}{at}{host}")) if ":" in who else url


def is_server(url: str) -> bool:
    """Whether the address is that of an MLflow server; otherwise the database is opened by this process."""
    return url.partition(":")[0].lower() in _SERVERS


def sqlite_file(url: str) -> Path | None:
    """Return the file of a SQLite address, None for any other."""
    return Path(url[len(_SQLITE) :]) if url.startswith(_SQLITE) else None


def artifact_root(url: str) -> str | None:
    """Return where new experiments keep their files; None where the server decides.

    A database has no place of its own for files: they go into a folder beside the SQLite file, or into the
    current folder.
    """
    if is_server(url):
        return None
    file = sqlite_file(url) or Path(DEFAULT_FILE).resolve()
    return file.with_name(f"{file.stem}-artifacts").as_uri()
