"""What can be wrong with a bundle, one error a refusal. `edgewise.errors` hands them on."""

from __future__ import annotations

from collections.abc import Sequence

from edgewise_runtimes.errors import EdgewiseError, listing


class BundleError(EdgewiseError):
    """Something is wrong with a model bundle; it was not loaded."""


class BundleNotFoundError(BundleError, FileNotFoundError):
    """There is no bundle of that name, and no folder at that path.

    Attributes:
        name: The name or path asked for.
        known: Names of the bundles inside the package.
    """

    def __init__(self, name: str, known: Sequence[str] = ()) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(
            f"There is no bundle {name!r}: it is neither in the package nor a folder. "
            f"In the package: {listing(self.known)}."
        )


class ManifestError(BundleError, ValueError):
    """A manifest does not say what format version 1 asks for.

    Attributes:
        path: The manifest.
        problem: The field and what is wrong with it.
    """

    def __init__(self, path: object, problem: str) -> None:
        self.path = str(path)
        self.problem = problem
        super().__init__(
            f"The manifest {self.path} cannot be used: {problem.rstrip('.')}. "
            "See docs/bundle.md for every field, and pack the bundle again."
        )


class ManifestSyntaxError(ManifestError):
    """A manifest is not plain JSON: bad syntax, no object, a repeated key, NaN, or nested too deep."""


class ManifestTooLargeError(ManifestError):
    """A manifest is larger than a reader is willing to parse.

    Attributes:
        limit: The limit in bytes.
    """

    def __init__(self, path: object, limit: int) -> None:
        self.limit = limit
        super().__init__(path, f"it is larger than {limit} bytes")


class FormatVersionError(BundleError, ValueError):
    """A bundle has a format this reader does not know.

    Attributes:
        found: The format version in the manifest.
        supported: The format versions this reader knows.
    """

    def __init__(self, found: object, supported: Sequence[int]) -> None:
        self.found = found
        self.supported = tuple(supported)
        known = ", ".join(str(version) for version in self.supported)
        super().__init__(
            f"The bundle has format version {found!r}, this edgewise reads {known}. "
            "Upgrade edgewise, or use a bundle made for this version."
        )


class SdkVersionError(BundleError, RuntimeError):
    """A bundle needs a newer edgewise.

    Attributes:
        needed: The least version that can use it.
        have: The version in use.
    """

    def __init__(self, needed: str, have: str) -> None:
        self.needed = needed
        self.have = have
        super().__init__(f"The bundle needs edgewise {needed} or newer, this is {have}. Upgrade edgewise.")


class FileMissingError(BundleError, FileNotFoundError):
    """A file that the manifest names is not in the bundle.

    Attributes:
        file: Its name inside the bundle.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        super().__init__(
            f"The bundle has no file {file!r}: the copy is incomplete. Fetch or pack the bundle again."
        )


class FileUnreadableError(BundleError, OSError):
    """The system refuses to read a file of the bundle.

    Attributes:
        file: Its name inside the bundle.
        reason: What the system said.
    """

    def __init__(self, file: str, reason: str) -> None:
        self.file = file
        self.reason = reason
        super().__init__(
            f"The file {file!r} of the bundle cannot be read: {reason.rstrip('.')}. "
            "Check who may read it and whether the disk is in order."
        )


class FileHashError(BundleError, ValueError):
    """A file's bytes are not the ones the manifest promises.

    Attributes:
        file: Its name inside the bundle.
        expected: The sha256 in the manifest.
        found: The sha256 of the bytes.
    """

    def __init__(self, file: str, expected: str, found: str) -> None:
        self.file = file
        self.expected = expected
        self.found = found
        super().__init__(
            f"The file {file!r} has sha256 {found}, the manifest says {expected}: it was damaged or changed. "
            "Fetch or pack the bundle again."
        )


class FileSizeError(BundleError, ValueError):
    """A file is larger than the reader accepts.

    Attributes:
        file: Its name inside the bundle.
        size: Its size in bytes.
        limit: The limit in bytes.
    """

    def __init__(self, file: str, size: int, limit: int) -> None:
        self.file = file
        self.size = size
        self.limit = limit
        super().__init__(
            f"The file {file!r} has {size} bytes, the limit is {limit}. "
            "Use a smaller model, or open the bundle with a higher max_file_bytes if you trust it."
        )


class FileSizeMismatchError(BundleError, ValueError):
    """A file has another size than the manifest promises.

    Attributes:
        file: Its name inside the bundle.
        expected: The size in the manifest, in bytes.
        found: The size on disk, in bytes.
    """

    def __init__(self, file: str, expected: int, found: int) -> None:
        self.file = file
        self.expected = expected
        self.found = found
        super().__init__(
            f"The file {file!r} has {found} bytes, the manifest says {expected}: it was cut or changed. "
            "Fetch or pack the bundle again."
        )


class PathEscapeError(BundleError, ValueError):
    """A file name leaves the bundle, or is not a plain file inside it.

    Attributes:
        file: The name in the manifest.
        reason: What is wrong with it.
    """

    def __init__(self, file: str, reason: str = "it leads out of the bundle folder") -> None:
        self.file = file
        self.reason = reason
        super().__init__(
            f"The file name {file!r} is refused: {reason.rstrip('.')}. "
            "A bundle holds plain files under its own folder and no links; use one from a source you trust."
        )


class MissingLabelsError(BundleError, ValueError):
    """A task in a manifest has no labels.

    Attributes:
        model: The model's name in the manifest.
        task: The task.
    """

    def __init__(self, model: str, task: str) -> None:
        self.model = model
        self.task = task
        super().__init__(
            f"The task {task!r} of model {model!r} lists no labels, so its outputs cannot be named. "
            "Pack the bundle again with the labels in the order of the outputs."
        )


class DuplicateLabelsError(BundleError, ValueError):
    """A task in a manifest lists a label twice.

    Attributes:
        model: The model's name in the manifest.
        task: The task.
        label: The repeated label.
    """

    def __init__(self, model: str, task: str, label: str) -> None:
        self.model = model
        self.task = task
        self.label = label
        super().__init__(
            f"The task {task!r} of model {model!r} lists the label {label!r} twice. "
            "Pack the bundle again with one label for each output."
        )


class UnknownRouteError(BundleError, ValueError):
    """A route leads to a model that the bundle does not have.

    Attributes:
        route: The route in the manifest.
        target: The model it names.
        known: The models the bundle has.
    """

    def __init__(self, route: str, target: str, known: Sequence[str]) -> None:
        self.route = route
        self.target = target
        self.known = tuple(known)
        super().__init__(
            f"The route {route} leads to the model {target!r}, which the bundle does not have. "
            f"It has {listing(self.known)}; pack the bundle again."
        )


class SignatureError(BundleError, ValueError):
    """A bundle's signature is missing or does not fit.

    Attributes:
        reason: What is wrong with it.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"The bundle's signature is refused: {reason.rstrip('.')}. Fetch it again from its source."
        )
