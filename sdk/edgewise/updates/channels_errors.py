"""What channels, experiments and the device's id refuse."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgewise.updates.errors import UpdateError
from edgewise_runtimes.errors import listing


class ChannelError(UpdateError):
    """Root of everything that channels and experiments refuse."""


class ChannelsFileError(ChannelError, ValueError):
    """A `channels.json` does not say what its format asks for.

    Attributes:
        path: What the file is called.
        problem: The field and what is wrong with it.
    """

    def __init__(self, path: object, problem: str) -> None:
        self.path = str(path)
        self.problem = problem.rstrip(".")
        super().__init__(
            f"The channels in {self.path} cannot be used: {self.problem}. "
            "See docs/experiments.md for every field; nothing of the file was taken."
        )


class ChannelsVersionError(ChannelError, ValueError):
    """A `channels.json` has a format that this reader does not know.

    Attributes:
        found: The format version in the file.
        supported: The format versions this reader knows.
    """

    def __init__(self, found: object, supported: Sequence[int]) -> None:
        self.found = found
        self.supported = tuple(supported)
        known = ", ".join(str(version) for version in self.supported)
        super().__init__(
            f"The channels have format version {found!r}, this edgewise reads {known}. Upgrade edgewise."
        )


class SharesError(ChannelError, ValueError):
    """The shares of an experiment's arms make no sense.

    Attributes:
        experiment: The experiment.
        problem: What is wrong with them.
    """

    def __init__(self, experiment: str, problem: str) -> None:
        self.experiment = experiment
        self.problem = problem.rstrip(".")
        super().__init__(
            f"The shares of experiment {experiment!r} cannot be used: {self.problem}. "
            "Give each arm a share above 0, in steps of 0.0001, 1 at most for all together."
        )


class _NotThereError(ChannelError, KeyError):
    """A name was asked for that is not in the channels."""

    _what = "entry"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        self.known = tuple(known)
        there = f"There are {listing(self.known)}." if self.known else "There is none at all."
        super().__init__(f"There is no {self._what} {name!r}. {there}")

    def __str__(self) -> str:
        """Return the message as it is: `KeyError` would put it in quotes."""
        return str(self.args[0])

    def __reduce__(self) -> tuple[type, tuple[str, tuple[str, ...]]]:
        return type(self), (self.name, self.known)


class UnknownChannelError(_NotThereError):
    """There is no channel of that name.

    Attributes:
        name: What was asked for.
        known: The channels there are.
    """

    _what = "channel"


class UnknownExperimentError(_NotThereError):
    """There is no experiment of that name.

    Attributes:
        name: What was asked for.
        known: The experiments there are.
    """

    _what = "experiment"


class UnknownArmError(_NotThereError):
    """An experiment has no arm of that name.

    Attributes:
        name: What was asked for.
        known: The arms it has.
    """

    _what = "arm"


class UnknownChannelModelError(_NotThereError):
    """A channel has no version of the model that was asked for.

    Attributes:
        name: The model that was asked for.
        known: The models the channel has, `name@version`.
        channel: The channel.
    """

    _what = "model"

    def __init__(self, name: str, known: Sequence[str], channel: str) -> None:
        self.channel = channel
        super().__init__(name, known)
        self.args = (f"The channel {channel!r} has no model {name!r}; it has {listing(self.known)}.",)

    def __reduce__(self) -> tuple[type, tuple[str, tuple[str, ...], str]]:  # type: ignore[override]
        return type(self), (self.name, self.known, self.channel)


class ChannelTargetError(ChannelError, LookupError):
    """A channel or an arm names a version that is not published.

    Attributes:
        model: `name@version`.
        where: The channel, or `experiment/arm`.
        known: The versions of that name that are published.
    """

    def __init__(self, model: str, where: str, known: Sequence[str]) -> None:
        self.model = model
        self.where = where
        self.known = tuple(known)
        there = f"Published are {listing(self.known)}." if self.known else "No version is published."
        super().__init__(f"{where} leads to {model}, which is not there. {there}")


class DeviceIdError(ChannelError, OSError):
    """The id of this device cannot be written.

    Attributes:
        path: Its file.
        reason: What the system said.
    """

    def __init__(self, path: Path | str, reason: str) -> None:
        self.path = str(path)
        self.reason = reason.rstrip(".")
        super().__init__(
            f"The device id cannot be kept in {self.path}: {self.reason}. The old id, if there was one, is "
            "still in use; name a folder that can be written to."
        )


class ShadowError(ChannelError, ValueError):
    """Shadow mode was given something that makes no sense.

    Attributes:
        name: The setting.
        value: What was given.
        wanted: What belongs there.
    """

    def __init__(self, name: str, value: object, wanted: str) -> None:
        self.name = name
        self.value = value
        self.wanted = wanted
        super().__init__(f"Shadow mode cannot work with {name} {value!r}. Give {wanted}.")


class ChallengerError(ChannelError, RuntimeError):
    """The challenger of shadow mode did not answer; the champion's answers are as they were.

    Attributes:
        reason: What happened.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason.rstrip(".")
        super().__init__(f"The challenger did not answer: {self.reason}. It is counted as failing.")
