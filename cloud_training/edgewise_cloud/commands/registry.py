"""`edgewise registry`: which models there are, which one is champion, and how to change that."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgewise.cli.show import show, show_json, table, tell
from edgewise.errors import EdgewiseError, MissingExtraError

if TYPE_CHECKING:
    from edgewise_cloud.registry import Difference, Registry, Version

if importlib.util.find_spec("mlflow") is None:
    # Importing it here would cost seconds.
    raise MissingExtraError("track", "The command 'registry'")

_FOLDER = click.Path(path_type=Path, file_okay=False)
_URL = ("EDGEWISE_TRACKING", "MLFLOW_TRACKING_URI")
_url = click.option(
    "--url",
    envvar=list(_URL),
    show_envvar=True,
    help="MLflow server or database; the default is the file edgewise-mlflow.db in the current folder.",
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class UnsentError(EdgewiseError, ConnectionError):
    """A spool could not be sent.

    Attributes:
        rest: What is left, in words.
    """

    def __init__(self, rest: str) -> None:
        self.rest = rest
        super().__init__(rest)


class GatesFileError(EdgewiseError, ValueError):
    """A file is no report of gates.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} is no report of gates. Give the file that `edgewise gate --json` wrote.")


def _common(command: Callable[..., None]) -> Callable[..., None]:
    return _url(_as_json(command))


def _open(url: str | None) -> Registry:
    from edgewise_cloud.registry import Registry

    return Registry(url)


@click.group(short_help="Show, compare, promote and fetch registered models.")
def registry() -> None:
    """Show, compare, promote and fetch registered models.

    \b
      edgewise registry list
      edgewise registry diff teacher-english champion challenger
      edgewise registry promote teacher-english challenger
      edgewise registry rollback teacher-english
      edgewise registry fetch teacher-english champion --to runs/champion

    A version is promoted only if its gates passed. Versions are named by number or alias.
    """  # noqa: D301 - click wants the character that \b stands for


@registry.command("list", short_help="Show models and their versions.")
@click.argument("name", required=False)
@_common
def list_versions(name: str | None, url: str | None, as_json: bool) -> None:
    """Show all versions, of NAME or of every model, the newest first."""
    versions = _open(url).list(name)
    if as_json:
        show_json([each.to_dict() for each in versions])
    elif versions:
        show(_versions(versions))
    else:
        tell("No model is registered here.")


@registry.command(short_help="Make a version the champion.")
@click.argument("name")
@click.argument("version")
@_common
def promote(name: str, version: str, url: str | None, as_json: bool) -> None:
    """Make VERSION of NAME the champion; refused unless its gates passed."""
    _done(_open(url).promote(name, version), "is the champion", as_json)


@registry.command(short_help="Go back to the former champion.")
@click.argument("name")
@_common
def rollback(name: str, url: str | None, as_json: bool) -> None:
    """Make the former champion of NAME champion again; repeated, it goes further back."""
    _done(_open(url).rollback(name), "is the champion again", as_json)


@registry.command(short_help="Compare two versions.")
@click.argument("name")
@click.argument("a")
@click.argument("b")
@_common
def diff(name: str, a: str, b: str, url: str | None, as_json: bool) -> None:
    """Put the figures of two versions of NAME side by side, and the parameters in which they differ."""
    found = _open(url).diff(name, a, b)
    if as_json:
        show_json(found.to_dict())
    else:
        show(_difference(found))


@registry.command(short_help="Bring the files of a version here.")
@click.argument("name")
@click.argument("version", default="champion")
@click.option("--to", type=_FOLDER, required=True, help="Folder for the files; must be empty or not there.")
@_common
def fetch(name: str, version: str, to: Path, url: str | None, as_json: bool) -> None:
    """Bring the files of VERSION (the champion if none is named) here, each compared with its sha256."""
    opened = _open(url)
    found = opened.version(name, version)
    opened.fetch(name, found.version, to)
    if as_json:
        show_json({**found.to_dict(), "folder": str(to)})
    else:
        show(f"{name} version {found.version} lies in {to}.")


@registry.command(short_help="Register the folder of a model by hand.")
@click.argument("name")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--run", "run_id", help="Id of the run that made it.")
@click.option(
    "--gates", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="Report of its gates."
)
@_common
def add(
    name: str, folder: Path, run_id: str | None, gates: Path | None, url: str | None, as_json: bool
) -> None:
    """Register FOLDER as a new version of NAME, such as after a training whose server was away at its end.

    Without --gates (the JSON file of `edgewise gate`) the version can never be promoted.
    """
    outcome = None if gates is None else _outcome(gates)
    _done(_open(url).register(name, folder, run_id, outcome), "is registered", as_json)


@registry.command(short_help="Send what a run could not track.")
@click.argument("spool", type=_FOLDER)
@click.option("--url", envvar="EDGEWISE_TRACKING", help="Where the server is now, if it has moved.")
@click.option(
    "--patience", type=click.FloatRange(min=0), default=30.0, show_default=True, help="Seconds to try."
)
def sync(spool: Path, url: str | None, patience: float) -> None:
    """Send what is left in SPOOL, the folder in which a run kept what its tracking server did not take."""
    from edgewise_cloud.tracking import send, tracking_url

    if rest := send(spool, tracking_url(url) if url else None, patience):
        raise UnsentError(str(rest))
    show(f"Everything in {spool} has been sent.")


class _Outcome:
    """A report of gates from a file."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self._facts = facts

    @property
    def passed(self) -> bool:
        return self._facts["passed"] is True

    def to_dict(self) -> dict[str, Any]:
        return self._facts


def _outcome(path: Path) -> _Outcome:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise GatesFileError(path) from error
    if not isinstance(facts, dict) or not isinstance(facts.get("passed"), bool):
        raise GatesFileError(path)
    return _Outcome(facts)


def _done(version: Version, what: str, as_json: bool) -> None:
    if as_json:
        show_json(version.to_dict())
    else:
        also = f" (gate {version.gate}{', ' if version.aliases else ''}{', '.join(version.aliases)})"
        show(f"{version.name} version {version.version} {what}{also}.")


def _versions(versions: Sequence[Version]) -> str:
    head = ["model", "version", "gate", "aliases", "registered", "files", "run"]
    rows = [
        [
            each.name,
            str(each.version),
            each.gate,
            " ".join(each.aliases),
            each.created.replace("T", " ").removesuffix("+00:00"),
            each.digest[:12],
            each.run_id[:12],
        ]
        for each in versions
    ]
    return table(head, rows, right=["version"])


def _difference(found: Difference) -> str:
    names = [_title(each) for each in (found.a, found.b)]
    parts = []
    if found.metrics:
        rows = [[name, _figure(a), _figure(b), _change(a, b)] for name, (a, b) in found.metrics.items()]
        parts.append(table(["metric", *names, "change"], rows, right=[*names, "change"]))
    if found.params:
        told = [[name, a or "", b or ""] for name, (a, b) in found.params.items()]
        parts.append(table(["parameter", *names], told))
    return "\n\n".join(parts) or f"{names[0]} and {names[1]}: no figures, and no parameter differs."


def _title(version: Version) -> str:
    return f"{version.version} {' '.join(version.aliases)}".strip()


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _change(a: float | None, b: float | None) -> str:
    return "" if a is None or b is None else f"{b - a:+.4f}"
