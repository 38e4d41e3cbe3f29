"""Hubs that stand for the real one: every call that is made of them must fit the real client.

`PushedHub` takes an upload by `git push` with LFS, and `Olah` serves what came: programs of others.
"""

from __future__ import annotations

import inspect
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from huggingface_hub import HfApi
from tests.support.programs import git_lfs, olah

_LARGE = "*.onnx filter=lfs diff=lfs merge=lfs -text\n*.bin filter=lfs diff=lfs merge=lfs -text\n"
"""What a hub's new repository begins with, in short."""

_CONFIG = """\
[basic]
host = "127.0.0.1"
port = {port}
ssl-key = ""
ssl-cert = ""
repos-path = "{work}/cache"
hf-scheme = "http"
hf-netloc = "127.0.0.1:9"
hf-lfs-netloc = "127.0.0.1:9"
mirror-scheme = "http"
mirror-netloc = "127.0.0.1:{port}"
mirror-lfs-netloc = "127.0.0.1:{port}"
mirrors-path = ["{work}/mirrors"]
[accessibility]
offline = true
"""


class Fitting:
    """Calls `_name` for `name`, with the arguments as the real client's method would understand them.

    Attributes:
        calls: The names, in order.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        signature = inspect.signature(getattr(HfApi, name))

        def call(*given: Any, **named: Any) -> Any:
            bound = signature.bind(self, *given, **named)
            self.calls.append(name)
            return getattr(self, f"_{name}")(bound.arguments)

        return call


class PushedHub(Fitting):
    """A hub whose repositories are served by olah, and to which an upload is a `git push`.

    Args:
        work: A folder for it.
        olah: What serves; its folder `mirrors` holds the repositories, with work trees, as it needs them.
    """

    def __init__(self, work: Path, olah: Olah) -> None:
        super().__init__()
        self._work = work
        self._olah = olah
        self._env = {**os.environ, "GIT_CONFIG_GLOBAL": str(work / "gitconfig"), "GIT_CONFIG_NOSYSTEM": "1"}
        if (lfs := git_lfs()) is not None:
            self._env["PATH"] = os.pathsep.join((str(lfs.parent), os.environ.get("PATH", "")))
        self._git(work, "config", "--global", "user.name", "A publisher")
        self._git(work, "config", "--global", "user.email", "publisher@example.org")
        self._git(work, "lfs", "install", "--skip-repo")

    def served(self, repo_id: str) -> Path:
        """Return the folder of a repository."""
        return self._olah.mirrors / repo_id

    def large(self, repo_id: str) -> list[str]:
        """Return the names of the files that the served repository keeps in LFS."""
        return sorted(self._git(self.served(repo_id), "lfs", "ls-files", "--name-only").split())

    def _git(self, folder: Path, *words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=folder, env=self._env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"git {' '.join(words)}: {done.stderr}")
        return done.stdout

    def _create_repo(self, given: dict[str, Any]) -> None:
        place = self.served(given["repo_id"])
        if place.exists() and given["exist_ok"]:
            return
        place.mkdir(parents=True)
        self._git(place, "init", "-q", "-b", "main")
        self._git(place, "config", "receive.denyCurrentBranch", "updateInstead")
        (place / ".gitattributes").write_text(_LARGE)
        self._git(place, "add", "-A")
        self._git(place, "commit", "-qm", "initial commit")

    def _snapshot_download(self, given: dict[str, Any]) -> str:
        return str(HfApi(endpoint=self._olah.url).snapshot_download(**_named(given)))

    def _upload_folder(self, given: dict[str, Any]) -> None:
        clone = self._work / "clone"
        shutil.rmtree(clone, ignore_errors=True)
        self._git(self._work, "clone", "-q", self.served(given["repo_id"]).as_uri(), str(clone))
        hidden = shutil.ignore_patterns(*(each.removesuffix("/**") for each in given["ignore_patterns"]))
        shutil.copytree(given["folder_path"], clone, dirs_exist_ok=True, ignore=hidden)
        self._git(clone, "add", "-A")
        self._git(clone, "commit", "-qm", given["commit_message"])
        self._git(clone, "push", "-q", "origin", "main")

    def _create_tag(self, given: dict[str, Any]) -> None:
        self._git(self._work / "clone", "tag", "-a", given["tag"], "-m", given["tag_message"])
        self._git(self._work / "clone", "push", "-q", "origin", given["tag"])


def _named(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name != "self"}


class Olah:
    """The program olah, serving repositories on loopback while this context lasts.

    Attributes:
        mirrors: The folder of the repositories that are models.
        url: Its address.
    """

    def __init__(self, work: Path) -> None:
        self._work = work
        self.mirrors = work / "mirrors" / "models"
        self.mirrors.mkdir(parents=True)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        (work / "olah.toml").write_text(_CONFIG.format(port=self._port, work=work))

    def __enter__(self) -> Self:
        with (self._work / "olah.log").open("wb") as log:
            self._process = subprocess.Popen(
                [str(olah()), "-c", "olah.toml"], cwd=self._work, stdout=log, stderr=subprocess.STDOUT
            )
        for _ in range(600):
            try:
                with socket.create_connection(("127.0.0.1", self._port), 1):
                    return self
            except OSError:
                if self._process.poll() is not None:
                    break
                time.sleep(0.1)
        self.__exit__(None, None, None)
        raise RuntimeError((self._work / "olah.log").read_text()[-2000:])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(30)


class AsAHubAnswers(BaseHTTPRequestHandler):
    """Hands on to olah, and says 404 of a file that is not there, as a hub does: olah 0.5.4 says 500."""

    url: str

    def do_GET(self) -> None:
        asked = {"Range": self.headers["Range"]} if self.headers["Range"] else {}
        request = urllib.request.Request(self.url + self.path, headers=asked)
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
                status, body = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, body = 404 if error.code == 500 else error.code, b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return
