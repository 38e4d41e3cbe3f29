"""Starting the process that sends a spool."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from edgewise_cloud.tracking.base import Unsent
from edgewise_cloud.tracking.sender import URL_VARIABLE
from edgewise_cloud.tracking.spool import Spool
from edgewise_cloud.tracking.urls import without_password

_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # The sender itself tries again, and knows when to give up.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "GIT_PYTHON_REFRESH": "quiet",
}
"""What mlflow reads from the environment, unless the user has set it."""


def launch(spool: Spool, url: str, patience: float, *, follow: bool) -> subprocess.Popen[bytes]:
    """Start the sender of a spool.

    Args:
        spool: What it sends.
        url: Full address, with the password if there is one.
        patience: Seconds that it goes on trying, after the end of its stdin, while the server is away.
        follow: Whether more calls will come; its stdin is then a pipe, to be closed after the last one.
    """
    environment = {**_SETTINGS, **os.environ, URL_VARIABLE: url}
    command = [
        sys.executable,
        "-m",
        "edgewise_cloud.tracking",
        str(spool.folder),
        "--patience",
        str(patience),
    ]
    with spool.log.open("ab") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE if follow else subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
        )


def unsent(spool: Spool, url: str) -> Unsent | None:
    """Return what of a spool has not been sent; None when everything has."""
    sent, waiting = spool.sent, spool.waiting()
    if not waiting and not sent.refused:
        return None
    return Unsent(waiting, sent.refused, spool.folder, without_password(url), sent.problem)


def send(folder: Path, url: str | None = None, patience: float = 30.0) -> Unsent | None:
    """Send the rest of a spool, and wait until that is done.

    Args:
        folder: The spool.
        url: Where the store is now, or its address with the password; None for what the spool says.
        patience: Seconds to go on trying while the server is away.

    Returns:
        What could not be sent, None when everything has been.

    Raises:
        SpoolFormatError: The folder is no spool.
    """
    spool = Spool(folder)
    launch(spool, url or spool.url, patience, follow=False).wait()
    return unsent(spool, url or spool.url)
