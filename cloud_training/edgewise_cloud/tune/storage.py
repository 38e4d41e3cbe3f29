"""The database that the workers of a study share."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewise.errors import EdgewiseError, MissingExtraError
from edgewise_cloud.tracking.urls import without_password
from edgewise_cloud.tune.errors import StudyStorageError, StudyUrlError

if TYPE_CHECKING:
    from optuna.storages import RDBStorage

_ATTEMPTS = 4
_SQLITE = "sqlite:///"


def storage_url(url: str) -> str:
    """Return the full address of a database.

    Raises:
        StudyUrlError: It is none.

    >>> storage_url("postgresql://me@host/db")
    'postgresql+psycopg2://me@host/db'
    """
    if url.startswith(_SQLITE) and len(url) > len(_SQLITE) and ":memory:" not in url:
        return f"{_SQLITE}{Path(url[len(_SQLITE) :]).expanduser().resolve()}"
    if not re.match(r"(postgresql|mysql)(\+\w+)?://[^/]+/.", url):
        raise StudyUrlError(without_password(url))
    return re.sub(r"^postgresql://", "postgresql+psycopg2://", url)


def open_storage(url: str) -> RDBStorage:
    """Open the database, which is made if it is not there.

    Args:
        url: Full address; see `storage_url`.

    Raises:
        StudyStorageError: It cannot be opened.
        MissingExtraError: Optuna or the driver of the database is not installed.
    """
    with storage_failures(url):
        from optuna.storages import RDBStorage

        arguments: dict[str, Any] = {}
        local = url.startswith(_SQLITE)
        if local:
            arguments = {"connect_args": {"timeout": 60}}
        for attempt in range(_ATTEMPTS):
            try:
                if local:
                    _many_writers(Path(url[len(_SQLITE) :]))
                return RDBStorage(url, engine_kwargs=arguments)
            except Exception as error:
                # Workers that start at once in a new database trip over each other while they set it up and
                # make its tables (SQLite does not wait for that lock); whoever comes second finds them there.
                broken = isinstance(error, sqlite3.DatabaseError | OSError)
                if attempt == _ATTEMPTS - 1 or (broken and not isinstance(error, sqlite3.OperationalError)):
                    raise
                time.sleep(0.5 * (attempt + 1))
    raise StudyStorageError(without_password(url), "it cannot be opened")


@contextmanager
def storage_failures(url: str) -> Iterator[None]:
    """Turn what a database and its driver raise into typed errors."""
    try:
        import optuna.exceptions
        import sqlalchemy.exc
    except ModuleNotFoundError as error:
        raise MissingExtraError("track", "Tuning") from error
    try:
        yield
    except EdgewiseError:
        raise
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("psycopg"):
            raise
        raise MissingExtraError("postgres", f"A study in {url.partition(':')[0]}") from error
    except (optuna.exceptions.StorageInternalError, sqlalchemy.exc.SQLAlchemyError, sqlite3.Error) as error:
        cause = error.__cause__ or error
        reason = (str(cause).strip().splitlines() or [repr(cause)])[0]
        raise StudyStorageError(without_password(url), reason) from error


def _many_writers(path: Path) -> None:
    """Let readers and a writer use a SQLite file at once; said once, the file remembers it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, timeout=60)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
