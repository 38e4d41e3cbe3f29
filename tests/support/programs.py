"""Programs of others that some tests need, fetched once into the environment; the system stays as it is.

`python -m tests.support.programs` fetches what is missing, `make test` begins with it, and so no test itself
needs a network. What cannot be had here (no registry, another system) is told in one line; the tests that
need it are skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

HOME = Path(sys.prefix) / "programs"
"""Where they are; `make clean` takes them away with the environment."""

_PYTHON = HOME / "python" / "bin" / "python"
_DEBIAN = HOME / "debian"
_FROM_PYPI = ("olah==0.5.4", "mfusepy==3.1.1")
_FROM_DEBIAN = ("git-lfs", "libfuse2")
_SECONDS = 240.0
"""For everything together; a quiet machine needs 20."""


def olah() -> Path | None:
    """Return the hub stand-in, which has an environment of its own: it wants an old psutil."""
    named = os.environ.get("EDGEWISE_TEST_OLAH") or shutil.which("olah-cli")
    return Path(named) if named else _there(_PYTHON.with_name("olah-cli"))


def git_lfs() -> Path | None:
    """Return the large-file half of git."""
    found = shutil.which("git-lfs")
    return Path(found) if found else _there(_DEBIAN / "usr" / "bin" / "git-lfs")


def fuse() -> tuple[Path, Path] | None:
    """Return a Python that has bindings for FUSE, and the library for them; None where that cannot work."""
    library = next(_DEBIAN.glob("lib/*/libfuse.so.2"), None)
    if library is None or not _there(_PYTHON) or not os.access("/dev/fuse", os.W_OK) or os.geteuid() != 0:
        return None
    return _PYTHON, library


def _there(path: Path) -> Path | None:
    return path if path.exists() else None


def _fetch_python(end: float) -> None:
    """Make the environment; what is half made does not stay."""
    if (HOME / "python" / ".whole").exists():
        return
    shutil.rmtree(HOME / "python", ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(HOME / "python")], end)
    pip = [str(_PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1"]
    _run([*pip, "--only-binary", ":all:", *_FROM_PYPI], end)
    (HOME / "python" / ".whole").touch()


def _fetch_debian(end: float) -> None:
    """Unpack packages beside the system, without installing them."""
    if (_DEBIAN / ".whole").exists():
        return
    shutil.rmtree(_DEBIAN, ignore_errors=True)
    down = HOME / "down"
    for folder in (_DEBIAN, down, down / "lists" / "partial"):
        folder.mkdir(parents=True, exist_ok=True)
    own = ["-o", f"Dir::State::Lists={down / 'lists'}", "-o", "APT::Sandbox::User=root"]
    try:
        _run(["apt-get", "download", *_FROM_DEBIAN], end, down)
    except subprocess.CalledProcessError:  # a machine whose lists are empty or old
        _run(["apt-get", *own, "-o", "Acquire::Languages=none", "update"], end, down)
        _run(["apt-get", *own, "download", *_FROM_DEBIAN], end, down)
    for package in down.glob("*.deb"):
        _run(["dpkg-deb", "-x", str(package), str(_DEBIAN)], end, down)
    (_DEBIAN / ".whole").touch()
    shutil.rmtree(down, ignore_errors=True)


def _run(command: Sequence[str], end: float, folder: Path | None = None) -> None:
    subprocess.run(
        command,
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=max(0.1, end - time.monotonic()),
    )


def main() -> None:
    """Fetch what is missing; never fail, as the other tests need none of it."""
    end = time.monotonic() + _SECONDS
    for names, fetch in ((_FROM_PYPI, _fetch_python), (_FROM_DEBIAN, _fetch_debian)):
        try:
            fetch(end)
        except (OSError, subprocess.SubprocessError) as error:
            said = str(getattr(error, "stderr", "") or error).strip().splitlines()
            sys.stderr.write(
                f"Tests that need {', '.join(names)} are left out: {said[-1] if said else error}\n"
            )


if __name__ == "__main__":
    main()
