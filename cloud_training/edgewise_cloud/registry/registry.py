"""The registry of models: versions, gates, champion and challenger, and the way back."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edgewise_cloud.registry.client import ask, failures_of, known_run, open_client, untracked_run
from edgewise_cloud.registry.errors import (
    GateNotPassedError,
    ModelNameError,
    NoFormerChampionError,
    UnknownModelError,
    UnknownVersionError,
)
from edgewise_cloud.registry.files import digest, hashes_of
from edgewise_cloud.registry.store import download, record_of, source_of, upload
from edgewise_cloud.registry.version import (
    CHALLENGER,
    CHAMPION,
    DIGEST,
    GATE,
    HISTORY,
    PASSED,
    PLACE,
    Difference,
    GateOutcome,
    Version,
    as_version,
    gate_of,
    history_of,
)
from edgewise_cloud.tracking.base import UNTRACKED
from edgewise_cloud.tracking.names import checked
from edgewise_cloud.tracking.urls import tracking_url

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import RegisteredModel

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_REMEMBERED = 200
_STILL_THERE = 5.0  # seconds


class Registry:
    """MLflow's model registry, with gates before a promotion and a history behind it.

    Every method may raise `RegistryAwayError`: the store cannot be reached.
    """

    def __init__(self, url: str | None = None) -> None:
        """Remember the address; the store is opened at the first call.

        Args:
            url: As for `open_tracker`; None for the SQLite file in the current folder.

        Raises:
            TrackingUrlError: It is no address.
        """
        self._url = tracking_url(url)
        self._opened: MlflowClient | None = None
        self._asked = 0.0

    @property
    def _client(self) -> MlflowClient:
        """The client of a store that answered a moment ago."""
        if time.monotonic() - self._asked > _STILL_THERE:
            ask(self._url)
        self._asked = time.monotonic()
        if self._opened is None:
            self._opened = open_client(self._url)
        return self._opened

    def register(
        self,
        name: str,
        folder: Path,
        run_id: str | None,
        gates: GateOutcome | None = None,
        metrics: Mapping[str, float] | None = None,
    ) -> Version:
        """Register a folder as a new version; one that passed its gates becomes the challenger.

        The same files of the same run with the same outcome are registered once, however often that is asked.

        Args:
            name: Of the model, such as "teacher-english".
            folder: All its files go among the artifacts of the run.
            run_id: The run that made it; None, or the id of a run that was not tracked, for none.
            gates: What its gates found; None if it has not been through any, which bars it from promotion.
            metrics: Figures to compare versions by.

        Raises:
            ModelNameError: The name is none.
            ModelFolderError: The folder has no files.
            MetricError: A figure is none that MLflow takes.
            UnknownRunError: The store has no such run.
        """
        if not _NAME.fullmatch(name):
            raise ModelNameError(name)
        figures = checked(metrics or {})
        hashes = hashes_of(folder)
        tags = {GATE: gate_of(gates), DIGEST: digest(hashes)}
        place = tags[PLACE] = f"models/{name}/{tags[DIGEST][:16]}-{tags[GATE]}"
        tracked = run_id is not None and not run_id.startswith(UNTRACKED)
        with failures_of(self._url):
            run = known_run(self._client, run_id) if run_id and tracked else None
            if found := self._same(name, run, tags):
                return self._challenged(found)
            run = run or untracked_run(self._client, self._url)
            record = {
                "files": hashes,
                "gates": None if gates is None else gates.to_dict(),
                "metrics": figures,
                "name": name,
            }
            upload(self._client, run, folder, place, record)
            source = source_of(self._client.get_run(run).info.artifact_uri, place)
            if all(model.name != name for model in self._models()):
                self._client.create_registered_model(name)
            made = self._client.create_model_version(name, source, run, tags)
            return self._challenged(self.version(name, made.version))

    def list(self, name: str | None = None) -> tuple[Version, ...]:
        """Return the versions of a model, or of all models, the newest first.

        Raises:
            UnknownModelError: There is no such model.
        """
        with failures_of(self._url):
            models = self._models() if name is None else [self._model(name)]
            return tuple(version for model in models for version in self._versions(model))

    def version(self, name: str, which: str | int) -> Version:
        """Return one version.

        Args:
            name: Of the model.
            which: Its number or an alias.

        Raises:
            UnknownModelError: There is no such model.
            UnknownVersionError: It has no such version.
        """
        with failures_of(self._url):
            versions = self._versions(self._model(name))
            for each in versions:
                if str(which) == str(each.version) or str(which) in each.aliases:
                    return each
            known = [alias for each in versions for alias in each.aliases]
            raise UnknownVersionError(name, str(which), [*known, *(str(each.version) for each in versions)])

    def promote(self, name: str, version: str | int) -> Version:
        """Make a version the champion; the champion before it is remembered.

        Raises:
            UnknownModelError: There is no such model.
            UnknownVersionError: It has no such version.
            GateNotPassedError: The version has not passed its gates.
        """
        with failures_of(self._url):
            chosen = self.version(name, version)
            if chosen.gate != PASSED:
                raise GateNotPassedError(name, chosen.version, chosen.gate)
            model = self._model(name)
            champion = model.aliases.get(CHAMPION)
            if champion is not None and int(champion) == chosen.version:
                return chosen
            if champion is not None:
                # The history first: if this process is killed in between, it ends with the champion itself,
                # which a rollback passes over.
                self._remember(name, [*history_of(model.tags), int(champion)])
            self._client.set_registered_model_alias(name, CHAMPION, str(chosen.version))
            if int(model.aliases.get(CHALLENGER, 0)) == chosen.version:
                self._client.delete_registered_model_alias(name, CHALLENGER)
            return self.version(name, chosen.version)

    def rollback(self, name: str) -> Version:
        """Make the former champion champion again; repeated, it goes on to the one before.

        Raises:
            UnknownModelError: There is no such model.
            NoFormerChampionError: There is none to go back to.
        """
        with failures_of(self._url):
            model = self._model(name)
            there = {each.version for each in self._versions(model)}
            past = list(history_of(model.tags))
            now = int(model.aliases.get(CHAMPION, 0))
            while past and (past[-1] == now or past[-1] not in there):
                past.pop()
            if not past:
                raise NoFormerChampionError(name)
            # The alias first, for the same reason: the history then ends with the champion.
            self._client.set_registered_model_alias(name, CHAMPION, str(past[-1]))
            self._remember(name, past[:-1])
            return self.version(name, past[-1])

    def challenge(self, name: str, version: str | int) -> Version:
        """Make a version the challenger.

        Raises:
            UnknownModelError: There is no such model.
            UnknownVersionError: It has no such version.
            GateNotPassedError: The version has not passed its gates.
        """
        with failures_of(self._url):
            chosen = self.version(name, version)
            if chosen.gate != PASSED:
                raise GateNotPassedError(name, chosen.version, chosen.gate)
            self._client.set_registered_model_alias(name, CHALLENGER, str(chosen.version))
            return self.version(name, chosen.version)

    def history(self, name: str) -> tuple[int, ...]:
        """Return the former champions that a rollback goes back to, the last one last."""
        with failures_of(self._url):
            return history_of(self._model(name).tags)

    def diff(self, name: str, a: str | int, b: str | int) -> Difference:
        """Put the figures of two versions, and what their runs were told, side by side.

        Args:
            name: Of the model.
            a: Number or alias of the first.
            b: Number or alias of the second.

        Raises:
            UnknownModelError: There is no such model.
            UnknownVersionError: It has no such version.
        """
        first, second = self.version(name, a), self.version(name, b)
        with failures_of(self._url):
            runs = [
                self._client.get_run(each.run_id).data if each.run_id else None for each in (first, second)
            ]
            figures = [
                record_of(self._client, each).get("metrics") or (dict(run.metrics) if run else {})
                for each, run in zip((first, second), runs, strict=True)
            ]
        told = [dict(run.params) if run else {} for run in runs]
        return Difference(
            first,
            second,
            {
                name: (figures[0].get(name), figures[1].get(name))
                for name in sorted({*figures[0], *figures[1]})
            },
            {
                name: (told[0].get(name), told[1].get(name))
                for name in sorted({*told[0], *told[1]})
                if told[0].get(name) != told[1].get(name)
            },
        )

    def fetch(self, name: str, which: str | int, to: Path) -> Path:
        """Bring the files of a version back, each compared with its sha256.

        Args:
            name: Of the model.
            which: Number or alias.
            to: Folder, made if it is not there; may not hold anything.

        Raises:
            UnknownModelError: There is no such model.
            UnknownVersionError: It has no such version.
            ModelFolderError: `to` holds something.
            FetchedFileError: The files are not those that were registered.
        """
        version = self.version(name, which)
        with failures_of(self._url):
            return download(self._client, version, to)

    def _models(self) -> Sequence[RegisteredModel]:
        found, token = [], None
        while True:
            page = self._client.search_registered_models(page_token=token)
            found += list(page)
            token = page.token
            if not token:
                return sorted(found, key=lambda model: str(model.name))

    def _model(self, name: str) -> RegisteredModel:
        models = self._models()
        for model in models:
            if model.name == name:
                return model
        raise UnknownModelError(name, [model.name for model in models])

    def _versions(self, model: RegisteredModel) -> tuple[Version, ...]:
        found, token = [], None
        while True:
            page = self._client.search_model_versions(f"name = '{model.name}'", page_token=token)
            found += [as_version(each, model.aliases) for each in page]
            token = page.token
            if not token:
                return tuple(sorted(found, key=lambda each: -each.version))

    def _same(self, name: str, run: str | None, tags: Mapping[str, str]) -> Version | None:
        """Return the version that these very files of this run already are; of any run where it has none."""
        models = [model for model in self._models() if model.name == name]
        for version in self._versions(models[0]) if models else ():
            same = all(version.tags.get(tag) == tags[tag] for tag in (DIGEST, GATE))
            if same and (run is None or run == version.run_id):
                return version
        return None

    def _challenged(self, version: Version) -> Version:
        """Make the newest version the challenger if it passed its gates and is not the champion."""
        newest = max(each.version for each in self._versions(self._model(version.name)))
        if version.gate != PASSED or version.version != newest or {CHAMPION, CHALLENGER} & {*version.aliases}:
            return version
        self._client.set_registered_model_alias(version.name, CHALLENGER, str(version.version))
        return self.version(version.name, version.version)

    def _remember(self, name: str, champions: Sequence[int]) -> None:
        self._client.set_registered_model_tag(name, HISTORY, json.dumps(champions[-_REMEMBERED:]))
