"""What can go wrong with updates: each refusal has a class, and none leaves a device without a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgewise.errors import EdgewiseError
from edgewise_runtimes.errors import listing


class UpdateError(EdgewiseError):
    """An update was not published, not taken, or not kept."""


class SourceError(UpdateError, ValueError):
    """What was given as a source of updates is none.

    Attributes:
        given: What was given.
        reason: What is wrong with it.
    """

    def __init__(self, given: object, reason: str) -> None:
        self.given = str(given)
        self.reason = reason
        super().__init__(
            f"{self.given!r} is no source of updates: {reason.rstrip('.')}. "
            "Give a folder, an https:// address, or hf:organisation/repository."
        )


class SourceAwayError(UpdateError, ConnectionError):
    """The source cannot be reached, or does not answer as a source does.

    Attributes:
        what: The address asked for.
        reason: What happened.
    """

    def __init__(self, what: str, reason: str) -> None:
        self.what = what
        self.reason = reason
        super().__init__(
            f"{what} cannot be fetched: {reason.rstrip('.')}. The models here stay as they are; "
            "try again later."
        )


class SourceStatusError(SourceAwayError):
    """The source answered with a status that is no success.

    Attributes:
        status: The HTTP status.
        retry_after: Seconds after which the server wants to be asked again; None when it does not say.
    """

    def __init__(self, what: str, status: int, retry_after: float | None = None) -> None:
        self.status = status
        self.retry_after = retry_after
        super().__init__(what, f"the server answers {status}")


class RedirectRefusedError(SourceAwayError):
    """The source sends elsewhere, to a place that was not agreed on.

    Attributes:
        target: Where it sends to.
    """

    def __init__(self, what: str, target: str) -> None:
        self.target = target
        super().__init__(what, f"it sends to {target}, which is not a place that was agreed on")


class CertificateRefusedError(SourceAwayError):
    """The server's certificate does not hold, or the authorities to check it with cannot be read."""


class TrustError(UpdateError, ValueError):
    """There is no root of trust, or it cannot be used.

    Attributes:
        reason: What is wrong.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"There is no root of trust to check updates with: {reason.rstrip('.')}. "
            "Give the root.json of whoever publishes the models, obtained by a way you trust."
        )


class MetadataRefusedError(UpdateError, ValueError):
    """The source's signed metadata are refused: forged, expired, replayed, or not whole.

    Attributes:
        reason: What the check found.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"The source's signed metadata are refused: {reason.rstrip('.')}. The models here stay as they "
            "are; tell whoever publishes them."
        )


class TargetRefusedError(UpdateError, ValueError):
    """A published file is not what the signed metadata promise.

    Attributes:
        file: The file.
        reason: What is wrong with it.
    """

    def __init__(self, file: str, reason: str) -> None:
        self.file = file
        self.reason = reason
        super().__init__(
            f"The published file {file!r} is refused: {reason.rstrip('.')}. The models here stay as they "
            "are; try again, or tell whoever publishes them."
        )


class UnknownRevisionError(UpdateError, LookupError):
    """The source has no such model or version.

    Attributes:
        wanted: What was asked for.
        known: What there is.
    """

    def __init__(self, wanted: str, known: Sequence[str]) -> None:
        self.wanted = wanted
        self.known = tuple(known)
        super().__init__(f"{wanted!r} is not published there. There is {listing(self.known)}.")


class NotInstalledError(UpdateError, LookupError):
    """The store has no such model or version.

    Attributes:
        wanted: What was asked for.
        known: What is installed.
    """

    def __init__(self, wanted: str, known: Sequence[str]) -> None:
        self.wanted = wanted
        self.known = tuple(known)
        super().__init__(
            f"{wanted!r} is not installed here. Installed: {listing(self.known)}. "
            "`edgewise models pull` fetches models."
        )


class ModelNameError(NotInstalledError, ValueError):
    """Something is neither the name of a model nor `name@version`."""

    def __init__(self, wanted: str) -> None:
        super().__init__(wanted, ())
        self.args = (f"{wanted!r} names no model. Write its name in small letters, or as in base@1.4.",)


class DoesNotFitError(UpdateError, RuntimeError):
    """A published model does not fit this device.

    Attributes:
        model: Its name and version.
        reason: Why not.
    """

    def __init__(self, model: str, reason: str) -> None:
        self.model = model
        self.reason = reason
        super().__init__(f"{model} does not fit this device: {reason.rstrip('.')}. It was not fetched.")


class OlderRevisionError(UpdateError, ValueError):
    """The source offers a model older than the one in use, and nobody signed that as a way back.

    Attributes:
        offered: Name and version offered.
        active: The version in use.
    """

    def __init__(self, offered: str, active: str) -> None:
        self.offered = offered
        self.active = active
        super().__init__(
            f"{offered} is older than {active}, which is in use, and is not signed as a way back. It was not "
            "taken. Ask for the version by name if you want it."
        )


class RefusedBeforeError(UpdateError, RuntimeError):
    """A model failed on this device before and is not taken again.

    Attributes:
        model: Its name and version.
        reason: How it failed.
    """

    def __init__(self, model: str, reason: str) -> None:
        self.model = model
        self.reason = reason
        super().__init__(
            f"{model} failed on this device before: {reason.rstrip('.')}. It is not taken again; "
            "`edgewise models use` takes it all the same when it is installed."
        )


class PreflightError(UpdateError, RuntimeError):
    """A fetched model failed its trial on this device; it was not activated.

    Attributes:
        model: Its name and version.
        reason: How it failed.
    """

    def __init__(self, model: str, reason: str) -> None:
        self.model = model
        self.reason = reason
        super().__init__(
            f"{model} failed its trial on this device: {reason.rstrip('.')}. The model in use stays, "
            "and this one is not taken again."
        )


class StoreBusyError(UpdateError, BlockingIOError):
    """Another process works on the store.

    Attributes:
        folder: The store.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = str(folder)
        super().__init__(f"Another process is changing the models in {self.folder}. Wait until it is done.")


class StoreWriteError(UpdateError, OSError):
    """The store cannot be written to.

    Attributes:
        path: What was to be written.
        reason: What the system said.
    """

    def __init__(self, path: Path | str, reason: str) -> None:
        self.path = str(path)
        self.reason = reason
        super().__init__(
            f"{self.path} cannot be written: {reason.rstrip('.')}. The model in use stays. "
            "Make room, or name a store that may be written to; what was fetched so far is kept."
        )


class PublishError(UpdateError, ValueError):
    """A bundle is not published.

    Attributes:
        model: Name and version, or the folder.
        reason: Why not.
    """

    def __init__(self, model: str, reason: str) -> None:
        self.model = model
        self.reason = reason
        super().__init__(f"{model} was not published: {reason.rstrip('.')}. See docs/updates.md.")


class KeyFileError(UpdateError, ValueError):
    """A key cannot be used.

    Attributes:
        path: The file or folder.
        reason: What is wrong with it.
    """

    def __init__(self, path: Path | str, reason: str) -> None:
        self.path = str(path)
        self.reason = reason
        super().__init__(f"The key {self.path} cannot be used: {reason.rstrip('.')}. See docs/updates.md.")


class PackageFileError(UpdateError, ValueError):
    """A file made by `models export` is refused.

    Attributes:
        path: The file.
        reason: What is wrong with it.
    """

    def __init__(self, path: Path | str, reason: str) -> None:
        self.path = str(path)
        self.reason = reason
        super().__init__(f"{self.path} is refused: {reason.rstrip('.')}. Export it again from its source.")
